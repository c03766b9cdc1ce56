import { parse } from 'csv-parse/sync';
import { expect } from 'chai';
import fc from 'fast-check';
import { csvRow } from '../../src/base/csv.js';
import { DamagedFileError } from '../../src/base/service.js';
import { RowScanner } from '../../src/services/row-scanner.js';
import { MemoryTable } from '../support/memory-files.js';

const HEADER = 'a,b\r\n';

function rowsOf(text: string): string[][] {
  const table = new MemoryTable('test.csv', text);
  const scanner = new RowScanner(table, HEADER);
  const rows: string[][] = [];
  while (scanner.next()) rows.push([scanner.text(0), scanner.text(1)]);
  return rows;
}

describe('row scanner', () => {
  it('reads what was written, as csv-parse does', () => {
    const field = fc.oneof(fc.string({ unit: 'grapheme' }), fc.constantFrom('"', '""', ',', 'a\r\nb', '', '🍕'));
    fc.assert(
      fc.property(fc.array(fc.tuple(field, field), { maxLength: 20 }), (rows) => {
        const text = HEADER + rows.map((row) => csvRow(row)).join('');
        expect(rowsOf(text)).to.deep.equal(rows);
        expect(parse(text, { from_line: 2, relax_column_count: true }).length <= rows.length).to.equal(true);
      }),
    );
  });

  it('reads rows across the chunks of a large file', () => {
    const rows = Array.from({ length: 60_000 }, (_, number) => [`${number}`, `"${'x'.repeat(number % 200)}`]);
    const text = HEADER + rows.map((row) => csvRow(row)).join('');
    expect(Buffer.byteLength(text)).to.be.greaterThan(6_000_000);
    expect(rowsOf(text)).to.deep.equal(rows);
  });

  const damaged: readonly (readonly [name: string, text: string, what: string])[] = [
    ['another header', 'a,c\r\n', 'row 1: the header is a,c, not a,b'],
    ['no header', '', 'row 1: the file ends inside the row'],
    ['too few columns', 'a,b\r\n1\r\n', 'row 2: 1 columns instead of 2'],
    ['too many columns', 'a,b\r\n1,2\r\n1,2,3\r\n', 'row 3: more than 2 columns'],
    ['a torn row', 'a,b\r\n1,2', 'row 2: the file ends inside the row'],
    ['a torn quoted field', 'a,b\r\n1,"2\r\n', 'row 2: the file ends inside the row'],
    ['LF alone', 'a,b\r\n1,2\n', 'row 2: b has a quote or line end that is not quoted'],
    ['CR alone', 'a,b\r\n1,2\r3,4\r\n', 'row 2: b is not followed by a comma or CR LF'],
    ['a quote inside', 'a,b\r\n1"1,2\r\n', 'row 2: a has a quote or line end that is not quoted'],
    ['text after a quoted field', 'a,b\r\n"1"1,2\r\n', 'row 2: a is not followed by a comma or CR LF'],
  ];
  for (const [name, text, what] of damaged)
    it(`names file, row and column (${name})`, () => {
      expect(() => rowsOf(text)).to.throw(DamagedFileError, `test.csv: ${what}`);
    });

  it('numbers: refuses what is none', () => {
    for (const text of ['', 'x', '-1', '1.5', '1234567890123456', ' 1']) {
      const scanner = new RowScanner(new MemoryTable('test.csv', `${HEADER}${csvRow([text, text])}`), HEADER);
      scanner.next();
      expect(() => scanner.whole(0), `whole '${text}'`).to.throw(DamagedFileError, 'row 2: a ');
      if (text !== '1.5') expect(() => scanner.pence(1), `pence '${text}'`).to.throw(DamagedFileError, 'row 2: b ');
    }
    const scanner = new RowScanner(new MemoryTable('test.csv', `${HEADER}007,12.05\r\n`), HEADER);
    scanner.next();
    expect([scanner.whole(0), scanner.pence(1)]).to.deep.equal([7, 1205]);
  });
});
