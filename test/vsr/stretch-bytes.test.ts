import { expect } from 'chai';
import { encodeEntry } from '../../src/base/entry.js';
import { op, view } from '../../src/base/numbers.js';
import { cutFrom, emptyLog, GENESIS, lastChain, lastOp, pushEntry, trimTo, type Log } from '../../src/vsr/log.js';
import { opBeforeBytes, StretchBytes } from '../../src/vsr/stretch-bytes.js';

function grow(log: Log, updates: readonly string[]): void {
  for (const update of updates) {
    const at = op(lastOp(log) + 1);
    const head = { op: at, view: view(0), timeMs: 0, requestId: '', service: 'log', update };
    pushEntry(log, encodeEntry(head, lastChain(log)));
  }
}

const sum = (log: Log, after: number, to: number): number =>
  log.entries.filter(({ op: at }) => at > after && at <= to).reduce((bytes, { row }) => bytes + row.length, 0);

describe('bytes of a stretch of the log', () => {
  it('are those of its rows as its ends move on, and after the log was forgotten or changed', () => {
    const log = emptyLog(GENESIS);
    const stretch = new StretchBytes();
    const expectSum = (logView: number, after: number, to: number): void => {
      expect(stretch.of(log, view(logView), op(after), op(to))).to.equal(sum(log, after, to));
    };
    expectSum(0, 0, 0);
    grow(log, ['a', 'bbbb', 'cc'.repeat(50)]);
    expectSum(0, 0, 2);
    expectSum(0, 1, 3);
    expectSum(0, 3, 3);
    grow(log, ['d', 'e', 'f'.repeat(200), 'g']);
    // Both ends moved past what is forgotten now.
    trimTo(log, op(5));
    expectSum(0, 5, 7);
    cutFrom(log, op(7));
    grow(log, ['h'.repeat(1000), 'i']);
    expectSum(1, 5, 8);
    expectSum(1, 6, 6);
    expectSum(1, 5, 8);
  });

  it('tell behind which op a number of them stands', () => {
    const log = emptyLog(GENESIS);
    expect(opBeforeBytes(log, 100)).to.equal(0);
    grow(log, ['a', 'b', 'c', 'd']);
    expect(opBeforeBytes(log, 1 << 20)).to.equal(0);
    expect(opBeforeBytes(log, sum(log, 2, 4))).to.equal(2);
    expect(opBeforeBytes(log, sum(log, 2, 4) - 1)).to.equal(3);
    expect(opBeforeBytes(log, 0)).to.equal(4);
  });
});
