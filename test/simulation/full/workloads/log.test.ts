import { expect } from 'chai';
import { encodeEntry, GENESIS_CHAIN } from '../../../../src/base/entry.js';
import { op, view } from '../../../../src/base/numbers.js';
import { LOG } from '../../../../src/services/log/message-log.js';
import type { Message } from '../../../../src/services/log/requests.js';
import { Violation } from '../../checkers.js';
import { Prng } from '../../prng.js';
import { LogWorkload } from './log.js';

const TIME = (at: number): string => new Date(at * 1_000).toISOString();
const MESSAGES: readonly Message[] = [
  { key: 0, value: 'tea', op: 3, time: TIME(3), requestId: 'a' },
  { key: 1, value: 'two\r\n"lines", please', op: 5, time: TIME(5), requestId: 'b' },
];

/** A workload that was asked for both messages, and took the entry of the first. */
class Judge {
  readonly workload = new LogWorkload({ prng: new Prng(1), replicas: 3, wallMs: () => 0 });

  constructor() {
    for (const { requestId, value } of MESSAGES) this.workload.onAsked(asked(requestId, value));
    this.take(3, 'a', 'append 0 2 tea');
  }

  take(at: number, requestId: string, update: string, timeMs = at * 1_000): this {
    const head = { op: op(at), view: view(1), timeMs, requestId, service: LOG, update };
    this.workload.take(encodeEntry(head, GENESIS_CHAIN));
    return this;
  }

  both(): this {
    return this.take(5, 'b', 'append 1 1 two\\r\\n\\"lines\\", please');
  }

  list(at: number, body: unknown, from = 0, limit = 10): void {
    this.workload.judgeRead({ kind: 'list', from, limit }, { kind: 'done', body }, at);
  }

  answer(requestId: string, value: string, key: number, at: number): void {
    this.workload.judgeAnswer(asked(requestId, value), { kind: 'done', body: { key } }, at);
  }
}

const asked = (requestId: string, value: string) =>
  ({ requestId, variant: 0, body: { kind: 'append', value }, copiesNeeded: 1 }) as const;

describe('simulation: model of the message log', () => {
  it('model: takes what follows, and knows every page at every op', () => {
    const judge = new Judge().both();
    judge.answer('a', 'tea', 0, 3);
    judge.answer('b', 'two\r\n"lines", please', 1, 5);
    judge.list(2, { messages: [], nextFrom: 0, count: 0 });
    judge.list(4, { messages: MESSAGES.slice(0, 1), nextFrom: 1, count: 1 });
    judge.list(5, { messages: MESSAGES, nextFrom: 2, count: 2 });
    judge.list(9, { messages: MESSAGES.slice(1), nextFrom: 2, count: 2 }, 1, 1);
    judge.list(9, { messages: [], nextFrom: 7, count: 2 }, 7);
    expect(judge.workload.audit()).to.deep.equal([{ kind: 'list', from: 0, limit: 1_000 }]);
  });

  const faults: Readonly<Record<string, readonly [why: RegExp, fault: (judge: Judge) => void]>> = {
    'a gap in the keys': [/key 2 where 1 is free/, (judge) => judge.take(5, 'b', 'append 2 2 tea')],
    'a key that is written over': [/key 0 where 1 is free/, (judge) => judge.take(5, 'b', 'append 0 2 tea')],
    'a message that nobody sent': [/nobody had sent/, (judge) => judge.take(5, 'b', 'append 1 2 tea')],
    'a message under an id that nobody sent': [/nobody had sent/, (judge) => judge.take(5, 'c', 'append 1 2 tea')],
    'another entry': [/appends nothing/, (judge) => judge.take(5, 'b', 'x')],
    'a time that falls': [/time falls/, (judge) => judge.take(5, 'a', 'append 1 2 tea', 2_999)],
    'the key of another message': [/with key 1/, (judge) => judge.both().answer('a', 'tea', 1, 3)],
    'an answer about another value': [/"tea!?"/, (judge) => judge.answer('a', 'tea!', 0, 3)],
    'an answer at the op of another': [/op 5 is/, (judge) => judge.both().answer('a', 'tea', 0, 5)],
    'an append that is refused': [
      /no state refuses/,
      (judge) => {
        const refusal = { reason: 'SOLD_OUT', message: '' } as const;
        judge.workload.judgeAnswer(asked('a', 'tea'), { kind: 'refused', refusal }, 3);
      },
    ],
    'a page without a message': [/instead of/, (judge) => judge.list(3, { messages: [], nextFrom: 0, count: 1 })],
    'a page from the future': [
      /instead of/,
      (judge) => judge.both().list(4, { messages: MESSAGES, nextFrom: 2, count: 2 }),
    ],
    'a stale count': [/instead of/, (judge) => judge.both().list(5, { messages: MESSAGES, nextFrom: 2, count: 1 })],
    'messages in another order': [
      /instead of/,
      (judge) => judge.both().list(5, { messages: MESSAGES.toReversed(), nextFrom: 2, count: 2 }),
    ],
    'a message twice': [
      /instead of/,
      (judge) => judge.both().list(5, { messages: [...MESSAGES, ...MESSAGES], nextFrom: 4, count: 2 }),
    ],
  };
  for (const [name, [why, fault]] of Object.entries(faults))
    it(`model: objects to ${name}`, () => {
      expect(() => fault(new Judge())).to.throw(Violation, why);
    });
});
