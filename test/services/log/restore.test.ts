import { expect } from 'chai';
import { parse } from 'csv-parse/sync';
import { DamagedFileError } from '../../../src/base/service.js';
import { MessageLog } from '../../../src/services/log/message-log.js';
import { MemoryFiles } from '../../support/memory-files.js';
import { AWKWARD, Driver, everything, keyIn, list, requestIdOf } from './log-driver.js';

function awkward(): Driver {
  const driver = new Driver();
  for (const [number, value] of AWKWARD.entries()) driver.append(requestIdOf(number), value);
  return driver.commit();
}

/** The rows of a driver's table without the header. */
function rowsOf({ files }: Driver): string[] {
  return (files.contents()['messages.csv'] ?? '').split('\r\n').slice(1, -1);
}

/** A log whose table holds these rows, restored with the driver's snapshot. */
function restoring(driver: Driver, rows: readonly string[], snapshot = driver.log.snapshot()): () => MessageLog {
  return () => {
    const files = driver.files.copy();
    files.tables.get('messages.csv')?.replace(['op,key,request_id,time,value', ...rows, ''].join('\r\n'));
    const log = new MessageLog(files);
    log.restore(snapshot);
    return log;
  };
}

describe('message log: table', () => {
  it('csv-parse reads messages.csv, and JSON the values in it', () => {
    const driver = awkward();
    const rows = parse<Record<string, string>>(driver.files.contents()['messages.csv'] ?? '', { columns: true });
    expect(Object.keys(rows[0] ?? {}).join()).to.equal('op,key,request_id,time,value');
    expect(rows.map(({ value }) => JSON.parse(value ?? '') as unknown)).to.deep.equal(AWKWARD);
    expect(rows.map(({ key }) => Number(key))).to.deep.equal(AWKWARD.map((_, key) => key));
    expect(rows[5]).to.include({ op: '8', request_id: requestIdOf(5), time: list(driver.log, 5, 1).messages[0]?.time });
  });
});

describe('message log: restore', () => {
  it('an empty folder and no snapshot: the state before the founding', () => {
    const log = new MessageLog(new MemoryFiles());
    log.restore('');
    expect(list(log)).to.deep.equal({ messages: [], nextFrom: 0, count: 0 });
    expect(log.foundingSeed()).to.equal('');
    expect(log.found()).to.deep.equal([]);
  });

  it('table and snapshot give back every message and every request', () => {
    const driver = awkward();
    const restored = new Driver(driver.files.copy()).follow(driver);
    restored.log.restore(driver.log.snapshot());
    expect(everything(restored.log)).to.deep.equal(everything(driver.log));
    expect(restored.append(requestIdOf(7), AWKWARD[7] ?? '').execution).to.deep.include({ kind: 'known', op: 10 });
    expect(keyIn(restored.append(requestIdOf(99), 'next').reply)).to.equal(AWKWARD.length);
    expect(restored.log.snapshot()).to.equal(driver.log.snapshot());
  });

  it('forgets what was not committed', () => {
    const driver = awkward();
    driver.append(requestIdOf(99), 'lost');
    driver.log.restore(driver.log.snapshot());
    expect(keyIn(driver.append(requestIdOf(99), 'another').reply)).to.equal(AWKWARD.length);
  });

  it('a gap in the keys is damage, named by its row', () => {
    const driver = awkward();
    const rows = rowsOf(driver);
    const without = rows.filter((_, key) => key !== 4);
    expect(restoring(driver, without)).to.throw(
      DamagedFileError,
      'messages.csv: row 6: key 5 stands where key 4 belongs',
    );
    expect(restoring(driver, rows.slice(1))).to.throw(DamagedFileError, 'row 2: key 1 stands where key 0 belongs');
    expect(restoring(driver, rows)().counts(), 'as it was written').to.deep.equal({ messages: rows.length });
  });

  it('rows that are missing, repeated, exchanged or changed are damage', () => {
    const driver = awkward();
    const rows = rowsOf(driver);
    const [first = '', second = '', ...rest] = rows;
    const cases: [readonly string[], RegExp][] = [
      [rows.slice(0, -1), /15 messages instead of 16/],
      [[first, first, second, ...rest], /op 3 follows op 3/],
      [[second, first, ...rest], /key 1 stands where key 0 belongs/],
      [[first, first.replace('3,0,', '4,1,'), ...rest], /its request_id stands there twice/],
      [[first.replace(requestIdOf(0), 'x'), second, ...rest], /request_id is no UUID/],
      [[...rows.slice(0, -1), (rows.at(-1) ?? '').replace('18,15,', '19,15,')], /of op 19 instead of 18/],
    ];
    for (const [damaged, why] of cases) expect(restoring(driver, damaged)).to.throw(DamagedFileError, why);
  });

  it('a snapshot that is none, or of other messages, is refused', () => {
    const driver = awkward();
    const rows = rowsOf(driver);
    expect(restoring(driver, rows, '{"format":2}')).to.throw(DamagedFileError, 'cannot be read');
    expect(restoring(driver, rows, 'x')).to.throw(DamagedFileError, 'cannot be read');
    expect(restoring(driver, rows, '')).to.throw(DamagedFileError, '16 messages instead of 0');
  });

  it('a row that is no longer what was written is found when it is read, never answered', () => {
    const driver = awkward();
    const table = driver.files.tables.get('messages.csv');
    table?.replace(table.text().replace(`4,1,`, `4,7,`));
    expect(() => driver.list()).to.throw(DamagedFileError, 'where message 1 was written stands 7');
    expect(driver.list(2, 1).messages[0]?.value, 'the others are').to.equal(AWKWARD[2]);
    table?.replace(table.text().replace('"""plain"""', '"""plain!"'));
    expect(() => driver.list(0, 1)).to.throw(DamagedFileError);
  });
});
