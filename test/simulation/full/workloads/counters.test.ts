import { expect } from 'chai';
import type { Entry } from '../../../../src/base/entry.js';
import { refusal } from '../../../../src/base/refusal.js';
import type { ServiceReply } from '../../../../src/base/service.js';
import { Violation } from '../../checkers.js';
import { Prng } from '../../prng.js';
import { CommittedLog } from '../committed-log.js';
import { HandWrittenLog } from '../entries.js';
import type { Asked } from '../workload.js';
import { COUNTER_MAX, type AddRequest, type CountersUpdate } from './counters-service.js';
import { CountersWorkload } from './counters.js';

const update = (changes: Partial<CountersUpdate> = {}): CountersUpdate =>
  ({ kind: 'add', name: 'tea', by: 2, copies: 2, value: 2, ...changes }) as CountersUpdate;

/** A workload whose model has taken 2 of tea at op 3, and these. */
function taken(...updates: readonly CountersUpdate[]): CountersWorkload {
  const workload = new CountersWorkload({ prng: new Prng(1), replicas: 3, wallMs: () => 0 });
  const log = new HandWrittenLog().found();
  log.add('first', 'counters', update());
  for (const [at, one] of updates.entries()) log.add(`id ${at}`, 'counters', one);
  const committed = new CommittedLog(new Map([['counters', workload]]));
  for (const entry of log.entries as readonly Entry[]) committed.take(entry);
  return workload;
}

const asked: Asked<AddRequest> = { requestId: 'first', variant: 0, body: { name: 'tea', by: 2 }, copiesNeeded: 2 };
const done = (body: unknown): ServiceReply => ({ kind: 'done', body });
const full: ServiceReply = { kind: 'refused', refusal: refusal('INVALID_TRANSITION', 'full') };
const TOO_MUCH = COUNTER_MAX - 1;

const faults: Readonly<Record<string, readonly [why: RegExp, tell: () => void]>> = {
  'a sum that does not follow': [/2 and 2 are said to be 5/, () => taken(update({ value: 5 }))],
  'an addition that passes the limit': [/were taken at 2/, () => taken(update({ by: TOO_MUCH, value: 2 + TOO_MUCH }))],
  'a refusal where there was room': [/2 more were refused at 2/, () => taken(update({ kind: 'refused' }))],
  'an answer that is not what stands': [/instead of/, () => taken().judgeAnswer(asked, done(3), 3)],
  'an answer about another entry': [/instead of/, () => taken(update({ value: 4 })).judgeAnswer(asked, done(2), 4)],
  'a refusal of what was done': [/which was not so/, () => taken().judgeAnswer(asked, full, 3)],
  'a read of an older state': [
    /get as of op 4: 2 instead of 4/,
    () => taken(update({ value: 4 })).judgeRead({ kind: 'get', name: 'tea' }, done(2), 4),
  ],
  'a read of a later state': [
    /get as of op 3: 4 instead of 2/,
    () => taken(update({ value: 4 })).judgeRead({ kind: 'get', name: 'tea' }, done(4), 3),
  ],
  'a list that lacks a counter': [/all as of op 3/, () => taken().judgeRead({ kind: 'all' }, done([]), 3)],
  'additions out of order': [
    /additions as of op 4/,
    () => {
      const [first, second] = [2, 4].map((value, at) => ({ op: 3 + at, name: 'tea', by: 2, value }));
      taken(update({ value: 4 })).judgeRead({ kind: 'additions', fromOp: 0, limit: 9 }, done([second, first]), 4);
    },
  ],
};

describe('simulation: counters', () => {
  for (const [name, [why, tell]] of Object.entries(faults))
    it(`counters: objects to ${name}`, () => {
      expect(tell).to.throw(Violation, why);
    });

  it('counters: accepts what is true, and that what was promised passes the limit', () => {
    const workload = taken(
      update({ value: 4 }),
      update({ kind: 'refused', by: TOO_MUCH, value: 4 }),
      update({ by: TOO_MUCH, value: 4 + TOO_MUCH, isSalvaged: true }),
    );
    workload.judgeAnswer(asked, done(2), 3);
    workload.judgeAnswer({ ...asked, body: { name: 'tea', by: TOO_MUCH } }, full, 5);
    workload.judgeRead({ kind: 'all' }, done([['tea', 4]]), 5);
    workload.judgeRead({ kind: 'get', name: 'tea' }, done(4 + TOO_MUCH), 6);
  });
});
