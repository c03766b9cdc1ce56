import { expect } from 'chai';
import { op } from '../../src/base/numbers.js';
import { DurableTimes } from '../../src/runtime/durable-times.js';

describe('durable times', () => {
  it('an op: on disk by the moment of the batch that reached it; above the last one nothing is known', () => {
    const times = new DurableTimes();
    times.note(op(3), 1_000);
    times.note(op(5), 2_000);
    expect([1, 3, 4, 5, 6].map((at) => times.byMs(at))).to.deep.equal([1_000, 1_000, 2_000, 2_000, undefined]);
  });

  it('a log that is replaced from an op on: what was before keeps its times', () => {
    const times = new DurableTimes();
    times.note(op(3), 1_000);
    times.note(op(9), 2_000);
    times.forgetFrom(6);
    expect([2, 5, 6].map((at) => times.byMs(at))).to.deep.equal([1_000, 2_000, undefined]);
    times.note(op(7), 3_000);
    expect([5, 6, 7].map((at) => times.byMs(at))).to.deep.equal([2_000, 3_000, 3_000]);
    times.forgetFrom(1);
    expect(times.byMs(1)).to.equal(undefined);
  });

  it('a clock that is set back: times do not fall', () => {
    const times = new DurableTimes();
    times.note(op(1), 2_000);
    times.note(op(2), 1_000);
    expect(times.byMs(2)).to.equal(2_000);
  });

  it('very many batches: old ones are told later than they were, never earlier', () => {
    const times = new DurableTimes();
    for (let at = 1; at <= 100_000; at++) times.note(op(at), at);
    for (let at = 1; at <= 100_000; at += 97) {
      const by = times.byMs(at) ?? 0;
      expect(by).to.be.at.least(at);
      // The longer ago, the coarser.
      expect(by).to.be.at.most(at + 1 + (100_000 - at) / 64);
    }
    expect(times.byMs(100_000)).to.equal(100_000);
  });
});
