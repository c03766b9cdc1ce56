import { createHash } from 'node:crypto';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { opParts } from '../base/op-parts.js';
import type { Table } from '../base/service.js';
import { InspectionError, type RowPage, type RowRange } from '../ports/inspection.js';

const LINE_FEED = 0x0a;
const COMMA = 0x2c;
/** Bytes read and hashed in one turn of the event loop: a fraction of a millisecond. */
const SLICE_BYTES = 64 << 10;
/** Bytes of a page of rows; an op of more rows is sent whole. */
const PAGE_BYTES = 256 << 10;
const PROBE_BYTES = 512;

/**
 * The rows of a table by the op in their first column, which never falls; no field holds a line end. Committed rows never change, so what
 * is read over several turns is of one state, as long as the ops asked for were there at the beginning.
 */
export class TableRows {
  readonly #length: number;
  readonly #begin: number;

  constructor(private readonly table: Table) {
    this.#length = table.length;
    this.#begin = this.#rowAfter(0);
  }

  /** Hashes of `parts` ranges with about as many ops each. */
  async ranges(fromOp: number, toOp: number, parts: number): Promise<RowRange[]> {
    const ranges: RowRange[] = [];
    let offset = this.#offsetOf(fromOp);
    for (const part of opParts(fromOp, toOp, parts)) {
      const end = this.#offsetOf(part.toOp + 1);
      const hash = await this.#hash(offset, end);
      ranges.push({ ...part, bytes: end - offset, hash });
      offset = end;
    }
    return ranges;
  }

  /** Whole ops from `fromOp` on, as many as fit a page. */
  page(fromOp: number, toOp: number): RowPage {
    const header = Buffer.from(read(this.table, 0, this.#begin)).toString('latin1');
    const offset = this.#offsetOf(fromOp);
    const end = this.#offsetOf(toOp + 1);
    if (end - offset <= PAGE_BYTES) return { header, rows: read(this.table, offset, end - offset), nextOp: 0 };
    // The op in whose rows the page would end begins the next one.
    let nextOp = this.#opAt(this.#rowAfter(offset + PAGE_BYTES));
    if (nextOp <= fromOp) nextOp = fromOp + 1;
    const until = this.#offsetOf(nextOp);
    return { header, rows: read(this.table, offset, until - offset), nextOp: until < end ? nextOp : 0 };
  }

  async #hash(from: number, to: number): Promise<string> {
    const hash = createHash('sha256');
    for (let at = from; at < to; at += SLICE_BYTES) {
      hash.update(read(this.table, at, Math.min(SLICE_BYTES, to - at)));
      await nextTurn();
    }
    return hash.digest('hex');
  }

  /** Where the first row of `op` or a later one begins; the end of the table when there is none. */
  #offsetOf(op: number): number {
    let low = this.#begin;
    let high = this.#length;
    // `low` is always the beginning of a row below the op, or of the first row.
    if (low >= high || this.#opAt(low) >= op) return low;
    for (;;) {
      const row = this.#rowAfter(low + ((high - low) >> 1));
      if (row >= high) break;
      if (this.#opAt(row) >= op) high = row;
      else low = row;
    }
    // What is left between them is a row or two, or none.
    for (let row = this.#rowAfter(low); row < high; row = this.#rowAfter(row)) if (this.#opAt(row) >= op) return row;
    return high;
  }

  /** Where the row behind byte `at` begins; the end of the table when there is none. */
  #rowAfter(at: number): number {
    for (let from = at; from < this.#length; from += PROBE_BYTES) {
      const bytes = read(this.table, from, Math.min(PROBE_BYTES, this.#length - from));
      const end = bytes.indexOf(LINE_FEED);
      if (end >= 0) return from + end + 1;
    }
    return this.#length;
  }

  #opAt(row: number): number {
    if (row >= this.#length) return Number.POSITIVE_INFINITY;
    const bytes = read(this.table, row, Math.min(32, this.#length - row));
    const comma = bytes.indexOf(COMMA);
    const op = Number(Buffer.from(bytes.subarray(0, Math.max(0, comma))).toString('latin1'));
    if (comma < 1 || !Number.isSafeInteger(op)) throw new InspectionError(`${this.table.name} has no op in its rows`);
    return op;
  }
}

/** As `Table.read`; a table that was replaced by a shorter one meanwhile (a checkpoint was taken over) is no bug. */
function read(table: Table, offset: number, length: number): Uint8Array {
  if (offset + length <= table.length) return table.read(offset, length);
  throw new InspectionError(`${table.name} was replaced while it was read: another log was taken over. Ask again.`);
}

/** SHA-256 of the first `length` bytes of a table, read from the disk. */
export async function rehash(table: Table, length: number): Promise<string> {
  const hash = createHash('sha256');
  for (let at = 0; at < length; at += SLICE_BYTES) {
    hash.update(read(table, at, Math.min(SLICE_BYTES, length - at)));
    await nextTurn();
  }
  return hash.digest('hex');
}
