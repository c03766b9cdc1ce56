import { expect } from 'chai';
import { parse } from 'csv-parse/sync';
import { DamagedFileError } from '../../../src/base/service.js';
import { Tuples } from '../../../src/services/tuples/tuples.js';
import { MemoryFiles } from '../../support/memory-files.js';
import { Driver, requestIdOf } from './tuples-driver.js';

function busy(): Driver {
  const driver = new Driver();
  driver.put(1, [
    ['a b', '1'],
    ['c', '2 2'],
  ]);
  driver.put(2, [['c', 'x']]);
  driver.post(3, [['c', '3']]);
  driver.delete(4, '.* .*');
  driver.delete(5, '(');
  return driver.commit();
}

describe('tables of the tuple space', () => {
  it('csv-parse reads every change and every request', () => {
    const contents = busy().files.contents();
    expect(parse(contents['tuples.csv'] ?? '', { columns: true })).to.deep.equal([
      { op: '2', change: 'put', key: 'a b', value: '1' },
      { op: '2', change: 'put', key: 'c', value: '2 2' },
      { op: '4', change: 'post', key: 'c', value: '3' },
      { op: '5', change: 'delete', key: 'a b', value: '1' },
    ]);
    const requests = parse<Record<string, string>>(contents['tuples-requests.csv'] ?? '', { columns: true });
    expect(requests.map(({ op, request_id }) => [op, request_id])).to.deep.equal(
      [1, 2, 3, 4, 5].map((number) => [String(number + 1), requestIdOf(number)]),
    );
    expect(requests[1]?.['answer']).to.equal('[0]');
    expect(requests[3]?.['answer']).to.equal('{"removed":[["a b","1"]],"next":0}');
  });

  it('an empty folder and no snapshot: nothing is there', () => {
    const driver = new Driver();
    expect(driver.count()).to.deep.equal({ tuples: 0, hash: '0000000000000000', op: 0 });
    expect(driver.get()).to.deep.equal([]);
    expect(driver.tuples.counts()).to.deep.equal({ tuples: 0, changes: 0 });
  });

  it('the op of a committed request is known', () => {
    const { tuples } = busy();
    expect(tuples.opOf(requestIdOf(3))).to.equal(4);
    expect(tuples.opOf(requestIdOf(9))).to.equal(undefined);
  });

  // Every row ends in CR LF; `damage` changes the text of one file.
  const cases: readonly (readonly [name: string, file: string, damage: (text: string) => string, what: RegExp])[] = [
    ['header', 'tuples.csv', (text) => text.replace('op,', 'no,'), /row 1: the header is no,/],
    ['op falls', 'tuples.csv', (text) => text.replace('\r\n4,', '\r\n1,'), /row 4: op 1 follows op 2/],
    ['op is none', 'tuples.csv', (text) => text.replace('\r\n4,', '\r\nx,'), /row 4: op is no number/],
    ['change', 'tuples.csv', (text) => text.replace(',post,', ',past,'), /row 4: change is none of/],
    ['key', 'tuples.csv', (text) => text.replace(',c,2', ',c-,2'), /row 3: its key is no tuple/],
    ['value', 'tuples.csv', (text) => text.replace(',2 2', ',2  2'), /row 3: its value is no tuple/],
    ['put twice', 'tuples.csv', (text) => text.replace('4,post', '4,put'), /row 4: the key that is put is there/],
    ['post of nothing', 'tuples.csv', (text) => text.replace('post,c,', 'post,d,'), /row 4: there is no such key/],
    [
      'delete of nothing',
      'tuples.csv',
      (text) => text.replace('delete,a b', 'delete,a'),
      /row 5: there is no such key/,
    ],
    [
      'delete of another',
      'tuples.csv',
      (text) => text.replace('delete,a b,1', 'delete,a b,2'),
      /row 5: .* another value/,
    ],
    ['another value', 'tuples.csv', (text) => text.replace('post,c,3', 'post,c,4'), /pairs with the hash/],
    ['a row is missing', 'tuples.csv', (text) => text.replace(/\r\n5[^\r]*/, ''), /3 changes instead of 4/],
    ['torn', 'tuples.csv', (text) => text.slice(0, -3), /row 5: the file ends inside the row/],
    ['id twice', 'tuples-requests.csv', (text) => text.replace(requestIdOf(2), requestIdOf(1)), /stands there twice/],
    [
      'a request is missing',
      'tuples-requests.csv',
      (text) => text.replace(/\r\n6[^\r]*/, ''),
      /4 requests instead of 5/,
    ],
  ];
  for (const [name, file, damage, what] of cases)
    it(`damage is found: ${file}, ${name}`, () => {
      const { files, tuples } = busy();
      const copy = files.copy();
      const table = copy.tables.get(file);
      const before = table?.text() ?? '';
      table?.replace(damage(before));
      expect(table?.text(), 'something was damaged').not.to.equal(before);
      expect(() => new Tuples(copy).restore(tuples.snapshot())).to.throw(DamagedFileError, what);
    });

  it('a snapshot that is none is damaged', () => {
    for (const text of ['x', 'null', '{}', busy().tuples.snapshot().replace('"format":1', '"format":2')])
      expect(() => new Tuples(new MemoryFiles()).restore(text), text).to.throw(DamagedFileError, /cannot be read/);
  });

  it('damage of an answer is found when it is read', () => {
    const driver = busy();
    const table = driver.files.tables.get('tuples-requests.csv');
    table?.replace(table.text().replace(requestIdOf(2), requestIdOf(7)));
    expect(() => driver.put(2, [['c', 'x']])).to.throw(DamagedFileError, /stands another/);
  });
});
