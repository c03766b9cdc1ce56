import type { Inspection, RowsOf } from '../ports/inspection.js';
import { type RawRow, type RowDifferences, rowDifferences, unmatchedRows } from './row-difference.js';

/** Whoever can show rows: a replica that runs, or the folder of one that does not. */
export type RowSource = Pick<Inspection, 'hashRows' | 'readRows'>;

/** Ranges into which a range that differs is cut. */
const PARTS = 64;
/** Ops whose rows are sent rather than hashed again. */
const OPS_SENT_MAX = 256;
/** Rows that differ, of one table, that are told; beyond, it is only said that there are more. */
export const ROWS_TOLD_MAX = 1_000;

/** How a table differs between two sources. */
export interface TableDifference extends RowDifferences {
  readonly table: string;
  /** There is more than was looked for. */
  readonly isCut: boolean;
}

/**
 * How the rows of a table differ up to an op, found by hashes of ever smaller ranges of ops: of what is equal, nothing is sent. `undefined` when
 * nothing differs.
 */
export async function tableDifference(
  table: string,
  header: string,
  toOp: number,
  sources: readonly [RowSource, RowSource],
): Promise<TableDifference | undefined> {
  const found = { a: [] as RawRow[], b: [] as RawRow[], isCut: false, isDifferent: false };
  if (toOp >= 1) await walk({ table, fromOp: 1, toOp }, sources, found);
  if (!found.isDifferent) return undefined;
  // Rows that stand among other ops in one file (a damaged op) meet here.
  return { table, ...rowDifferences(header, found.a, found.b), isCut: found.isCut };
}

interface Found {
  a: RawRow[];
  b: RawRow[];
  isCut: boolean;
  isDifferent: boolean;
}

async function walk(of: RowsOf, sources: readonly [RowSource, RowSource], found: Found): Promise<void> {
  const [a, b] = await Promise.all(sources.map((source) => source.hashRows(of, PARTS)));
  for (const [at, range] of (a ?? []).entries()) {
    const other = b?.[at];
    if (range.hash === other?.hash && range.bytes === other.bytes) continue;
    if (found.a.length + found.b.length >= ROWS_TOLD_MAX) {
      found.isCut = true;
      return;
    }
    found.isDifferent = true;
    const part = { table: of.table, fromOp: range.fromOp, toOp: range.toOp };
    if (part.toOp - part.fromOp >= OPS_SENT_MAX) await walk(part, sources, found);
    else {
      const [rowsA, rowsB] = await Promise.all(sources.map((source) => allRows(source, part)));
      const rest = unmatchedRows(rowsA ?? [], rowsB ?? []);
      found.a.push(...rest.a);
      found.b.push(...rest.b);
    }
  }
}

async function allRows(source: RowSource, of: RowsOf): Promise<RawRow[]> {
  const rows: RawRow[] = [];
  for (let fromOp = of.fromOp; ;) {
    const page = await source.readRows({ ...of, fromOp });
    rows.push(...rowsOfText(page.rows));
    if (page.nextOp === 0) return rows;
    fromOp = page.nextOp;
  }
}

/** The rows of a file's bytes, each with its line end. */
export function rowsOfText(bytes: Uint8Array): RawRow[] {
  return (
    Buffer.from(bytes)
      .toString('latin1')
      .match(/[^\n]*\n|[^\n]+$/g) ?? []
  );
}
