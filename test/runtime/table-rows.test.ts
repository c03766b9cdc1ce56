import { createHash } from 'node:crypto';
import { expect } from 'chai';
import fc from 'fast-check';
import { opParts } from '../../src/base/op-parts.js';
import { rehash, TableRows } from '../../src/runtime/table-rows.js';
import { MemoryTable } from '../support/memory-files.js';

const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex');

/** Rows of ops, of which each may have several or none. */
const tables = fc.array(fc.record({ rows: fc.nat(3), width: fc.integer({ min: 0, max: 900 }) }), { maxLength: 60 });

function tableOf(ops: readonly { rows: number; width: number }[]) {
  const table = new MemoryTable('t.csv', 'op,text\r\n');
  const rows: { op: number; text: string }[] = [];
  for (const [at, { rows: count, width }] of ops.entries())
    for (let row = 0; row < count; row++) {
      const text = `${at + 1},${'x'.repeat(width)}${row}\r\n`;
      table.append(text);
      rows.push({ op: at + 1, text });
    }
  const of = (from: number, to: number): string =>
    rows
      .filter(({ op }) => op >= from && op <= to)
      .map(({ text }) => text)
      .join('');
  return { table, of };
}

describe('table rows', () => {
  it('ranges: the bytes and hash of exactly the rows of their ops, without gaps', async () => {
    await fc.assert(
      fc.asyncProperty(tables, fc.integer({ min: 1, max: 70 }), async (ops, parts) => {
        const { table, of } = tableOf(ops);
        const last = Math.max(1, ops.length);
        const ranges = await new TableRows(table).ranges(1, last, parts);
        expect(ranges).to.deep.equal(
          opParts(1, last, parts).map(({ fromOp, toOp }) => {
            const text = of(fromOp, toOp);
            return { fromOp, toOp, bytes: text.length, hash: sha256(text) };
          }),
        );
        expect(ranges.length).to.be.at.most(parts);
      }),
    );
  });

  it('a page: the rows of the ops asked for', () => {
    fc.assert(
      fc.property(tables, fc.nat(70), fc.nat(70), (ops, one, other) => {
        const { table, of } = tableOf(ops);
        const from = 1 + Math.min(one, other);
        const to = 1 + Math.max(one, other);
        const page = new TableRows(table).page(from, to);
        expect(Buffer.from(page.rows).toString()).to.equal(of(from, to));
        expect(page.nextOp).to.equal(0);
      }),
    );
  });

  it('more than fits a page: whole ops, gone on from the next, an op of more rows in one piece', () => {
    const { table, of } = tableOf(Array.from({ length: 40 }, (_, at) => ({ rows: at === 7 ? 400 : 20, width: 900 })));
    const rows = new TableRows(table);
    let text = '';
    let pages = 0;
    for (let from = 1; from > 0; pages++) {
      const page = rows.page(from, 40);
      text += Buffer.from(page.rows).toString();
      from = page.nextOp;
    }
    expect(text === of(1, 40)).to.equal(true);
    expect(pages).to.be.greaterThan(3);
  });

  it('a table that was replaced by a shorter one while it was read: says so', async () => {
    const { table } = tableOf(Array.from({ length: 2_000 }, () => ({ rows: 1, width: 200 })));
    const ranges = new TableRows(table).ranges(1, 2_000, 4);
    table.replace('op,text\r\n');
    const error = await ranges.then(
      () => undefined,
      (reason: unknown) => reason,
    );
    expect(String(error)).to.match(/replaced while it was read.*Ask again/);
  });

  it('rehash: the SHA-256 of the first bytes', async () => {
    const { table } = tableOf([{ rows: 3, width: 10 }]);
    expect(await rehash(table, 9)).to.equal(sha256('op,text\r\n'));
  });
});
