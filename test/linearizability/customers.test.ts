import { expect } from 'chai';
import type { RefusalReason } from '../../src/base/refusal.js';
import type { OrderStatusName, OrderView } from '../../src/ports/ordering-client.js';
import { History, type OrderCall, type ReadCall } from '../support/history.js';
import { notLinearizable, operationsByUser } from '../../src/operations/drill/linearizability/histories.js';

const USER = 'ann';

const attempt = (id: string, beginMs: number, endMs: number, outcome: OrderCall['outcome']): OrderCall => ({
  client: 'one',
  beginMs,
  endMs,
  order: { order_id: id, user_code: USER, lines: [], post_code: 'DH1 3LE' },
  isRepeat: false,
  outcome,
});
const refused = (reason: RefusalReason): OrderCall['outcome'] => ({
  kind: 'refused',
  refusal: { reason, message: '' },
  status: '',
});
const done = (isCommitted = true): OrderCall['outcome'] => ({
  kind: 'ok',
  answer: {
    order: {} as OrderView,
    receipt: { op: 3, view: 0, copies: isCommitted ? 2 : 1, committed: isCommitted, chain: '' },
  },
});
const list = (beginMs: number, endMs: number, ...ids: string[]): ReadCall => ({
  client: 'two',
  beginMs,
  endMs,
  of: { userCode: USER },
  consistency: 'linearizable',
  minOp: 0,
  outcome: {
    kind: 'ok',
    answer: {
      orders: ids.map((id) => ({ order_id: id, op: 3, status: 'placed' as OrderStatusName })),
      asOf: undefined,
    },
  },
});
const history = (orders: readonly OrderCall[], reads: readonly ReadCall[] = []): History => {
  const made = new History();
  made.orders.push(...orders);
  made.reads.push(...reads);
  return made;
};

describe('linearizability: what customers were told', () => {
  it('all attempts with one id are one operation: from the first that may have been done to the first answer', () => {
    const attempts = [
      attempt('x', 0, 5, refused('NO_QUORUM')),
      attempt('x', 10, 20, refused('OUTCOME_UNKNOWN')),
      attempt('x', 30, 40, done()),
      attempt('x', 50, 60, done()),
    ];
    expect(operationsByUser(history(attempts)).get(USER)).to.deep.equal([
      { act: { kind: 'make', id: 'x', answer: 'ordered' }, beginMs: 10, endMs: 40, who: 'one' },
    ]);
  });

  it('an order whose outcome nobody was told stays open, and so does one on fewer disks than a majority', () => {
    for (const outcome of [refused('OUTCOME_UNKNOWN'), done(false)]) {
      const calls = [attempt('x', 0, 5, outcome)];
      expect(operationsByUser(history(calls)).get(USER)).to.have.nested.property('[0].endMs', Infinity);
      expect(notLinearizable(history(calls, [list(6, 7)]))).to.deep.equal([]);
      expect(notLinearizable(history(calls, [list(6, 7), list(8, 9, 'x')]))).to.deep.equal([]);
      expect(notLinearizable(history(calls, [list(6, 7, 'x'), list(8, 9)]))).to.have.length(1);
    }
  });

  it('what was surely not done is no operation: an order that is there all the same is found', () => {
    const calls = [attempt('x', 0, 5, refused('NO_QUORUM'))];
    expect(notLinearizable(history(calls, [list(6, 7)]))).to.deep.equal([]);
    expect(notLinearizable(history(calls, [list(6, 7, 'x')])).join()).to.match(/NOT LINEARIZABLE: the orders of ann/);
  });

  it('the answer to a repeat does not excuse a read that missed the order after the first answer', () => {
    const calls = [attempt('x', 0, 5, done()), attempt('x', 20, 30, done())];
    expect(notLinearizable(history(calls, [list(10, 11)]))).to.have.length(1);
  });

  it('reads that may be answered from a backup are not judged, others are', () => {
    const stale = list(10, 11);
    const calls = [attempt('x', 0, 5, done())];
    expect(notLinearizable(history(calls, [{ ...stale, consistency: 'any' }]))).to.deep.equal([]);
    expect(notLinearizable(history(calls, [stale]))).to.have.length(1);
  });

  it('the message of the day: a write of unknown outcome may come late, a read may not go back', () => {
    const made = new History();
    const span = { client: 'one', register: 'motd' } as const;
    const read = (beginMs: number, value: string): void => {
      const outcome = { kind: 'ok', answer: { value } } as const;
      made.registers.push({ ...span, beginMs, endMs: beginMs + 1, requestId: undefined, written: undefined, outcome });
    };
    const unknown = { kind: 'refused', refusal: { reason: 'OUTCOME_UNKNOWN', message: '' }, status: '' } as const;
    made.registers.push({ ...span, beginMs: 0, endMs: 1, requestId: 'r', written: 'new', outcome: unknown });
    read(2, 'as it was shipped');
    read(4, 'new');
    expect(notLinearizable(made)).to.deep.equal([]);
    read(6, 'as it was shipped');
    expect(notLinearizable(made).join()).to.match(/NOT LINEARIZABLE: the motd/);
  });
});
