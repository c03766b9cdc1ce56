import { expect } from 'chai';
import { encodeEntry, GENESIS_CHAIN } from '../../../../src/base/entry.js';
import { op as opNumber, view } from '../../../../src/base/numbers.js';
import { refusal, type RefusalReason } from '../../../../src/base/refusal.js';
import { RECORDS } from '../../../../src/services/records/records.js';
import type { Field, RecordsQuery, UpdateRecord } from '../../../../src/services/records/requests.js';
import { Violation } from '../../checkers.js';
import { Prng } from '../../prng.js';
import { RecordsWorkload } from './records.js';

const TIME_MS = 1_000;
const FIRST_OP = 3;

interface Step {
  readonly asked?: readonly UpdateRecord[];
  readonly update: object;
}

const ask = (name: string, fields: readonly Field[], expectedVersion?: number): UpdateRecord => {
  const update = { kind: 'update', name, fields } as const;
  return expectedVersion === undefined ? update : { ...update, expectedVersion };
};

/** An update that was asked for, and its entry; `changes` over what the entry should say. */
function done(asked: UpdateRecord, version: number, changes: object = {}): Step {
  const { name, fields, expectedVersion } = asked;
  return { asked: [asked], update: { kind: 'fields', name, version, fields, expectedVersion, copies: 2, ...changes } };
}

function refused(asked: UpdateRecord, reason: RefusalReason, details: Readonly<Record<string, string>>): Step {
  return { asked: [asked], update: { kind: 'refused', refusal: refusal(reason, '', details), content: '' } };
}

/** The model after these entries, from op 3 on, of the requests 0, 1, 2 … */
function taken(...steps: readonly Step[]): RecordsWorkload {
  const model = new RecordsWorkload({ prng: new Prng(1), replicas: 3, wallMs: () => TIME_MS });
  for (const [index, { asked = [], update }] of steps.entries()) {
    const requestId = String(index);
    for (const body of asked) model.onAsked({ requestId, variant: 0, body, copiesNeeded: 2 });
    const head = { op: opNumber(FIRST_OP + index), view: view(0), timeMs: TIME_MS, requestId, service: RECORDS };
    model.take(encodeEntry({ ...head, update: JSON.stringify(update) }, GENESIS_CHAIN));
  }
  return model;
}

const first = done(ask('ann', [['age', '1']]), 1);
const second = done(
  ask('ann', [
    ['email', 'e'],
    ['age', '2'],
  ]),
  2,
);
const bob = done(ask('bob', [['age', '9']]), 1);
const many = (count: number): Field[] => Array.from({ length: count }, (_, index): Field => [`f${index}`, '']);

const objections: Readonly<Record<string, readonly [why: RegExp, ...steps: Step[]]>> = {
  'a version left out': [/version 3 follows 1/, first, { ...second, update: { ...second.update, version: 3 } }],
  'a version used again': [/version 1 follows 1/, first, { ...second, update: { ...second.update, version: 1 } }],
  'what nobody asked for': [/nobody asked for/, { update: first.update }],
  'other fields than were asked for': [
    /nobody asked for/,
    done(ask('ann', [['age', '1']]), 1, { fields: [['age', '"1"']] }),
  ],
  'another record than was asked for': [/nobody asked for/, done(ask('ann', [['age', '1']]), 1, { name: 'bob' })],
  'an update of a version that had passed': [
    /deserved.*RECORD_VERSION_CHANGED/,
    first,
    second,
    done(ask('ann', [['age', '3']], 1), 3),
  ],
  'a record made that was there': [/deserved.*RECORD_VERSION_CHANGED/, first, done(ask('ann', [['age', '3']], 0), 2)],
  'a record that grew too large': [
    /deserved.*RECORD_TOO_LARGE/,
    done(ask('w', many(200)), 1),
    done(ask('w', [['x', '']]), 2),
  ],
  'a refusal that was not deserved': [
    /what was asked deserved/,
    first,
    refused(ask('ann', [['age', '3']], 1), 'RECORD_VERSION_CHANGED', { record: 'ann', version: '1' }),
  ],
  'a refusal that tells another version': [
    /what was asked deserved/,
    first,
    refused(ask('ann', [['age', '3']], 7), 'RECORD_VERSION_CHANGED', { record: 'ann', version: '2' }),
  ],
};

const version = (name: string, number: number, op: number, fields: readonly Field[]) => ({
  name,
  record: { version: number, op, timeMs: TIME_MS, fields: new Map(fields) },
});
const annNow = version('ann', 2, 4, [
  ['age', '2'],
  ['email', 'e'],
]);
const annBefore = version('ann', 1, 3, [['age', '1']]);
const get = (name: string): RecordsQuery => ({ kind: 'get', name });
const list = (after: string, pageSize: number): RecordsQuery => ({ kind: 'list', after, pageSize });
const head = (name: string, number: number, op: number) => ({ name, version: number, op });

describe('simulation: model of the record map', () => {
  const model = taken(first, second, bob);
  const unknown = refusal('UNKNOWN_RECORD', '');

  for (const [name, [why, ...steps]] of Object.entries(objections))
    it(`entries: objects to ${name}`, () => {
      expect(() => taken(...steps)).to.throw(Violation, why);
    });

  it('entries: takes what is right', () => {
    taken(
      first,
      refused(ask('ann', [['age', '3']], 0), 'RECORD_VERSION_CHANGED', { record: 'ann', version: '1' }),
      done(ask('ann', [['age', '3']], 1), 2),
      done(ask('w', many(200)), 1),
      refused(ask('w', [['x', '']]), 'RECORD_TOO_LARGE', { record: 'w', fields: '201' }),
    );
  });

  const answers = [
    ['the record as it was made', annNow, 4, true],
    ['the record as it was before', annBefore, 4, false],
    [
      'fields in another order',
      version('ann', 2, 4, [
        ['email', 'e'],
        ['age', '2'],
      ]),
      4,
      false,
    ],
    [
      'a value that is quoted twice',
      version('ann', 2, 4, [
        ['age', "'2'"],
        ['email', 'e'],
      ]),
      4,
      false,
    ],
    ['a field that is gone', version('ann', 2, 4, [['age', '2']]), 4, false],
    ['an answer of an op that made nothing', annNow, 9, false],
  ] as const;
  for (const [name, body, op, isRight] of answers)
    it(`answers: ${isRight ? 'takes' : 'objects to'} ${name}`, () => {
      const asked = { requestId: '1', variant: 0, body: ask('ann', [['age', '2']]), copiesNeeded: 2 };
      const judge = () => model.judgeAnswer(asked, { kind: 'done', body }, op);
      if (isRight) judge();
      else expect(judge).to.throw(Violation);
    });

  it('answers: objects to a refusal that was not deserved', () => {
    const asked = { requestId: '9', variant: 0, body: ask('ann', [['age', '2']], 2), copiesNeeded: 2 };
    const why = refusal('RECORD_VERSION_CHANGED', '', { record: 'ann', version: '2' });
    expect(() => model.judgeAnswer(asked, { kind: 'refused', refusal: why }, 6)).to.throw(Violation);
    const late = { ...asked, body: ask('ann', [['age', '2']], 1) };
    model.judgeAnswer(late, { kind: 'refused', refusal: why }, 6);
  });

  const reads = [
    ['the record', get('ann'), annNow, 5, true],
    ['the record as of then', get('ann'), annBefore, 3, true],
    ['a stale record', get('ann'), annBefore, 4, false],
    ['a record of the future', get('ann'), annNow, 3, false],
    ['a record that is gone', get('ann'), unknown, 5, false],
    ['a record that is not there yet', get('bob'), unknown, 4, true],
    ['a page', list('', 1), { records: [head('ann', 2, 4)], hasMore: true }, 5, true],
    ['a page whose end is not told', list('', 1), { records: [head('ann', 2, 4)], hasMore: false }, 5, false],
    ['a page with another op', list('', 0), { records: [head('ann', 2, 3)], hasMore: false }, 4, false],
    [
      'a list in another order',
      list('', 0),
      { records: [head('bob', 1, 5), head('ann', 2, 4)], hasMore: false },
      5,
      false,
    ],
    ['the rest', list('ann', 0), { records: [head('bob', 1, 5)], hasMore: false }, 5, true],
    ['what follows nothing', list('zoe', 0), unknown, 5, true],
  ] as const;
  for (const [name, query, found, op, isRight] of reads)
    it(`reads: ${isRight ? 'takes' : 'objects to'} ${name}`, () => {
      const answer =
        found === unknown ? { kind: 'refused' as const, refusal: unknown } : { kind: 'done' as const, body: found };
      const judge = () => model.judgeRead(query, answer, op);
      if (isRight) judge();
      else expect(judge).to.throw(Violation);
    });
});
