import { expect } from 'chai';
import fc from 'fast-check';
import type { ServiceReply } from '../../../src/base/service.js';
import type { ChangeAnswer, PairsAnswer } from '../../../src/services/tuples/replies.js';
import type { TuplesRequest } from '../../../src/services/tuples/requests.js';
import { pairProblem } from '../../../src/services/tuples/tuple.js';
import { Tuples } from '../../../src/services/tuples/tuples.js';
import { MemoryFiles } from '../../support/memory-files.js';
import { Driver, textsOf } from './tuples-driver.js';

/** A request with its id; ids come from a small range, so that they are used again, with the same content and others. */
interface Asked {
  readonly id: number;
  readonly body: TuplesRequest;
  readonly copies: number;
}

const element = fc.constantFrom('a', 'b', 'ab', 'A', '1', '22', 'x'.repeat(64));
const key = fc.array(element, { minLength: 1, maxLength: 2 });
const value = fc.oneof(
  { arbitrary: fc.array(element, { minLength: 1, maxLength: 3 }), weight: 9 },
  { arbitrary: fc.constantFrom([], ['a b'], ['']), weight: 1 },
);
const change = fc.record({
  kind: fc.constantFrom('put' as const, 'put' as const, 'post' as const),
  pairs: fc.array(fc.record({ key, value }), { minLength: 1, maxLength: 5 }),
});
const pattern = fc.constantFrom('a', 'b', 'a.*', '.*', '[^a]+', '(?i)a', '\\d+', 'x+', '(', 'a|1');
const patterns = fc.array(pattern, { minLength: 1, maxLength: 2 });
const remove = fc.record({
  kind: fc.constant('delete' as const),
  keys: fc.option(patterns, { nil: undefined, freq: 9 }),
  values: fc.option(patterns, { nil: undefined, freq: 1 }),
  limit: fc.constantFrom(1, 2, 1000),
  after: fc.constantFrom(0, 0, 0, 1, 5),
});
const asked = fc.record({
  id: fc.nat({ max: 40 }),
  body: fc.oneof<[typeof change, typeof change, typeof remove]>(change, change, remove) as fc.Arbitrary<TuplesRequest>,
  copies: fc.integer({ min: 1, max: 3 }),
});
/** After each request so many entries are committed: on the whole fewer than there are, so that some are always open. */
const commits = fc.constantFrom(0, 0, 0, 0, 1, 1, 2, 9);
const steps = fc.array(fc.record({ asked, commits }), { maxLength: 60, size: 'max' });

function take(driver: Driver, { id, body, copies }: Asked): ServiceReply {
  return driver.request(id, body, copies).reply;
}

function commitSome(driver: Driver, count: number): void {
  driver.commit(Math.min(driver.entries.length, driver.committed + count));
}

/** What queries answer, as one value. */
function allAnswers(tuples: Tuples): unknown[] {
  const gets = [undefined, ['.*'], ['a', '.*'], ['a'], ['(?i)a.*']].flatMap((keys) =>
    [1, 1000].map((limit) => ({ kind: 'get', keys, values: undefined, limit, after: 0 }) as const),
  );
  return [tuples.query({ body: { kind: 'count' } }), ...gets.map((body) => tuples.query({ body }))];
}

/** A backup: commits so many entries and executes nothing. */
function backupOf(driver: Driver, upTo: number): { tuples: Tuples; files: MemoryFiles } {
  const files = new MemoryFiles();
  const tuples = new Tuples(files);
  tuples.restore('');
  for (const entry of driver.entries.slice(0, upTo)) tuples.commit(entry);
  return { tuples, files };
}

function expectSame(a: { tuples: Tuples; files: MemoryFiles }, b: { tuples: Tuples; files: MemoryFiles }): void {
  expect(a.files.contents()).to.deep.equal(b.files.contents());
  expect(allAnswers(a.tuples)).to.deep.equal(allAnswers(b.tuples));
  expect(a.tuples.snapshot()).to.equal(b.tuples.snapshot());
}

/** As a driver whose service and files are those of another replica that committed the same. */
function driverAs(driver: Driver, { tuples, files }: { tuples: Tuples; files: MemoryFiles }): Driver {
  const next = new Driver(files, tuples);
  next.entries.push(...driver.entries);
  next.committed = driver.committed;
  next.nowMs = driver.nowMs;
  return next;
}

describe('the tuple space as a replicated service (properties)', function () {
  this.timeout(60_000);

  it('a primary that speculates equals a backup that only commits, byte for byte', () => {
    fc.assert(
      fc.property(steps, (all) => {
        const driver = new Driver();
        for (const { asked: each, commits: count } of all) {
          take(driver, each);
          commitSome(driver, count);
        }
        expectSame(driver, backupOf(driver, driver.committed));
        driver.commit();
        expectSame(driver, backupOf(driver, driver.committed));
      }),
      { numRuns: 150 },
    );
  });

  it('decides alike, however far the commits lag behind', () => {
    fc.assert(
      fc.property(steps, (all) => {
        const prompt = new Driver();
        const late = new Driver();
        for (const { asked: each, commits: count } of all) {
          expect(take(late, each)).to.deep.equal(take(prompt, each));
          prompt.commit();
          commitSome(late, count);
        }
        late.commit();
        expectSame(prompt, late);
      }),
      { numRuns: 200 },
    );
  });

  it('does what a map would do', () => {
    fc.assert(
      fc.property(steps, (all) => {
        const driver = new Driver();
        const model = new Map<string, string>();
        const known = new Set<number>();
        for (const { asked: each, commits: count } of all) {
          if (known.has(each.id)) continue;
          known.add(each.id);
          const reply = take(driver, each);
          commitSome(driver, count);
          if (reply.kind === 'refused') throw new Error(reply.refusal.message);
          expectAsModel(model, each.body, reply.body);
        }
        driver.commit();
        expect(driver.get()).to.have.members([...model].map(([k, v]) => `${k}=${v}`));
        expect(driver.count().tuples).to.equal(model.size);
      }),
      { numRuns: 200 },
    );
  });

  it('tables and a snapshot at any point restore the live state, which then goes on alike', () => {
    fc.assert(
      fc.property(steps, steps, (before, after) => {
        const driver = new Driver();
        for (const { asked: each, commits: count } of before) {
          take(driver, each);
          commitSome(driver, count);
        }
        const files = driver.files.copy();
        const tuples = new Tuples(files);
        tuples.restore(driver.tuples.snapshot());
        expectSame(driver, { tuples, files });
        driver.cutOff();
        const restored = driverAs(driver, { tuples, files });
        for (const { asked: each, commits: count } of after) {
          expect(take(restored, each)).to.deep.equal(take(driver, each));
          for (const either of [driver, restored]) commitSome(either, count);
        }
        for (const either of [driver, restored]) either.commit();
        expectSame(driver, restored);
      }),
      { numRuns: 100 },
    );
  });

  it('dropped speculation leaves no trace, and a new primary takes over what is open', () => {
    fc.assert(
      fc.property(steps, steps, fc.boolean(), (before, after, isCutOff) => {
        const driver = new Driver();
        for (const { asked: each, commits: count } of before) {
          take(driver, each);
          commitSome(driver, count);
        }
        if (isCutOff) driver.cutOff();
        const next = driverAs(driver, backupOf(driver, driver.committed));
        for (const entry of driver.entries.slice(driver.committed)) next.tuples.speculate(entry);
        for (const { asked: each } of after) expect(take(driver, each)).to.deep.equal(take(next, each));
        for (const either of [driver, next]) either.commit();
        expectSame(driver, next);
      }),
      { numRuns: 100 },
    );
  });

  it('retries in any order, at any time, get identical replies', () => {
    fc.assert(
      fc.property(steps, fc.infiniteStream(fc.nat()), (all, chances) => {
        const driver = new Driver();
        const firsts: { each: Asked; reply: ServiceReply }[] = [];
        for (const { asked: each, commits: count } of all) {
          firsts.push({ each, reply: take(driver, each) });
          commitSome(driver, count);
          const retried = firsts[(chances.next().value ?? 0) % firsts.length];
          if (retried === undefined) continue;
          const entriesBefore = driver.entries.length;
          expect(take(driver, retried.each)).to.deep.equal(retried.reply);
          expect(driver.entries.length, 'a retry writes nothing').to.equal(entriesBefore);
        }
        driver.commit();
        for (const { each, reply } of firsts) expect(take(driver, each)).to.deep.equal(reply);
      }),
      { numRuns: 100 },
    );
  });
});

/** Applies a request to the model and compares what was answered. Patterns are taken by the engine of JavaScript. */
function expectAsModel(model: Map<string, string>, request: TuplesRequest, body: unknown): void {
  if (request.kind === 'delete') {
    const { pairs, next, problem } = body as PairsAnswer;
    const { keys, values, limit, after } = request;
    const isMalformed = keys === undefined || [...keys, ...(values ?? [])].includes('(');
    expect(problem !== undefined).to.equal(isMalformed);
    const matching = isMalformed ? [] : [...model].filter(([k, v]) => isMatch(keys, k) && isMatch(values, v));
    const texts = matching.map(([k, v]) => `${k}=${v}`);
    for (const text of textsOf({ pairs, next, problem })) expect(texts).to.include(text);
    if (after === 0) expect(pairs).to.have.length(Math.min(limit, texts.length));
    for (const pair of pairs) expect(model.delete(pair.key.join(' '))).to.equal(true);
    return;
  }
  const { used, notUsed } = body as ChangeAnswer;
  const expected: [number, string][] = [];
  for (const [index, pair] of request.pairs.entries()) {
    const text = pair.key.join(' ');
    if (pairProblem(pair) !== undefined) expected.push([index, 'malformed']);
    else if (model.has(text) === (request.kind === 'put'))
      expected.push([index, request.kind === 'put' ? 'present' : 'absent']);
    else model.set(text, pair.value.join(' '));
  }
  expect(notUsed.map(({ index, reason }) => [index, reason])).to.deep.equal(expected);
  expect(used).to.equal(request.pairs.length - expected.length);
}

function isMatch(texts: readonly string[] | undefined, tuple: string): boolean {
  if (texts === undefined) return true;
  const elements = tuple.split(' ');
  return (
    elements.length === texts.length &&
    texts.every((text, index) => {
      const [, flags = '', rest = ''] = /^(?:\(\?(i)\))?(.*)$/.exec(text) ?? [];
      return new RegExp(`^(?:${rest})$`, flags).test(elements[index] ?? '');
    })
  );
}
