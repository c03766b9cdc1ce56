import { expect } from 'chai';
import { DamagedFileError } from '../../../src/base/service.js';
import { Records } from '../../../src/services/records/records.js';
import { MemoryFiles } from '../../support/memory-files.js';
import { Driver, get, list, requestIdOf, updateOf } from './records-driver.js';

/** Twenty versions of one record and one of another, committed. */
function filled(): Driver {
  const driver = new Driver();
  for (let number = 1; number <= 20; number++)
    driver.update(requestIdOf(number), updateOf('ann', { age: String(number), [`x${number}`]: `"${number}",` }));
  driver.update(requestIdOf(21), updateOf('bob', { age: '1' }));
  return driver.commit();
}

const damages: readonly (readonly [what: string, file: string, change: (text: string) => string, why: RegExp])[] = [
  ['a row is missing at the end', 'records.csv', (text) => rows(text).slice(0, -1).join(''), /1 records instead of 2/],
  [
    'a row is missing inside',
    'records.csv',
    (text) => rows(text).toSpliced(5, 1).join(''),
    /row 6: version 6 of the record follows version 4/,
  ],
  ['a row is there twice', 'records.csv', (text) => text + (rows(text).at(-1) ?? ''), /op 43 follows op 43/],
  ['the last row is torn', 'records.csv', (text) => text.slice(0, -3), /ends inside the row/],
  [
    'a row is not written as its version is',
    'records.csv',
    (text) => text.replace(',17,whole,', ',17,changed,'),
    /version 17 of a record is not written changed/,
  ],
  ['another header', 'records.csv', (text) => text.replace('extent', 'scope'), /the header is/],
  [
    'a request is missing',
    'records-requests.csv',
    (text) => rows(text).slice(0, -1).join(''),
    /20 requests instead of 21/,
  ],
  [
    'rows beyond the snapshot',
    'records.csv',
    (text) => `${text}99,2026-11-21T18:30:00.125Z,bob,2,changed,[]\r\n`,
    /op 99/,
  ],
];

const rows = (text: string): string[] => text.split(/(?<=\n)/);

describe('record map: start from its tables', () => {
  for (const [what, file, change, why] of damages)
    it(`damage: ${what}`, () => {
      const driver = filled();
      const files = driver.files.copy();
      const table = files.tables.get(file);
      const before = table?.text() ?? '';
      table?.replace(change(before));
      expect(table?.text(), 'the damage is one').to.not.equal(before);
      expect(() => new Records(files).restore(driver.records.snapshot())).to.throw(DamagedFileError, why);
    });

  it('damage that the scan does not see is found when the row is read, never answered', () => {
    const driver = filled();
    const files = driver.files.copy();
    const table = files.tables.get('records.csv');
    table?.replace(table.text().replace('[[""age"",""19""]', '[[""age"",19]    '));
    const records = new Records(files);
    records.restore(driver.records.snapshot());
    expect(() => get(records, 'ann')).to.throw(DamagedFileError, /none of a record/);
    expect(get(records, 'bob').version).to.equal(1);
  });

  it('before the founding, and in a cluster that was founded without it, there is nothing', () => {
    const records = new Records(new MemoryFiles());
    records.restore('');
    expect(list(records)).to.deep.equal({ records: [], hasMore: false });
    expect(records.foundingSeed()).to.equal('');
    expect(records.found()).to.deep.equal([]);
    expect(records.counts()).to.deep.equal({ records: 0, updates: 0 });
    expect(() => new Records(filled().files.copy()).restore('')).to.throw(DamagedFileError);
  });

  it('a refusal is remembered over a restart, and the op with it', () => {
    const driver = new Driver();
    driver.update(requestIdOf(1), updateOf('ann', { age: '1' }));
    const { reply } = driver.update(requestIdOf(2), updateOf('ann', { age: '2' }, 7));
    driver.commit();
    const records = new Records(driver.files.copy());
    records.restore(driver.records.snapshot());
    expect(records.snapshot()).to.equal(driver.records.snapshot());
    const again = driver.takenOver(records, driver.files.copy());
    expect(again.update(requestIdOf(2), updateOf('ann', { age: '2' }, 7)).reply).to.deep.equal(reply);
  });
});
