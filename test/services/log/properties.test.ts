import { expect } from 'chai';
import fc from 'fast-check';
import type { OutboxItem, ServiceReply } from '../../../src/base/service.js';
import type { MessageLog } from '../../../src/services/log/message-log.js';
import type { MemoryFiles } from '../../support/memory-files.js';
import { AWKWARD, Driver, everything, requestIdOf } from './log-driver.js';

/** An append with its id; ids come from a small range, so that they are used again, with the same value and others. */
interface Asked {
  readonly number: number;
  readonly value: string;
  readonly copies: number;
}

const REQUESTS = 40;

const asked = fc.record({
  number: fc.nat({ max: REQUESTS - 1 }),
  value: fc.oneof(
    { arbitrary: fc.constantFrom('a', 'b'), weight: 3 },
    fc.constantFrom(...AWKWARD),
    fc.string({ unit: 'binary', minLength: 1, maxLength: 50 }),
  ),
  copies: fc.integer({ min: 1, max: 3 }),
});

/** After each request so many entries are committed: on the whole fewer than there are, so that some are always open. */
const commits = fc.constantFrom(0, 0, 0, 0, 1, 1, 2, 9);
const steps = fc.array(fc.record({ asked, commits }), { maxLength: 80, size: 'max' });

const take = (driver: Driver, { number, value, copies }: Asked): ServiceReply =>
  driver.append(requestIdOf(number), value, copies).reply;

function commitSome(driver: Driver, count: number): void {
  driver.commit(Math.min(driver.entries.length, driver.committed + count));
}

/** Takes all steps, committing as they say. */
function taken(all: readonly { asked: Asked; commits: number }[], driver = new Driver()): Driver {
  for (const { asked: each, commits: count } of all) {
    take(driver, each);
    commitSome(driver, count);
  }
  return driver;
}

/** A backup: commits the entries that are committed and executes nothing. */
function backupOf(driver: Driver): Driver {
  const backup = new Driver().follow(driver);
  for (const entry of driver.entries.slice(0, driver.committed)) backup.log.commit(entry);
  return backup;
}

function expectSame(a: { log: MessageLog; files: MemoryFiles }, b: { log: MessageLog; files: MemoryFiles }): void {
  expect(a.files.contents()).to.deep.equal(b.files.contents());
  expect(everything(a.log)).to.deep.equal(everything(b.log));
  expect(a.log.snapshot()).to.equal(b.log.snapshot());
  for (let number = 0; number < REQUESTS; number++)
    expect(a.log.hasCommitted(requestIdOf(number))).to.equal(b.log.hasCommitted(requestIdOf(number)));
}

describe('message log as a replicated service (properties)', function () {
  this.timeout(60_000);

  it('a primary that speculates equals a backup that only commits, byte for byte', () => {
    fc.assert(
      fc.property(steps, (all) => {
        const driver = taken(all);
        expectSame(driver, backupOf(driver));
        driver.commit();
        expectSame(driver, backupOf(driver));
      }),
      { numRuns: 200 },
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
        expectSame(prompt, late.commit());
      }),
      { numRuns: 200 },
    );
  });

  it('table and snapshot at any point restore the live state, which then goes on alike', () => {
    fc.assert(
      fc.property(steps, steps, (before, after) => {
        const driver = taken(before);
        const restored = new Driver(driver.files.copy());
        restored.log.restore(driver.log.snapshot());
        expectSame(driver, restored);
        driver.cutOff();
        restored.follow(driver);
        for (const { asked: each, commits: count } of after) {
          expect(take(restored, each)).to.deep.equal(take(driver, each));
          for (const either of [driver, restored]) commitSome(either, count);
        }
        expectSame(driver.commit(), restored.commit());
      }),
      { numRuns: 200 },
    );
  });

  it('dropped speculation leaves no trace; a new primary that speculates it decides like the old one', () => {
    fc.assert(
      fc.property(steps, steps, fc.boolean(), (before, after, isKept) => {
        const driver = taken(before);
        if (!isKept) driver.cutOff();
        const next = backupOf(driver);
        for (const entry of driver.entries.slice(driver.committed)) next.log.speculate(entry);
        for (const { asked: each } of after) expect(take(next, each)).to.deep.equal(take(driver, each));
        expectSame(driver.commit(), next.commit());
      }),
      { numRuns: 200 },
    );
  });

  it('whatever is cut off: acknowledged is kept, once, under keys without gaps', () => {
    fc.assert(
      fc.property(fc.array(steps, { maxLength: 5 }), (views) => {
        const driver = new Driver();
        /** First value that was taken by id with a promise that must be kept. */
        const promised = new Map<number, string>();
        for (const all of views) {
          const waiting: OutboxItem[] = [];
          for (const { asked: each, commits: count } of all) {
            const { execution, entry } = driver.append(requestIdOf(each.number), each.value, each.copies);
            if (execution.kind === 'entry' && entry !== undefined && each.copies === 1)
              promised.set(each.number, each.value);
            commitSome(driver, count);
          }
          for (const entry of driver.cutOff()) {
            const item = driver.log.salvage(entry, 2);
            if (item !== undefined) waiting.push(item);
          }
          // The outbox may hand them in more than once.
          for (const item of [...waiting, ...waiting.toReversed()]) driver.salvaged(item);
          driver.commit();
        }
        const all = everything(driver.log);
        expect(all.map(({ key }) => key)).to.deep.equal(all.map((_, index) => index));
        expect(new Set(all.map(({ requestId }) => requestId)).size, 'once').to.equal(all.length);
        for (const [number, value] of promised)
          expect(all.find(({ requestId }) => requestId === requestIdOf(number))?.value).to.equal(value);
      }),
      { numRuns: 200 },
    );
  });
});
