import { expect } from 'chai';
import fc from 'fast-check';
import { csvRow } from '../../src/base/csv.js';
import { encodeEntry, GENESIS_CHAIN } from '../../src/base/entry.js';
import { plainColumns, scannedColumns } from '../../src/base/entry-columns.js';
import { op, view } from '../../src/base/numbers.js';

const TIME = '2026-11-21T20:00:00.000Z';
const ID = '6f9619ff-8b86-4d01-b42d-00cf4fc964ff';

/** What an update may hold, and what makes trouble in a row. */
const texts = fc
  .array(
    fc.oneof(
      fc.constantFrom('"', '""', ',', '\r\n', '\r', '\n', 'é', '🍕', '', '0', 'order|2|valid'),
      fc.string({ unit: 'binary', maxLength: 6 }),
    ),
    { maxLength: 5 },
  )
  .map((parts) => parts.join(''));

/** A row as the journal has it, mostly; sometimes with another number, time, name, checksum or chain. */
const rows = fc.oneof(
  fc.tuple(fc.nat(), fc.nat(), texts).map(([at, inView, update]) => {
    const head = { op: op(at), view: view(inView), timeMs: 1_795_000_000_000, requestId: ID, service: 'ordering' };
    return Buffer.from(encodeEntry({ ...head, update }, GENESIS_CHAIN).row);
  }),
  fc
    .tuple(
      fc.oneof(
        fc.nat().map(String),
        fc.constantFrom('', '00', '01', '999999999999999', '9999999999999999', '12345678901234567', '-1', '1e3'),
      ),
      fc.constantFrom('0', '7', '', '07', '9007199254740993'),
      fc.oneof(
        fc.constantFrom(TIME, 'Sat, 21 Nov 2026 20:00Z', 'Sat, 21 Nov 2026 20:00 Z', '2026-11-21', ''),
        fc.string({ minLength: 22, maxLength: 25 }),
      ),
      fc.oneof(fc.constantFrom(ID, '', 'x'.repeat(63), 'x'.repeat(64), 'x'.repeat(65)), texts),
      fc.oneof(fc.constantFrom('ordering', ''), texts),
      texts,
      fc.constantFrom('00ab12cd', '00AB12CD', '0ab12cd', '', '00ab12cde'),
      fc.constantFrom(GENESIS_CHAIN, 'f'.repeat(31), 'f'.repeat(33), 'G'.repeat(32), ''),
    )
    .map((fields) => Buffer.from(csvRow(fields))),
);

const BYTES = [...Buffer.from('",\r\n09afAZ |'), 0x00, 0x7f, 0x80, 0xc3, 0xa9, 0xff];

/** One byte put in, taken out or changed; `at` is a part of the row's length. */
const mutations = fc.array(
  fc.record({
    at: fc.double({ min: 0, max: 1, noNaN: true }),
    kind: fc.constantFrom('insert', 'remove', 'replace'),
    byte: fc.constantFrom(...BYTES),
  }),
  { maxLength: 3 },
);

function mutated(row: Buffer, changes: readonly { at: number; kind: string; byte: number }[]): Buffer {
  const bytes = [...row];
  for (const { at, kind, byte } of changes)
    bytes.splice(Math.floor(at * bytes.length), kind === 'insert' ? 0 : 1, ...(kind === 'remove' ? [] : [byte]));
  return Buffer.from(bytes);
}

describe('storage: columns of an entry in one pass', () => {
  it('what the fast reading takes is exactly what the strict one reads, whatever bytes stand there', () => {
    let taken = 0;
    fc.assert(
      fc.property(rows, mutations, fc.nat(3), fc.boolean(), (row, changes, before, isFollowed) => {
        const bytes = Buffer.concat([
          Buffer.alloc(before, ','),
          mutated(row, changes),
          isFollowed ? row : Buffer.alloc(0),
        ]);
        const plain = plainColumns(bytes, before);
        if (plain === undefined) return;
        taken++;
        expect(plain).to.deep.equal(scannedColumns(bytes, before));
      }),
      { numRuns: 10_000 },
    );
    expect(taken, 'rows that the fast reading takes').to.be.greaterThan(500);
  });

  it('a time with a comma or quotes in its 24 bytes is not one column as it stands', () => {
    for (const time of ['Sat, 21 Nov 2026 20:00 Z', `"${TIME.slice(0, 21)}Z"`]) {
      const text = `1,0,${time},${ID},ordering,x,00ab12cd,${GENESIS_CHAIN}\r\n`;
      expect(time).to.have.length(24);
      expect(plainColumns(Buffer.from(text), 0)).to.equal(undefined);
    }
  });

  it('the rows of orders are taken in one pass', () => {
    const head = { op: op(7), view: view(1), timeMs: 1_795_000_000_000, requestId: ID, service: 'ordering' };
    for (const update of ['order|2|valid|SW1A 1AA|anna|1|Tea|1|250', '{"kind":"motd","version":2}', '']) {
      const { row } = encodeEntry({ ...head, update }, GENESIS_CHAIN);
      const plain = plainColumns(Buffer.from(row), 0);
      expect(plain).to.deep.equal(scannedColumns(Buffer.from(row), 0));
      expect(plain?.update).to.equal(update);
    }
  });
});
