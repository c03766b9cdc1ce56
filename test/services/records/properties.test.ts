import { expect } from 'chai';
import fc from 'fast-check';
import type { Records } from '../../../src/services/records/records.js';
import { Records as RecordMap } from '../../../src/services/records/records.js';
import type { Field, UpdateRecord } from '../../../src/services/records/requests.js';
import { requestProblem } from '../../../src/services/records/validation.js';
import type { MemoryFiles } from '../../support/memory-files.js';
import { AWKWARD_VALUES, backupOf, Driver, requestIdOf, type Outcome } from './records-driver.js';

/** An update with its id; ids and names come from small ranges, so that they are used again, with the same content and others. */
interface Asked {
  readonly id: string;
  readonly body: UpdateRecord;
  readonly copies: number;
}

const NAMES = ['ann', 'bob', '王 1', '7'] as const;
const KEYS = ['id', 'about', '2', '1', 'größe', '__proto__'] as const;

const value = fc.oneof(fc.constantFrom(...AWKWARD_VALUES), fc.string({ unit: 'binary' }));
const fields: fc.Arbitrary<Field[]> = fc.uniqueArray(fc.tuple(fc.constantFrom(...KEYS), value), {
  selector: ([key]) => key,
  minLength: 1,
  maxLength: 4,
});
const asked: fc.Arbitrary<Asked> = fc
  .record({
    request: fc.nat({ max: 60 }),
    name: fc.constantFrom(...NAMES),
    fields,
    expectedVersion: fc.option(fc.nat({ max: 6 }), { nil: undefined, freq: 3 }),
    copies: fc.integer({ min: 1, max: 3 }),
  })
  .map(({ request, name, fields: set, expectedVersion, copies }) => {
    const body = { kind: 'update', name, fields: set } as const;
    return {
      id: requestIdOf(request),
      body: expectedVersion === undefined ? body : { ...body, expectedVersion },
      copies,
    };
  });

/** After each update so many entries are committed: on the whole fewer than there are, so that some are always open. */
const commits = fc.constantFrom(0, 0, 0, 0, 1, 1, 2, 9);
const steps = fc.array(fc.record({ asked, commits }), { maxLength: 80, size: 'max' });

type Steps = readonly { readonly asked: Asked; readonly commits: number }[];

function take(driver: Driver, { id, body, copies }: Asked): Outcome['reply'] {
  expect(requestProblem(body)).to.equal(undefined);
  return driver.update(id, body, copies).reply;
}

function run(driver: Driver, all: Steps): Driver {
  for (const { asked: each, commits: count } of all) {
    take(driver, each);
    driver.commit(count);
  }
  return driver;
}

/** What every query answers, as one value. */
function allAnswers(records: Records): unknown[] {
  return [
    records.query({ body: { kind: 'list', after: '', pageSize: 0 } }),
    records.counts(),
    ...NAMES.map((name) => records.query({ body: { kind: 'get', name } })),
  ];
}

interface Replica {
  readonly records: Records;
  readonly files: MemoryFiles;
}

function expectSame(a: Replica, b: Replica): void {
  expect(a.files.contents()).to.deep.equal(b.files.contents());
  expect(allAnswers(a.records)).to.deep.equal(allAnswers(b.records));
  expect(a.records.snapshot()).to.equal(b.records.snapshot());
}

describe('record map as a replicated service (properties)', function () {
  this.timeout(60_000);

  it('a primary that speculates equals a backup that only commits, byte for byte, with memory for records or without', () => {
    fc.assert(
      fc.property(steps, (all) => {
        const driver = run(new Driver(), all);
        expectSame(driver, backupOf(driver));
        driver.commit();
        expectSame(driver, backupOf(driver, { cacheBytesMax: 0 }));
      }),
      { numRuns: 100 },
    );
  });

  it('holds what a plain map holds', () => {
    fc.assert(
      fc.property(steps, (all) => {
        const driver = new Driver();
        const model = new Map<string, Map<string, string>>();
        for (const { asked: each, commits: count } of all) {
          const { execution, reply } = driver.update(each.id, each.body, each.copies);
          if (execution.kind === 'entry' && reply.kind === 'done') {
            const record = model.get(each.body.name) ?? new Map<string, string>();
            for (const [key, text] of each.body.fields) record.set(key, text);
            model.set(each.body.name, record);
          }
          driver.commit(count);
        }
        driver.commit();
        const held = [...model].map(([name, record]) => [name, [...record]]);
        const answered = driver.records.query({ body: { kind: 'list', after: '', pageSize: 0 } });
        const names = (answered as { body: { records: { name: string }[] } }).body.records.map(({ name }) => name);
        const found = names.map((name) => {
          const { body } = driver.records.query({ body: { kind: 'get', name } }) as {
            body: { record: { fields: Map<string, string> } };
          };
          return [name, [...body.record.fields]];
        });
        expect(found).to.deep.equal(held);
      }),
      { numRuns: 100 },
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
          late.commit(count);
        }
        late.commit();
        expectSame(prompt, late);
      }),
      { numRuns: 150 },
    );
  });

  it('tables and a snapshot at any point restore the live state, which then goes on alike', () => {
    fc.assert(
      fc.property(steps, steps, (before, after) => {
        const driver = run(new Driver(), before);
        const files = driver.files.copy();
        const records = new RecordMap(files);
        records.restore(driver.records.snapshot());
        driver.cutOff();
        const restored = driver.takenOver(records, files);
        expectSame(driver, restored);
        for (const { asked: each, commits: count } of after) {
          expect(take(restored, each)).to.deep.equal(take(driver, each));
          for (const either of [driver, restored]) either.commit(count);
        }
        for (const either of [driver, restored]) either.commit();
        expectSame(driver, restored);
      }),
      { numRuns: 100 },
    );
  });

  it('dropped speculation leaves no trace', () => {
    fc.assert(
      fc.property(steps, steps, (before, after) => {
        const driver = run(new Driver(), before);
        driver.cutOff();
        const { records, files } = backupOf(driver);
        const fresh = driver.takenOver(records, files);
        for (const { asked: each } of after) expect(take(driver, each)).to.deep.equal(take(fresh, each));
        for (const either of [driver, fresh]) either.commit();
        expectSame(driver, fresh);
      }),
      { numRuns: 100 },
    );
  });

  it('a new primary that speculates what it took over decides like the old one', () => {
    fc.assert(
      fc.property(steps, steps, (before, after) => {
        const driver = run(new Driver(), before);
        const { records, files } = backupOf(driver);
        const next = driver.takenOver(records, files, driver.entries.length);
        for (const { asked: each } of after) expect(take(next, each)).to.deep.equal(take(driver, each));
        for (const either of [driver, next]) either.commit();
        expectSame(driver, next);
      }),
      { numRuns: 100 },
    );
  });
});
