import { expect } from 'chai';
import fc from 'fast-check';
import { Distribution, Tally } from '../../src/base/distribution.js';

describe('distribution', () => {
  it('observe: each value counts up to the first bound that holds it, and beyond', () => {
    const distribution = new Distribution([1, 5, 10]);
    for (const value of [0, 1, 1.5, 5, 10, 11]) distribution.observe(value);
    distribution.observe(100, 2);
    expect(distribution.cumulative()).to.deep.equal([2, 4, 5, 8]);
    expect(distribution.sum).to.equal(228.5);
  });

  it('cumulative: equals a count of all values, for any values and bounds', () => {
    const rising = fc
      .uniqueArray(fc.integer({ min: 0, max: 1_000 }), { minLength: 1 })
      .map((all) => all.sort((a, b) => a - b));
    fc.assert(
      fc.property(rising, fc.array(fc.integer({ min: -5, max: 1_100 })), (bounds, values) => {
        const distribution = new Distribution(bounds);
        for (const value of values) distribution.observe(value);
        const counted = [...bounds, Infinity].map((bound) => values.filter((value) => value <= bound).length);
        expect(distribution.cumulative()).to.deep.equal(counted);
      }),
    );
  });

  it('tally: counts by name, 0 for what was never added', () => {
    const tally = new Tally();
    tally.add('ok');
    tally.add('ok', 2);
    tally.add('SOLD_OUT', 0);
    expect(tally.entries()).to.deep.equal([
      ['ok', 3],
      ['SOLD_OUT', 0],
    ]);
    expect(tally.of('NO_QUORUM')).to.equal(0);
  });
});
