import { expect } from 'chai';
import fc from 'fast-check';
import { isLinearizableByDefinition, isWitness } from './brute-force.js';
import { checkLinearizable } from '../../src/operations/drill/linearizability/check.js';
import type { Operation } from '../../src/operations/drill/linearizability/operation.js';
import { ordersOfUser, type OrderingAct } from '../../src/operations/drill/linearizability/orders-of-user.js';
import { register, type RegisterAct } from '../../src/operations/drill/linearizability/register.js';
import type { SequentialModel } from '../../src/operations/drill/linearizability/sequential-model.js';

/** A call that was answered. */
const from = <Act>(beginMs: number, endMs: number, act: Act): Operation<Act> => ({ act, beginMs, endMs, who: 'one' });
/** A write of which nobody knows what became of it. */
const unknown = <Act>(beginMs: number, act: Act): Operation<Act> => from(beginMs, Infinity, act);

const write = (value: string): RegisterAct => ({ kind: 'write', value });
const read = (value: string): RegisterAct => ({ kind: 'read', value });

const make = (id: string, answer: 'ordered' | 'refused' | undefined = 'ordered'): OrderingAct => ({
  kind: 'make',
  id,
  answer,
});
const unknownMake = (beginMs: number, id: string) => unknown(beginMs, { kind: 'make', id, answer: undefined } as const);
const cancel = (id: string, answer: 'cancelled' | 'closed' | 'noSuchOrder' = 'cancelled'): OrderingAct => ({
  kind: 'cancel',
  id,
  answer,
});
const unknownCancel = (beginMs: number, id: string) =>
  unknown(beginMs, { kind: 'cancel', id, answer: undefined } as const);
/** Newest first; a cancelled order has a minus before its id. */
const list = (...ids: string[]): OrderingAct => ({ kind: 'list', shows: ids.map(shownAs) });
const shownAs = (id: string) =>
  id.startsWith('-') ? { id: id.slice(1), status: 'cancelled' } : { id, status: 'placed' };
const get = (id: string, shows: string | undefined): OrderingAct => ({ kind: 'get', id, shows });

type Histories<Act> = readonly (readonly [string, readonly Operation<Act>[]])[];

const goodRegisters: Histories<RegisterAct> = [
  ['nothing', []],
  ['a read of the first value', [from(0, 1, read('a'))]],
  ['a write and a read of it', [from(0, 1, write('b')), from(2, 3, read('b'))]],
  ['a read of the old value while it is written', [from(0, 9, write('b')), from(2, 3, read('a'))]],
  ['a read of the new value while it is written', [from(0, 9, write('b')), from(2, 3, read('b'))]],
  [
    'old, then new, in view of one write',
    [from(0, 9, write('b')), from(1, 2, read('a')), from(3, 4, read('b')), from(5, 6, read('b'))],
  ],
  [
    'two reads that overlap, the one that ends first has the new value',
    [from(0, 9, write('b')), from(1, 8, read('a')), from(2, 3, read('b'))],
  ],
  [
    'two writes at once, read in either order',
    [from(0, 9, write('b')), from(0, 9, write('c')), from(10, 11, read('b'))],
  ],
  [
    // What a random history found: the second write of c was taken for done at once, because it changed nothing there.
    'a value written again while another is, and read at the end',
    [from(0, 0, write('c')), from(10, 10, write('b')), from(10, 20, write('c')), from(30, 30, read('c'))],
  ],
  [
    'both writes seen in turn',
    [from(0, 9, write('b')), from(0, 9, write('c')), from(3, 4, read('c')), from(5, 6, read('b'))],
  ],
  ['an unknown write that took effect at once', [unknown(0, write('b')), from(1, 2, read('b'))]],
  ['an unknown write that took effect late', [unknown(0, write('b')), from(1, 2, read('a')), from(50, 51, read('b'))]],
  ['an unknown write that never did', [unknown(0, write('b')), from(1, 2, read('a')), from(900, 901, read('a'))]],
  [
    'an unknown write that took effect behind a later one',
    [unknown(0, write('b')), from(1, 2, write('c')), from(3, 4, read('c')), from(5, 6, read('b'))],
  ],
  ['an end at the moment of a begin: they overlap', [from(0, 5, write('b')), from(5, 6, read('a'))]],
];
const badRegisters: Histories<RegisterAct> = [
  ['a value that nobody wrote', [from(0, 1, read('z'))]],
  ['a stale read', [from(0, 1, write('b')), from(2, 3, read('a'))]],
  ['a lost write, found by a later reader', [from(0, 1, write('b')), from(2, 3, read('b')), from(4, 5, read('a'))]],
  ['a value before it was written', [from(0, 1, read('b')), from(2, 3, write('b'))]],
  ['new, then old, in view of one write', [from(0, 9, write('b')), from(1, 2, read('b')), from(3, 4, read('a'))]],
  [
    'two readers that see two writes in different orders',
    [from(0, 9, write('b')), from(0, 9, write('c')), from(10, 11, read('b')), from(12, 13, read('c'))],
  ],
  [
    'an unknown write that took effect twice',
    [
      unknown(0, write('b')),
      from(1, 2, read('b')),
      from(3, 4, write('c')),
      from(5, 6, read('c')),
      from(7, 8, read('b')),
    ],
  ],
  ['an unknown write that took effect before it was sent', [from(0, 1, read('b')), unknown(2, write('b'))]],
  ['the read of a stale primary', [from(0, 1, write('b')), from(2, 9, write('c')), from(3, 4, read('a'))]],
  [
    'a write overtaken: the first one stands at the end',
    [from(0, 1, write('b')), from(2, 3, write('c')), from(4, 5, read('b'))],
  ],
];
const goodOrders: Histories<OrderingAct> = [
  ['an order and a list with it', [from(0, 1, make('x')), from(2, 3, list('x'))]],
  ['newest first', [from(0, 1, make('x')), from(2, 3, make('y')), from(4, 5, list('y', 'x'))]],
  ['two orders at once, in either order', [from(0, 9, make('x')), from(0, 9, make('y')), from(10, 11, list('x', 'y'))]],
  ['a list in view of an order on its way', [from(0, 9, make('x')), from(1, 2, list()), from(3, 4, list('x'))]],
  ['an unknown order that is there at once', [unknownMake(0, 'x'), from(1, 2, list('x'))]],
  ['an unknown order that comes late', [unknownMake(0, 'x'), from(1, 2, list()), from(50, 51, get('x', 'placed'))]],
  ['an unknown order that never comes', [unknownMake(0, 'x'), from(1, 2, make('y')), from(50, 51, list('y'))]],
  ['an order cancelled', [from(0, 1, make('x')), from(2, 3, cancel('x')), from(4, 5, list('-x'))]],
  [
    'cancelled once, closed for the other',
    [
      from(0, 1, make('x')),
      from(2, 9, cancel('x')),
      from(2, 9, cancel('x', 'closed')),
      from(10, 11, get('x', 'cancelled')),
    ],
  ],
  [
    'cancelled before it is there',
    [from(0, 1, cancel('x', 'noSuchOrder')), from(2, 3, make('x')), from(4, 5, list('x'))],
  ],
  [
    'an unknown cancellation that took effect late',
    [from(0, 1, make('x')), unknownCancel(2, 'x'), from(3, 4, list('x')), from(50, 51, list('-x'))],
  ],
  ['an unknown cancellation that never did', [from(0, 1, make('x')), unknownCancel(2, 'x'), from(3, 4, list('x'))]],
  [
    'an order refused for good is never shown',
    [from(0, 1, make('x', 'refused')), from(2, 3, list()), from(4, 5, get('x', undefined))],
  ],
  [
    'many unknown orders, some of them there',
    Array.from('abcdefgh')
      .map((id, at) => unknownMake(at, id) as Operation<OrderingAct>)
      .concat(from(20, 21, list('g', 'b', 'e'))),
  ],
];
const badOrders: Histories<OrderingAct> = [
  ['an acknowledged order lost', [from(0, 1, make('x')), from(2, 3, list())]],
  ['an acknowledged order lost later', [from(0, 1, make('x')), from(2, 3, list('x')), from(4, 5, list())]],
  ['an order shown twice', [from(0, 1, make('x')), from(2, 3, list('x', 'x'))]],
  ['an unknown order that was done twice', [unknownMake(0, 'x'), from(2, 3, list('x', 'x'))]],
  ['an order made twice', [from(0, 1, make('x')), from(2, 3, make('x'))]],
  ['an order that nobody made', [from(0, 1, list('z'))]],
  ['oldest first', [from(0, 1, make('x')), from(2, 3, make('y')), from(4, 5, list('x', 'y'))]],
  ['there, then not, in view of one order', [from(0, 9, make('x')), from(1, 2, list('x')), from(3, 4, list())]],
  ['an unknown order there, then not', [unknownMake(0, 'x'), from(1, 2, list('x')), from(3, 4, get('x', undefined))]],
  ['a stale list of a deposed primary', [from(0, 1, make('x')), from(2, 3, make('y')), from(4, 5, list('x'))]],
  ['a cancellation lost', [from(0, 1, make('x')), from(2, 3, cancel('x')), from(4, 5, list('x'))]],
  ['cancelled twice', [from(0, 1, make('x')), from(2, 3, cancel('x')), from(4, 5, cancel('x'))]],
  ['a cancellation of what is not there', [from(0, 1, cancel('x'))]],
  [
    'told that there is none after it was acknowledged',
    [from(0, 1, make('x')), from(2, 3, cancel('x', 'noSuchOrder'))],
  ],
  ['closed, though nobody closed it', [from(0, 1, make('x')), from(2, 3, cancel('x', 'closed'))]],
  ['refused for good and there all the same', [from(0, 1, make('x', 'refused')), from(2, 3, list('x'))]],
  [
    'an unknown cancellation undone',
    [from(0, 1, make('x')), unknownCancel(2, 'x'), from(3, 4, list('-x')), from(5, 6, list('x'))],
  ],
  ['there before it was ordered', [from(0, 1, get('x', 'placed')), from(2, 3, make('x'))]],
  [
    'two lists that disagree on the order of two orders',
    [from(0, 9, make('x')), from(0, 9, make('y')), from(10, 11, list('x', 'y')), from(12, 13, list('y', 'x'))],
  ],
  ['an unknown order there before it was sent', [from(0, 1, list('x')), unknownMake(2, 'x') as Operation<OrderingAct>]],
];

describe('linearizability: histories whose verdict is known', () => {
  const judge = <State, Act>(
    name: string,
    model: SequentialModel<State, Act>,
    good: Histories<Act>,
    bad: Histories<Act>,
  ): void => {
    for (const [what, operations] of good)
      it(`${name}: accepts ${what}`, () => {
        const verdict = checkLinearizable(model, operations);
        expect(verdict).to.have.property('kind', 'linearizable');
        if (verdict.kind === 'linearizable') expect(isWitness(model, operations, verdict.order)).to.equal(true);
        expect(isLinearizableByDefinition(model, operations)).to.equal(true);
      });
    for (const [what, operations] of bad)
      it(`${name}: refuses ${what}`, () => {
        const verdict = checkLinearizable(model, operations);
        expect(verdict).to.have.property('kind', 'notLinearizable');
        expect(isLinearizableByDefinition(model, operations)).to.equal(false);
      });
  };
  judge('register', register('a'), goodRegisters, badRegisters);
  judge('orders', ordersOfUser, goodOrders, badOrders);

  it('names the answer that cannot be explained, what overlapped it, and the states it was tried in', () => {
    const stale = from(5, 9, read('a'));
    const beside = from(6, 12, write('c'));
    const verdict = checkLinearizable(register('a'), [from(0, 1, write('b')), beside, stale]);
    if (verdict.kind !== 'notLinearizable') throw new Error(`it is ${verdict.kind}`);
    expect(verdict.stuckAt).to.equal(stale);
    expect(verdict.overlapping).to.deep.equal([beside]);
    expect(verdict.states).to.have.members(['b', 'c']);
  });

  it('gives up rather than say what it does not know', () => {
    const verdict = checkLinearizable(register('a'), [from(0, 9, write('b')), from(1, 2, read('z'))], 0);
    expect(verdict.kind).to.equal('undecided');
  });
});

/** Steps of one execution, in order: what is asked, how long before and after its moment it began and ended, whether anybody learns. */
const steps = <Choice>(choice: fc.Arbitrary<Choice>) =>
  fc.array(
    fc.record({
      choice,
      before: fc.integer({ min: 0, max: 25 }),
      after: fc.integer({ min: 0, max: 25 }),
      isLost: fc.boolean(),
    }),
    { maxLength: 7 },
  );

const registerHistory = steps(fc.constantFrom('write', 'write', 'read')).map((chosen) => {
  let value = 'start';
  return chosen.map(({ choice, before, after, isLost }, index): Operation<RegisterAct> => {
    if (choice === 'write') value = `value ${index}`;
    const moment = index * 10;
    const isOpenWrite = choice === 'write' && isLost;
    return from(moment - before, isOpenWrite ? Infinity : moment + after, { kind: choice as 'write' | 'read', value });
  });
});

const IDS = ['p', 'q', 'r'];

const ordersHistory = steps(
  fc.tuple(fc.constantFrom('make', 'make', 'cancel', 'list', 'get'), fc.constantFrom(...IDS)),
).map((chosen) => {
  const made: { id: string; status: string }[] = [];
  return chosen.flatMap(({ choice: [kind, id], before, after, isLost }, index): Operation<OrderingAct>[] => {
    const moment = index * 10;
    const span = (act: OrderingAct, isWrite: boolean) =>
      from(moment - before, isWrite && isLost ? Infinity : moment + after, act);
    const order = made.find((one) => one.id === id);
    switch (kind) {
      case 'make':
        if (order !== undefined) return [];
        made.push({ id, status: 'placed' });
        return [span({ kind, id, answer: isLost ? undefined : 'ordered' }, true)];
      case 'cancel': {
        const answer = order === undefined ? 'noSuchOrder' : order.status === 'placed' ? 'cancelled' : 'closed';
        if (order !== undefined) order.status = 'cancelled';
        return [span({ kind, id, answer: isLost ? undefined : answer }, true)];
      }
      case 'list':
        return [span({ kind, shows: made.map((one) => ({ ...one })).reverse() }, false)];
      default:
        return [span({ kind: 'get', id, shows: order?.status }, false)];
    }
  });
});

/** Which operation is corrupted, and into what of a few wrong things. */
const corruption = fc.record({ at: fc.nat({ max: 6 }), how: fc.nat({ max: 3 }) });

function corruptRegister(history: readonly Operation<RegisterAct>[], { at, how }: { at: number; how: number }) {
  const values = ['start', ...history.map(({ act }) => act.value)];
  return history.map((one, index) =>
    index === at % history.length ? { ...one, act: { ...one.act, value: values[how % values.length] ?? '' } } : one,
  );
}

function corruptOrders(history: readonly Operation<OrderingAct>[], { at, how }: { at: number; how: number }) {
  return history.flatMap((one, index) => {
    if (index !== at % history.length) return [one];
    const { act } = one;
    if (act.kind === 'list')
      return [{ ...one, act: { ...act, shows: how % 2 === 0 ? act.shows.slice(1) : act.shows.toReversed() } }];
    if (act.kind === 'get') return [{ ...one, act: { ...act, shows: [undefined, 'placed', 'cancelled'][how % 3] } }];
    if (act.kind === 'make' && how < 2) return [];
    return [{ ...one, beginMs: one.beginMs - 40, endMs: one.endMs === Infinity ? one.endMs : one.beginMs - 35 }];
  });
}

describe('linearizability: random histories', () => {
  const RUNS = 1_500;
  const properties = <State, Act>(
    name: string,
    model: SequentialModel<State, Act>,
    histories: fc.Arbitrary<Operation<Act>[]>,
    corrupt: (history: readonly Operation<Act>[], how: { at: number; how: number }) => Operation<Act>[],
  ): void => {
    it(`${name}: every execution is accepted, with a witness, however its calls overlap`, () => {
      fc.assert(
        fc.property(histories, (operations) => {
          const verdict = checkLinearizable(model, operations);
          return verdict.kind === 'linearizable' && isWitness(model, operations, verdict.order);
        }),
        { numRuns: RUNS },
      );
    });

    it(`${name}: what is corrupted is judged as the definition judges it, and much of it is refused`, () => {
      let refused = 0;
      fc.assert(
        fc.property(histories, corruption, (operations, how) => {
          const corrupted = operations.length === 0 ? [] : corrupt(operations, how);
          const isGood = isLinearizableByDefinition(model, corrupted);
          if (!isGood) refused++;
          return checkLinearizable(model, corrupted).kind === (isGood ? 'linearizable' : 'notLinearizable');
        }),
        { numRuns: RUNS },
      );
      expect(refused).to.be.above(RUNS / 20);
    });
  };
  properties('register', register('start'), registerHistory, corruptRegister);
  properties('orders', ordersOfUser, ordersHistory, corruptOrders);
});

describe('linearizability: long histories', () => {
  /** Calls one unit of time apart, of which `overlap` are under way at any time; every third one is a read. */
  const longHistory = (count: number, overlap: number): Operation<RegisterAct>[] => {
    let value = 'start';
    return Array.from({ length: count }, (_, moment) => {
      if (moment % 3 > 0) value = `value ${moment}`;
      return from(moment - overlap / 2 + (moment % 5) / 10, moment + overlap / 2, {
        kind: moment % 3 > 0 ? 'write' : 'read',
        value,
      });
    });
  };

  it('12 callers at once: 20,000 calls are judged', () => {
    const operations = longHistory(20_000, 12);
    expect(checkLinearizable(register('start'), operations).kind).to.equal('linearizable');
  }).timeout(60_000);

  it('6 callers at once: one stale read among 3,000 calls is found', () => {
    const operations = longHistory(3_000, 6);
    const at = 2_100;
    const stale = from(at, at + 1, read(`value ${at - 13}`));
    const verdict = checkLinearizable(register('start'), [...operations, stale]);
    if (verdict.kind !== 'notLinearizable') throw new Error(`it is ${verdict.kind}`);
    expect([...verdict.overlapping, verdict.stuckAt]).to.include(stale);
  }).timeout(60_000);
});
