import { createHash } from 'node:crypto';
import path from 'node:path';
import { opParts } from '../base/op-parts.js';
import type { FileSystem, OpenFile } from '../ports/file-system.js';
import { InspectionError, type RowPage, type RowRange, type RowsOf, type StoppedFolder } from '../ports/inspection.js';
import { forEachChunk } from './durable-file.js';
import { OUTBOX_FILE } from './outbox-file.js';
import { isServiceFileName } from './service-files.js';

const LINE_FEED = 0x0a;
/** A table has a row for each op or more, with the op first. */
const TABLE_HEADER = 'op,';
/** The table with exactly one row for each op. */
const RECEIPTS_FILE = 'receipts.csv';
const PAGE_BYTES = 256 << 10;
const HASH_BYTES = 1 << 20;
const OP_DIGITS = 20;
/** Texts that people keep beside, and what a replica has for itself. */
const DOCUMENT_NAMES = new Set(['menu.csv', 'motd.txt']);

/**
 * Reads the files of a replica that does not run, as they lie there: whatever is damaged is shown, not put right. The caller has made sure that
 * nobody uses the folder. Throws InspectionError when there is nothing to read.
 */
export function openStoppedFolder(fileSystem: FileSystem, folder: string): StoppedFolder {
  const names = fileSystem.list(folder).filter((name) => isServiceFileName(name) && name !== OUTBOX_FILE);
  const notes: string[] = [];
  const tables = new Map<string, StoppedTable>();
  for (const name of names) {
    if (DOCUMENT_NAMES.has(name) || !name.endsWith('.csv')) continue;
    const table = readTable(fileSystem, path.join(folder, name));
    if (table === undefined) continue;
    tables.set(name, table);
    if (table.isTorn) notes.push(`${name} ends inside a row`);
    if (table.strangeRows > 0) notes.push(`${name}: ${table.strangeRows} rows have no op that fits where they stand`);
  }
  if (tables.size === 0) throw new InspectionError(`the folder ${folder} holds no tables`);
  const receipts = tables.get(RECEIPTS_FILE)?.rowCount ?? 0;
  const lastOp = receipts > 0 ? receipts : Math.max(...[...tables.values()].map((table) => table.lastOp));
  const documents = names.filter((name) => DOCUMENT_NAMES.has(name));
  const tableOf = (name: string): StoppedTable => {
    const table = tables.get(name);
    if (table === undefined) throw new InspectionError(`${name} is missing in ${folder}`);
    return table;
  };
  return {
    lastOp,
    notes,
    files: [
      ...[...tables.keys()].map((name) => ({ name, kind: 'table' as const })),
      ...documents.map((name) => ({ name, kind: 'document' as const })),
    ],
    headerOf: (name) => tableOf(name).header,
    hashRows: async ({ table, fromOp, toOp }: RowsOf, parts: number) => tableOf(table).ranges(fromOp, toOp, parts),
    readRows: async ({ table, fromOp, toOp }: RowsOf) =>
      documents.includes(table)
        ? { header: '', rows: fileSystem.readFile(path.join(folder, table)), nextOp: 0 }
        : tableOf(table).page(fromOp, toOp),
    close: () => {
      for (const table of tables.values()) table.close();
    },
  };
}

function readTable(fileSystem: FileSystem, file: string): StoppedTable | undefined {
  const open = fileSystem.open(file, false);
  const head = Buffer.from(open.read(0, TABLE_HEADER.length)).toString('latin1');
  if (head !== TABLE_HEADER) {
    open.close();
    return undefined;
  }
  return new StoppedTable(open);
}

/** A table of a stopped replica, with the place of every row: its ops may be damaged, so they cannot be searched for. */
class StoppedTable {
  readonly #open: OpenFile;
  readonly #bytes: number;
  readonly #offsets: number[] = [];
  /** The op of each row; of one that does not fit where it stands, that of the row before. */
  readonly #ops: number[] = [];
  /** The file does not end with a whole row. */
  readonly isTorn: boolean;
  readonly strangeRows: number;
  #header = '';

  constructor(open: OpenFile) {
    this.#open = open;
    this.#bytes = open.stat().bytes;
    let offset = 0;
    let row = 0;
    let rest = Buffer.alloc(0);
    const add = (head: string): void => {
      // The first is the header.
      if (row++ === 0) return;
      const text = head.slice(0, Math.max(0, head.indexOf(',')));
      this.#offsets.push(offset);
      this.#ops.push(/^[0-9]{1,16}$/.test(text) ? Number(text) : Number.NaN);
    };
    forEachChunk(open, this.#bytes, (chunk) => {
      const bytes = Buffer.concat([rest, chunk]);
      let at = 0;
      for (let end = bytes.indexOf(LINE_FEED); end >= 0; end = bytes.indexOf(LINE_FEED, at)) {
        if (row === 0) this.#header = bytes.toString('latin1', 0, end + 1);
        add(bytes.toString('latin1', at, Math.min(end, at + OP_DIGITS)));
        offset += end + 1 - at;
        at = end + 1;
      }
      rest = bytes.subarray(at);
    });
    this.isTorn = rest.length > 0;
    if (this.isTorn) add(rest.toString('latin1', 0, OP_DIGITS));
    this.strangeRows = straighten(this.#ops);
  }

  get header(): string {
    return this.#header;
  }

  get lastOp(): number {
    return this.#ops.at(-1) ?? 0;
  }

  /** Rows, the header and a torn end not counted. */
  get rowCount(): number {
    return this.#ops.length - (this.isTorn ? 1 : 0);
  }

  ranges(fromOp: number, toOp: number, parts: number): RowRange[] {
    return opParts(fromOp, toOp, parts).map((part) => {
      const from = this.#offsetOf(part.fromOp);
      const to = this.#offsetOf(part.toOp + 1);
      const hash = createHash('sha256');
      for (let at = from; at < to; at += HASH_BYTES) hash.update(this.#open.read(at, Math.min(HASH_BYTES, to - at)));
      return { ...part, bytes: to - from, hash: hash.digest('hex') };
    });
  }

  page(fromOp: number, toOp: number): RowPage {
    const from = this.#offsetOf(fromOp);
    const end = this.#offsetOf(toOp + 1);
    let last = fromOp;
    while (last < toOp && this.#offsetOf(last + 2) - from <= PAGE_BYTES) last++;
    const until = this.#offsetOf(last + 1);
    return { header: this.#header, rows: this.#open.read(from, until - from), nextOp: until < end ? last + 1 : 0 };
  }

  close(): void {
    this.#open.close();
  }

  /** Where the first row of this op or a later one begins. */
  #offsetOf(op: number): number {
    let low = 0;
    let high = this.#ops.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((this.#ops[middle] ?? 0) < op) low = middle + 1;
      else high = middle;
    }
    return this.#offsets[low] ?? this.#bytes;
  }
}

/**
 * Makes ops that should never fall do so: the longest sequence of rows that does not fall is believed, any other row counts to the op before
 * it. Returns how many others there are.
 */
function straighten(ops: number[]): number {
  if (ops.every((op, at) => op >= (ops[at - 1] ?? 0))) return 0;
  // Patience sorting: for each length, the row that ends such a sequence with the smallest op.
  const ends: number[] = [];
  const before = new Int32Array(ops.length).fill(-1);
  for (const [at, op] of ops.entries()) {
    if (Number.isNaN(op)) continue;
    let low = 0;
    let high = ends.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((ops[ends[middle] ?? 0] ?? 0) <= op) low = middle + 1;
      else high = middle;
    }
    before[at] = low > 0 ? (ends[low - 1] ?? -1) : -1;
    ends[low] = at;
  }
  const believed = new Set<number>();
  for (let at = ends.at(-1) ?? -1; at >= 0; at = before[at] ?? -1) believed.add(at);
  let op = 0;
  for (let at = 0; at < ops.length; at++) {
    if (believed.has(at)) op = ops[at] ?? op;
    else ops[at] = op;
  }
  return ops.length - believed.size;
}
