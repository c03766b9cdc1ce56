import { expect } from 'chai';
import { RecordCache } from '../../../src/services/records/record-cache.js';

const record = (length: number) => ({ version: 1, op: 1, timeMs: 0, fields: new Map([['k', 'x'.repeat(length)]]) });

describe('record map: records in memory', () => {
  it('keeps to its bytes; what was used longest ago goes first', () => {
    const cache = new RecordCache(10_000);
    for (let number = 0; number < 4; number++) cache.set(number, record(1_000));
    cache.get(0);
    cache.set(4, record(1_000));
    expect([0, 1, 2, 3, 4].filter((number) => cache.get(number) !== undefined)).to.deep.equal([0, 2, 3, 4]);
    cache.set(0, record(2_000));
    expect(cache.bytes).to.be.at.most(10_000);
    cache.set(5, record(20_000));
    expect(cache.bytes).to.equal(0);
  });
});
