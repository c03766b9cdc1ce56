import { expect } from 'chai';
import type { MakeOrder, OrderingRequest } from '../../../src/services/ordering/requests.js';
import { op, view } from '../../../src/base/numbers.js';
import { refusal } from '../../../src/base/refusal.js';
import type { ServiceReply } from '../../../src/base/service.js';
import type { Outcome, Receipt } from '../../../src/vsr/effect.js';
import { Checkers, Violation, type DiskFacts } from '../checkers.js';
import { Prng } from '../prng.js';
import { Answers } from './answers.js';
import { CommittedLog } from './committed-log.js';
import { HandWrittenLog } from './entries.js';
import type { Asked } from './workload.js';
import { OrderingWorkload } from './workloads/ordering.js';

type Written = Extract<Outcome, { kind: 'written' }>;
type Read = Extract<Outcome, { kind: 'read' }>;

const body: MakeOrder = {
  kind: 'makeOrder',
  orderId: 'a',
  userCode: 'ann',
  lines: [{ item: 'Tomato Soup', quantity: 1, pricePence: 450 }],
  postCode: 'DH1 1JN',
  postcodeVerdict: 'valid',
  postcodeReason: '',
  notes: '',
};
const asked: Asked<OrderingRequest> = { requestId: 'a', variant: 0, body, copiesNeeded: 2 };

/** Order `a` stands at op 3, on all disks. */
function told() {
  const log = new HandWrittenLog().found();
  const update = { kind: 'order', user: 'ann', lines: [['Tomato Soup', 1, 450]], postCode: 'DH1 1JN' } as const;
  const entry = log.ordering('a', { ...update, check: 'valid', copies: 2 });
  const workload = new OrderingWorkload({ prng: new Prng(1), replicas: 3, wallMs: () => 0 });
  const { model } = workload;
  const committed = new CommittedLog(new Map([['ordering', workload]]));
  const checkers = new Checkers(3);
  const disk: DiskFacts = {
    promises: { view: 1, logView: 1, recovering: false },
    lastOp: 3,
    chainAt: (at) => log.entries[at - 1]?.chain,
    hasInOutbox: () => false,
  };
  for (const replica of [0, 1, 2]) checkers.onDisk(replica, disk);
  for (const one of log.entries) {
    checkers.onApplied(0, one);
    committed.take(one);
  }
  const answers = new Answers(workload, committed, checkers);
  answers.onAsked(asked);
  const done: ServiceReply = { kind: 'done', body: { order: model.orderAt('a', 3)?.order } };
  const receipt: Receipt = { op: op(3), view: view(1), copies: 2, committed: true, chain: entry.chain };
  const written = (reply: ServiceReply = done, changes: Partial<Receipt> = {}): Written => ({
    kind: 'written',
    reply,
    receipt: { ...receipt, ...changes },
  });
  const read = (answer: unknown, at = 3): Read => ({
    kind: 'read',
    answer: { kind: 'done', body: answer },
    asOf: { op: op(at), view: view(1), timeMs: 0, complete: true },
  });
  return { answers, model, written, read };
}

const refusedBecause = (reason: 'SOLD_OUT' | 'ID_REUSED' | 'POSTCODE_UNKNOWN'): ServiceReply => ({
  kind: 'refused',
  refusal: refusal(reason, 'no'),
});

const badAnswers: Readonly<Record<string, readonly [why: RegExp, tell: (made: ReturnType<typeof told>) => void]>> = {
  'fewer copies than asked for': [
    /with 1 of 2 copies/,
    ({ answers, written }) => answers.onWritten(asked, written(undefined, { copies: 1 })),
  ],
  'an order that is not the one that stands': [
    /instead of/,
    ({ answers, written }) => answers.onWritten(asked, written({ kind: 'done', body: { order: { orderId: 'a' } } })),
  ],
  'another answer to a repeat': [
    /first .* now/,
    ({ answers, written }) => {
      answers.onWritten(asked, written());
      answers.onWritten(asked, written(undefined, { view: view(2) }));
    },
  ],
  'an id that stands for two requests': [
    /two different requests/,
    ({ answers, written }) => {
      answers.onWritten(asked, written());
      answers.onWritten({ ...asked, variant: 1 }, written());
    },
  ],
  'a repeat that is said to be another request': [
    /stands for something else/,
    ({ answers, written }) => {
      answers.onWritten(asked, written());
      answers.onWritten(asked, written(refusedBecause('ID_REUSED')));
    },
  ],
  'sold out while there was enough': [
    /SOLD_OUT, which was not so/,
    ({ answers, written }) => answers.onWritten(asked, written(refusedBecause('SOLD_OUT'))),
  ],
  'a verdict that nobody gave': [
    /POSTCODE_UNKNOWN, which was not so/,
    ({ answers, written }) => answers.onWritten(asked, written(refusedBecause('POSTCODE_UNKNOWN'))),
  ],
  'a read of what is not there': [
    /instead of/,
    ({ answers, model, read }) => answers.onRead({ kind: 'getMenu' }, read({ ...model.menuAt(3), menuVersion: 7 })),
  ],
  'a read of a state that nobody has': [
    /nobody has applied/,
    ({ answers, model, read }) => answers.onRead({ kind: 'getMenu' }, read(model.menuAt(3), 9)),
  ],
  'an order that is said to be unknown': [
    /getOrder as of op 3: nothing instead of/,
    ({ answers, read }) => answers.onRead({ kind: 'getOrder', orderId: 'a' }, { ...read({}), answer: refusedRead }),
  ],
  'an execution of what was refused': [
    /every attempt refused/,
    ({ answers }) => {
      answers.onRefused(asked);
      answers.atEnd();
    },
  ],
};

const refusedRead: Read['answer'] = { kind: 'refused', refusal: refusal('UNKNOWN_ORDER', 'no') };

describe('simulation: answers', () => {
  for (const [name, [why, tell]] of Object.entries(badAnswers))
    it(`answers: objects to ${name}`, () => {
      expect(() => tell(told())).to.throw(Violation, why);
    });

  it('answers: accepts true ones, and a repeat that is the same on more disks', () => {
    const { answers, model, written, read } = told();
    answers.onWritten(asked, written());
    answers.onWritten(asked, written(undefined, { copies: 3 }));
    answers.onWritten({ ...asked, variant: 1 }, written(refusedBecause('ID_REUSED')));
    answers.onRead({ kind: 'getMenu' }, read(model.menuAt(3)));
    answers.onRead({ kind: 'getOrder', orderId: 'b' }, { ...read({}), answer: refusedRead });
    answers.atEnd();
  });
});
