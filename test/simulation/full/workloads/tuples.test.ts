import { expect } from 'chai';
import type { ServiceReply } from '../../../../src/base/service.js';
import { refusal } from '../../../../src/base/refusal.js';
import type { TuplesRequest } from '../../../../src/services/tuples/requests.js';
import { Violation } from '../../checkers.js';
import { Prng } from '../../prng.js';
import { CommittedLog } from '../committed-log.js';
import { HandWrittenLog } from '../entries.js';
import type { Asked } from '../workload.js';
import type { WrittenUpdate } from './tuples-model.js';
import { TuplesWorkload } from './tuples.js';

const pair = (key: string, value: string) => ({ key: key.split(' '), value: value.split(' ') });
const asked = (requestId: string, body: TuplesRequest, copiesNeeded = 2): Asked<TuplesRequest> => {
  return { requestId, variant: 0, body, copiesNeeded };
};
const PUT = asked('put', { kind: 'put', pairs: [pair('a', '1'), pair('b', '2'), { key: [], value: ['x'] }] });
const AGAIN = asked('again', { kind: 'put', pairs: [pair('a', '3'), pair('c', '4')] });
const POST = asked('post', { kind: 'post', pairs: [pair('b', '5'), pair('d', '6')] });
const DELETE = asked('delete', { kind: 'delete', keys: ['[ab]'], values: undefined, limit: 1, after: 0 });
const BAD = asked('bad', { kind: 'delete', keys: ['('], values: undefined, limit: 1, after: 0 });
const SAFE = [PUT, AGAIN, POST, DELETE, BAD];
const FREE = asked('free', { kind: 'put', pairs: [pair('a', '9'), pair('z', '9')] }, 1);

const malformed = { kind: 'malformed', reason: 'why' };
const RIGHT: Readonly<Record<string, WrittenUpdate>> = {
  put: {
    kind: 'put',
    pairs: [
      [0, 'a', '1'],
      [1, 'b', '2'],
    ],
    notUsed: [],
  },
  again: { kind: 'put', pairs: [[1, 'c', '4']], notUsed: [0] },
  post: { kind: 'post', pairs: [[0, 'b', '5']], notUsed: [1] },
  delete: { kind: 'delete', removed: [['a', '1']], next: 1 },
  bad: { kind: 'delete', removed: [], next: 0, problem: malformed },
  free: { kind: 'put', pairs: [[1, 'z', '9']], notUsed: [0] },
};

/** A workload that was asked all of these, and has taken some of them from op 3 on, each right but for `otherwise`. */
function taken(ids: readonly string[], otherwise: Partial<Record<string, object>> = {}): TuplesWorkload {
  const workload = new TuplesWorkload({ prng: new Prng(1), replicas: 3, wallMs: () => 0 });
  for (const each of [...SAFE, FREE]) workload.onAsked(each);
  const log = new HandWrittenLog().found();
  for (const id of ids) log.add(id, 'tuples', { copies: 2, content: 'x', ...RIGHT[id], ...otherwise[id] });
  const committed = new CommittedLog(new Map([['tuples', workload]]));
  for (const entry of log.entries) committed.take(entry);
  return workload;
}

const done = (body: unknown): ServiceReply => ({ kind: 'done', body });
const notUsed = (index: number, of: Asked<TuplesRequest>, reason: string) => {
  const pairs = of.body.kind === 'delete' ? [] : of.body.pairs;
  return { index, pair: pairs[index], reason, message: 'why' };
};
const PUT_ANSWER = { used: 2, notUsed: [notUsed(2, PUT, 'malformed')] };
const all = { kind: 'get', keys: undefined, values: undefined, limit: 1000, after: 0 } as const;
const count = { kind: 'count' } as const;
const none = { next: 0, problem: undefined };

const faults: Readonly<Record<string, readonly [why: RegExp, tell: () => void]>> = {
  'a put of what nobody sent': [/nobody sent it/, () => taken(['other'], { other: RIGHT['put'] ?? {} })],
  'a put over what is there': [
    /is no result of/,
    () =>
      taken(['put', 'again'], {
        again: {
          pairs: [
            [0, 'a', '3'],
            [1, 'c', '4'],
          ],
          notUsed: [],
        },
      }),
  ],
  'a put of another value': [
    /is no result of/,
    () =>
      taken(['put'], {
        put: {
          pairs: [
            [0, 'a', '7'],
            [1, 'b', '2'],
          ],
        },
      }),
  ],
  'a put that forgets a pair': [/is no result of/, () => taken(['put'], { put: { pairs: [[0, 'a', '1']] } })],
  'a post of what is not there': [
    /is no result of/,
    () =>
      taken(['put', 'post'], {
        post: {
          pairs: [
            [0, 'b', '5'],
            [1, 'd', '6'],
          ],
          notUsed: [],
        },
      }),
  ],
  'a delete that leaves a match': [
    /is no result of/,
    () => taken(['put', 'delete'], { delete: { removed: [], next: 0 } }),
  ],
  'a delete of more than matches': [
    /is no result of/,
    () =>
      taken(['put', 'again', 'delete'], {
        delete: {
          removed: [
            ['a', '1'],
            ['c', '4'],
          ],
        },
      }),
  ],
  'a delete by a malformed pattern': [
    /is no result of/,
    () => taken(['put', 'bad'], { bad: { removed: [['a', '1']] } }),
  ],
  'a salvaged put over what is there': [
    /a put of a, which was there/,
    () =>
      taken(['put', 'free'], {
        free: {
          pairs: [
            [0, 'a', '9'],
            [1, 'z', '9'],
          ],
          notUsed: [],
        },
      }),
  ],
  'a salvaged put of what was not asked': [
    /is no result of/,
    () => taken(['put', 'free'], { free: { pairs: [[1, 'y', '9']] } }),
  ],
  'a salvaged put that forgets a pair': [/is no result of/, () => taken(['put', 'free'], { free: { pairs: [] } })],
  'an answer with another count': [
    /instead of/,
    () => taken(['put']).judgeAnswer(PUT, done({ ...PUT_ANSWER, used: 3 }), 3),
  ],
  'an answer without what was not used': [
    /instead of/,
    () => taken(['put']).judgeAnswer(PUT, done({ ...PUT_ANSWER, notUsed: [] }), 3),
  ],
  'an answer by another entry': [
    /which is another one/,
    () => taken(['put', 'again']).judgeAnswer(PUT, done(PUT_ANSWER), 4),
  ],
  'a removed pair that is not told': [
    /instead of/,
    () => taken(['put', 'delete']).judgeAnswer(DELETE, done({ pairs: [], next: 1, problem: undefined }), 4),
  ],
  'a refusal': [
    /no state refuses it/,
    () => taken(['put']).judgeAnswer(PUT, { kind: 'refused', refusal: refusal('INTERNAL', 'x') }, 3),
  ],
  'a read of an older state': [
    /get as of op 4/,
    () => taken(['put', 'delete']).judgeRead(all, done({ pairs: [pair('a', '1'), pair('b', '2')], ...none }), 4),
  ],
  'a read of a later state': [
    /get as of op 3/,
    () => taken(['put', 'delete']).judgeRead(all, done({ pairs: [pair('b', '2')], ...none }), 3),
  ],
  'a page that is said to be the last': [
    /get as of op 3/,
    () => taken(['put']).judgeRead({ ...all, limit: 1 }, done({ pairs: [pair('a', '1')], ...none }), 3),
  ],
  'another count of pairs': [
    /count as of op 3/,
    () => taken(['put']).judgeRead(count, done({ tuples: 1, hash: 'h', op: 3 }), 3),
  ],
  'an older op of the last change': [
    /count as of op 3/,
    () => taken(['put']).judgeRead(count, done({ tuples: 2, hash: 'h', op: 0 }), 3),
  ],
  'another hash of the same pairs': [
    /the hash of .* was h, now i/,
    () => {
      const workload = taken(['put', 'bad']);
      workload.judgeRead(count, done({ tuples: 2, hash: 'h', op: 3 }), 3);
      workload.judgeRead(count, done({ tuples: 2, hash: 'i', op: 4 }), 4);
    },
  ],
  'the same hash of other pairs': [
    /has the hash of other pairs/,
    () => {
      const workload = taken(['put', 'post']);
      workload.judgeRead(count, done({ tuples: 2, hash: 'h', op: 3 }), 3);
      workload.judgeRead(count, done({ tuples: 2, hash: 'h', op: 4 }), 4);
    },
  ],
};

describe('simulation: tuple space', () => {
  for (const [name, [why, tell]] of Object.entries(faults))
    it(`tuples: objects to ${name}`, () => {
      expect(tell).to.throw(Violation, why);
    });

  it('tuples: accepts what is true, and what was salvaged in part', () => {
    const workload = taken(['put', 'again', 'post', 'delete', 'bad', 'free'], {
      free: { pairs: [], notUsed: [0, 1] },
    });
    workload.judgeAnswer(PUT, done(PUT_ANSWER), 3);
    workload.judgeAnswer(AGAIN, done({ used: 1, notUsed: [notUsed(0, AGAIN, 'present')] }), 4);
    workload.judgeAnswer(POST, done({ used: 1, notUsed: [notUsed(1, POST, 'absent')] }), 5);
    workload.judgeAnswer(DELETE, done({ pairs: [pair('a', '1')], next: 1, problem: undefined }), 6);
    workload.judgeAnswer(BAD, done({ pairs: [], next: 0, problem: malformed }), 7);
    workload.judgeRead(all, done({ pairs: [pair('b', '5'), pair('c', '4')], ...none }), 8);
    workload.judgeRead(
      { ...all, keys: ['(b|c)'], limit: 1 },
      done({ pairs: [pair('b', '5')], next: 2, problem: undefined }),
      8,
    );
    workload.judgeRead(count, done({ tuples: 2, hash: 'h', op: 8 }), 9);
  });
});
