import { expect } from 'chai';
import { fewest } from './fewest.js';

describe('simulation: fewest', () => {
  const items = Array.from({ length: 40 }, (_, index) => index);
  const needs = (needed: readonly number[]) => (left: readonly number[]) =>
    Promise.resolve(needed.every((one) => left.includes(one)));

  for (const needed of [[], [17], [0, 39], [3, 4, 25]])
    it(`fewest: leaves what is needed (${needed.join(', ') || 'nothing'})`, async () => {
      expect(await fewest(items, needs(needed), 1_000)).to.deep.equal(needed);
    });

  it('fewest: ends after so many attempts, with what still fails', async () => {
    let attempts = 0;
    const left = await fewest(
      items,
      (some) => {
        attempts++;
        return needs([17])(some);
      },
      3,
    );
    expect(attempts).to.equal(3);
    expect(left).to.include(17);
    expect(left.length).to.be.lessThan(items.length);
  });
});
