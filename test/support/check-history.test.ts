import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { expect } from 'chai';
import type { NewOrder, OrderView } from '../../src/ports/ordering-client.js';
import { checkHistory } from './check-history.js';
import { History, type OrderCall, type ReadCall } from './history.js';

const ORDERS =
  'op,order_id,line,user_code,item,quantity,price,total,post_code,postcode_check,name,phone,address,notes,placed_at';
const CHANGES = 'op,order_id,status,postcode_check,at,reason,request_id';

const made = (id: string, user = 'u1'): NewOrder => ({
  order_id: id,
  user_code: user,
  lines: [{ item: 'Dal', quantity: 1, price_pence: 695 }],
  post_code: 'DH1 3LE',
});
const row = (op: number, id: string, line = 1): string =>
  `${op},${id},${line},u1,Dal,1,6.95,6.95,DH1 3LE,valid,,,,,2026-01-01T00:00:00.000Z`;
const change = (op: number, id: string, status = 'placed', request = ''): string =>
  `${op},${id},${status},valid,2026-01-01T00:00:00.000Z,,${request}`;
const view = (id: string, op: number): OrderView => ({ order_id: id, op, status: 'placed' }) as OrderView;

const ordered = (id: string, op: number, beginMs: number, endMs: number): OrderCall => ({
  client: 'c1',
  beginMs,
  endMs,
  order: made(id),
  isRepeat: false,
  outcome: {
    kind: 'ok',
    answer: { order: view(id, op), receipt: { op, view: 0, copies: 2, committed: true, chain: 'x' } },
  },
});
const read = (ids: readonly [string, number][], op: number, beginMs: number, endMs: number): ReadCall => ({
  client: 'c2',
  beginMs,
  endMs,
  of: { userCode: 'u1' },
  consistency: 'linearizable',
  minOp: 0,
  outcome: {
    kind: 'ok',
    answer: {
      orders: ids.map(([id, at]) => view(id, at)),
      asOf: { op, view: 0, replica: 'r', time: '', complete: true },
    },
  },
});

describe('check-history', () => {
  let folder = '';
  beforeEach(() => (folder = mkdtempSync(path.join(tmpdir(), 'just-hungry-history-'))));
  afterEach(() => rmSync(folder, { recursive: true }));

  /** Two folders, the second one as the first unless given. */
  const folders = (orders: readonly string[], changes: readonly string[], otherOrders = orders): string[] =>
    [orders, otherOrders].map((rows, index) => {
      const one = path.join(folder, String(index));
      mkdirSync(one);
      writeFileSync(path.join(one, 'orders.csv'), [ORDERS, ...rows, ''].join('\r\n'));
      writeFileSync(path.join(one, 'order-status.csv'), [CHANGES, ...changes, ''].join('\r\n'));
      return one;
    });
  const history = (orders: readonly OrderCall[], reads: readonly ReadCall[] = []): History => {
    const one = new History();
    one.orders.push(...orders);
    one.reads.push(...reads);
    return one;
  };
  const kept = [row(3, 'a'), row(4, 'b')];
  const changes = [change(3, 'a'), change(4, 'b')];
  const calls = [ordered('a', 3, 0, 10), ordered('b', 4, 20, 30)];

  it('accepts a history that is right', () => {
    const reads = [
      read([['a', 3]], 3, 12, 14),
      read(
        [
          ['b', 4],
          ['a', 3],
        ],
        4,
        22,
        50,
      ),
    ];
    expect(checkHistory(history(calls, reads), folders(kept, changes))).to.deep.equal([]);
  });

  const planted: readonly (readonly [string, () => string[], RegExp])[] = [
    ['an order lost', () => checkHistory(history(calls), folders([row(3, 'a')], [change(3, 'a')])), /LOST: order b/],
    [
      'an order kept twice',
      () => checkHistory(history(calls), folders([...kept, row(5, 'a')], changes)),
      /order a is in orders.csv more than once/,
    ],
    [
      'two orders at one op',
      () => checkHistory(history(calls), folders([row(3, 'a'), row(3, 'b')], changes)),
      /op 3 is two orders/,
    ],
    [
      'replicas that differ by a byte',
      () =>
        checkHistory(history(calls), folders(kept, changes, [row(3, 'a'), row(4, 'b').replace('6.95,D', '6.96,D')])),
      /orders.csv: line 3 is 4,b.*6.95,DH.*6.96,DH/,
    ],
    [
      'an order that nobody made',
      () => checkHistory(history(calls.slice(0, 1)), folders(kept, changes)),
      /order b was made by nobody/,
    ],
    [
      'an order that was refused',
      () => {
        const refused = {
          kind: 'refused',
          refusal: { reason: 'NO_QUORUM', message: 'no' },
          status: 'UNAVAILABLE',
        } as const;
        const one: OrderCall = { ...ordered('b', 4, 20, 30), outcome: refused };
        return checkHistory(history([ordered('a', 3, 0, 10), one]), folders(kept, changes));
      },
      /order b is kept, though it was refused: NO_QUORUM/,
    ],
    [
      'two answers to one id',
      () => checkHistory(history([...calls, { ...ordered('b', 5, 40, 50), isRepeat: true }]), folders(kept, changes)),
      /order b was answered/,
    ],
    [
      'a stale read',
      () => checkHistory(history(calls, [read([['a', 3]], 3, 31, 33)]), folders(kept, changes)),
      /STALE: the linearizable read .* began 1.0 ms after the write b/,
    ],
    [
      'a read that goes back behind another',
      () => {
        const reads = [
          read(
            [
              ['b', 4],
              ['a', 3],
            ],
            4,
            21,
            22,
          ),
          read([['a', 3]], 3, 23, 24),
        ];
        return checkHistory(history(calls, reads), folders(kept, changes));
      },
      /STALE: .* after the linearizable read/,
    ],
    [
      'a read that misses an order',
      () => checkHistory(history(calls, [read([['a', 3]], 4, 31, 33)]), folders(kept, changes)),
      /misses b@4 placed/,
    ],
    [
      'a write that comes before an earlier one',
      () => {
        const swapped = [row(3, 'b'), row(4, 'a')];
        const early = [ordered('a', 4, 0, 10), ordered('b', 3, 20, 30)];
        return checkHistory(history(early), folders(swapped, [change(3, 'b'), change(4, 'a')]));
      },
      /the write b of c1 at op 3 began 10.0 ms after the write a/,
    ],
    [
      'a request executed twice',
      () => {
        const twice = [...changes, change(5, 'a', 'cancelled', 'r'), change(6, 'a', 'cancelled', 'r')];
        return checkHistory(history(calls), folders(kept, twice));
      },
      /request r is in order-status.csv twice/,
    ],
    [
      'an order that was acknowledged, and made anew by a repeat',
      () => checkHistory(history([ordered('a', 3, 0, 10), ordered('b', 9, 20, 30)]), folders(kept, changes)),
      /LOST: order b, acknowledged to c1 at op 9; made again at op 4/,
    ],
    [
      'an order acknowledged before a majority had it',
      () => {
        const { outcome } = ordered('b', 4, 20, 30);
        if (outcome.kind !== 'ok') throw new Error('it is');
        const receipt = { ...outcome.answer.receipt, committed: false };
        const early: OrderCall = {
          ...ordered('b', 4, 20, 30),
          outcome: { ...outcome, answer: { ...outcome.answer, receipt } },
        };
        return checkHistory(history([ordered('a', 3, 0, 10), early]), folders(kept, changes));
      },
      /TOO EARLY: order b was acknowledged to c1 at op 4/,
    ],
    [
      'an order that was acknowledged and is refused to whoever asks again',
      () => {
        const refusal = { reason: 'SOLD_OUT', message: 'no' } as const;
        const outcome = { kind: 'refused', refusal, status: 'FAILED_PRECONDITION' } as const;
        const again: OrderCall = { ...ordered('b', 4, 40, 50), client: 'c2', isRepeat: true, outcome };
        return checkHistory(history([...calls, again]), folders(kept, changes));
      },
      /CONTRADICTED: b, acknowledged to c1, was later refused to c2: SOLD_OUT/,
    ],
  ];
  for (const [what, problems, expected] of planted)
    it(`finds ${what}`, () => {
      expect(problems().join('\n')).to.match(expected);
    });
});
