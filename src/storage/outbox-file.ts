import path from 'node:path';
import { csvRow, ROW_END, scanCsvRow } from '../base/csv.js';
import { op as makeOp, view as makeView } from '../base/numbers.js';
import type { OutboxItem } from '../base/service.js';
import type { FileStat, FileSystem } from '../ports/file-system.js';
import { DiskFullError, type Damage, type UnsoundItem } from '../ports/storage.js';
import { BESIDE_SUFFIX, replaceDurably, writeWhole } from './durable-file.js';
import { orDiskFull } from './errors.js';
import { checksumOf } from './slots.js';
import { differenceOf } from './tracked-file.js';
import { readIfReadable } from './unreadable.js';

/** Name of the outbox. */
export const OUTBOX_FILE = 'outbox.csv';
/** Where an outbox goes that could not be read whole, for people: the first of these names that is free. */
export const DAMAGED_OUTBOX_FILE = 'outbox-damaged.csv';
/** Outboxes that are kept so at most; beyond, the last one is written over. */
const KEPT_MAX = 20;
const keptName = (number: number): string => (number === 1 ? DAMAGED_OUTBOX_FILE : `outbox-damaged-${number}.csv`);

const COLUMNS = ['request_id', 'service', 'update', 'time', 'view', 'op', 'state', 'checksum'];
const WAITING = 'waiting';
/** State of the last row, which counts the others: a row that was removed whole is missed. */
const END = 'end';
const NATURAL = /^(0|[1-9][0-9]{0,15})$/;

/** What outbox.csv holds: the items that can be read, and what is wrong with the rest. */
export interface ReadOutbox {
  readonly items: OutboxItem[];
  readonly damage: Damage | undefined;
}

/** Reads the outbox. Rows carry a checksum each: an order must not be submitted as another than the customer's. */
export function readOutbox(fileSystem: FileSystem, folder: string): ReadOutbox {
  const file = path.join(folder, OUTBOX_FILE);
  const damaged = (items: OutboxItem[], what: string, row?: number): ReadOutbox => ({
    items,
    damage: row === undefined ? { file: OUTBOX_FILE, what } : { file: OUTBOX_FILE, row, what },
  });
  if (fileSystem.stat(file) === undefined) return damaged([], 'the file is missing');
  const read = readIfReadable(fileSystem, file);
  if (read.kind === 'unreadable') return damaged([], read.what);
  const bytes = Buffer.from(read.bytes);
  const items: OutboxItem[] = [];
  const header = scanCsvRow(bytes, 0);
  const isHeader = header.kind === 'row' && header.fields.join() === COLUMNS.join();
  let problem = isHeader ? undefined : damaged(items, 'the header row is not that of an outbox', 1);
  let at = isHeader ? header.end : 0;
  for (let row = isHeader ? 2 : 1; ; row++) {
    const scanned = scanCsvRow(bytes, at);
    if (scanned.kind === 'end') return problem ?? damaged(items, `its last row is missing, rows may be too`, row);
    const fields = scanned.kind === 'row' ? scanned.fields : [];
    if (scanned.kind === 'row' && fields[6] === END && scanned.end === bytes.length) {
      if (problem !== undefined) return problem;
      if (endRow(bytes.subarray(0, at), items.length) === bytes.toString('utf8', at))
        return { items, damage: undefined };
      const what = `rows were removed or changed: ${items.length} can be read, it ended with ${fields[5]}`;
      return damaged(items, what, row);
    }
    const item = itemOf(fields);
    if (item !== undefined) items.push(item);
    else if (row > 1) problem ??= damaged(items, 'the row is damaged', row);
    // Behind a row that cannot be read others may be: an update holds no line end of its own.
    at = scanned.kind === 'row' ? scanned.end : nextRow(bytes, at);
  }
}

/** outbox.csv: acknowledged requests that are not known to be committed. Rewritten whole, durably, one change at a time. */
export class OutboxFile {
  /** What the file should hold. While there is no room it may hold less, or what is settled. */
  #items: OutboxItem[];
  /** Whether the file holds exactly the items: otherwise the next write is owed, whatever it is asked for. */
  #isWhole: boolean;
  /** Whether what stands in the file may be damaged: it is kept beside before the file is written. */
  #isDoubted: boolean;
  /** Whether it is kept whatever can be read of it. */
  #isKeptAsItIs = false;
  /** Where it was kept last. */
  #keptAs = DAMAGED_OUTBOX_FILE;
  #expected: FileStat | undefined;
  #writing: Promise<void> | undefined;

  /** `isSound`: the file holds exactly these items. */
  constructor(
    readonly fileSystem: FileSystem,
    readonly folder: string,
    items: readonly OutboxItem[],
    isSound: boolean,
  ) {
    this.#items = [...items];
    this.#isWhole = isSound;
    this.#isDoubted = !isSound;
    if (isSound) this.#expected = fileSystem.stat(this.#path);
  }

  get isEmpty(): boolean {
    return this.#items.length === 0;
  }

  /**
   * Adds items, before anything is cut that held them; an id that is there already stays as it is. Without room none of them
   * is added.
   */
  add(items: readonly OutboxItem[]): Promise<void> {
    return this.#change((now) => {
      const all = withAdded(now, items);
      return all.length > now.length ? all : undefined;
    });
  }

  /** Adds items that must not be forgotten: without room they are owed, and every later write writes them too. */
  keep(items: readonly OutboxItem[]): Promise<void> {
    return this.#owe((now) => withAdded(now, items));
  }

  /** Removes settled items; without room, with a later write. */
  settle(requestIds: readonly string[]): Promise<void> {
    const settled = new Set(requestIds);
    return this.#owe((now) => now.filter(({ requestId }) => !settled.has(requestId)));
  }

  /** Takes out items that can never be carried out; the file as it was is kept beside. Without room, with a later write. */
  async setAside(unsound: readonly UnsoundItem[]): Promise<Damage[]> {
    if (unsound.length === 0) return [];
    const rows = new Map(this.#isWhole ? this.#items.map(({ requestId }, index) => [requestId, index + 2]) : []);
    this.#isDoubted = true;
    this.#isKeptAsItIs = true;
    try {
      await this.settle(unsound.map(({ requestId }) => requestId));
    } catch (error) {
      if (!(error instanceof DiskFullError)) throw error;
    }
    return unsound.map(({ requestId, why }) => {
      const row = rows.get(requestId);
      const what = `the request ${requestId} can never be carried out: ${why}`;
      return { file: OUTBOX_FILE, ...(row === undefined ? {} : { row }), what, kept: this.#keptAs };
    });
  }

  /** Writes the file from what is in memory; one that cannot be read whole is kept beside it, for people. */
  async writeAnew(): Promise<void> {
    this.#isWhole = false;
    this.#isDoubted = true;
    await this.#change(() => undefined);
  }

  /**
   * What the file system shows to be wrong with the file while nothing is being written; put right from memory. What is owed
   * is written if there is room now.
   */
  async mend(): Promise<Damage | undefined> {
    if (this.#writing !== undefined) return undefined;
    if (!this.#isWhole) {
      await this.#change(() => undefined).catch((error: unknown) => {
        if (!(error instanceof DiskFullError)) throw error;
      });
      return undefined;
    }
    if (this.#expected === undefined) return undefined;
    const what = differenceOf(this.#expected, this.fileSystem.stat(this.#path), false);
    if (what === undefined) return undefined;
    await this.writeAnew();
    return { file: OUTBOX_FILE, what };
  }

  get #path(): string {
    return path.join(this.folder, OUTBOX_FILE);
  }

  /** Unreadable ones are renamed: nothing of them was taken, so nothing is lost when this process dies in between. */
  async #keepDamaged(): Promise<void> {
    if (this.fileSystem.stat(this.#path) === undefined) return;
    if (!this.#isKeptAsItIs && readOutbox(this.fileSystem, this.folder).damage === undefined) return;
    const read = readIfReadable(this.fileSystem, this.#path);
    const bytes = read.kind === 'unreadable' ? undefined : read.bytes;
    const found = this.#placeToKeep(bytes);
    this.#keptAs = found.name;
    if (found.isKept) return;
    const aside = path.join(this.folder, found.name);
    if (bytes === undefined) {
      this.fileSystem.remove(aside);
      this.fileSystem.rename(this.#path, aside);
      return;
    }
    await orDiskFull(
      () => writeWhole(this.fileSystem, aside, bytes),
      () => this.fileSystem.remove(aside),
    );
  }

  /** What was kept before stays: it may be the only copy of an order that was acknowledged. */
  #placeToKeep(bytes: Uint8Array | undefined): { readonly name: string; readonly isKept: boolean } {
    for (let number = 1; ; number++) {
      const name = keptName(number);
      const place = path.join(this.folder, name);
      if (number === KEPT_MAX || this.fileSystem.stat(place) === undefined) return { name, isKept: false };
      const before = readIfReadable(this.fileSystem, place);
      // A start that was broken off finds the same file again.
      if (bytes !== undefined && before.kind !== 'unreadable' && Buffer.from(before.bytes).equals(bytes))
        return { name, isKept: true };
    }
  }

  /** Changes what the file should hold, after every change before, and writes it. */
  async #owe(of: (now: readonly OutboxItem[]) => OutboxItem[]): Promise<void> {
    await this.#change((now) => {
      const items = of(now);
      if (items.length !== now.length) {
        this.#items = items;
        this.#isWhole = false;
      }
      return undefined;
    });
  }

  /**
   * Makes `items` of the present ones the file's, after every change before; `undefined` changes nothing, but what is owed is
   * written: a caller may rely on an item that is there already.
   */
  async #change(of: (now: readonly OutboxItem[]) => readonly OutboxItem[] | undefined): Promise<void> {
    // Settling overlaps with switches of the log: two changes of one file at once would lose one of them.
    while (this.#writing !== undefined) await this.#writing.catch(() => undefined);
    const items = of(this.#items) ?? (this.#isWhole ? undefined : this.#items);
    if (items === undefined) return;
    this.#writing = this.#write(items);
    try {
      await this.#writing;
    } finally {
      this.#writing = undefined;
    }
  }

  async #write(items: readonly OutboxItem[]): Promise<void> {
    if (this.#isDoubted) await this.#keepDamaged();
    const rows = csvRow(COLUMNS) + items.map(rowOf).join('');
    const bytes = Buffer.from(rows + endRow(Buffer.from(rows), items.length));
    await orDiskFull(
      () => replaceDurably(this.fileSystem, this.folder, OUTBOX_FILE, bytes),
      () => {
        this.fileSystem.remove(this.#path + BESIDE_SUFFIX);
      },
    );
    this.#items = [...items];
    this.#isWhole = true;
    this.#isDoubted = false;
    this.#isKeptAsItIs = false;
    this.#expected = this.fileSystem.stat(this.#path);
  }
}

function withAdded(now: readonly OutboxItem[], items: readonly OutboxItem[]): OutboxItem[] {
  const known = new Set(now.map(({ requestId }) => requestId));
  return [...now, ...items.filter(({ requestId }) => !known.has(requestId))];
}

/** Where the row ends that begins, or is broken, at a byte. */
function nextRow(bytes: Buffer, at: number): number {
  const end = bytes.indexOf(ROW_END, at);
  return end < 0 ? bytes.length : end + ROW_END.length;
}

/** Rows that were encoded before: orders taken alone rewrite the file with all that waits (0.6 s for 10,000 without this). */
const encoded = new WeakMap<OutboxItem, string>();

function rowOf(item: OutboxItem): string {
  const known = encoded.get(item);
  if (known !== undefined) return known;
  const fields = fieldsOf(item);
  const row = csvRow([...fields, checksumOf(csvRow(fields))]);
  encoded.set(item, row);
  return row;
}

/** The last row: how many there are before it, and a checksum over them all. */
function endRow(before: Uint8Array, count: number): string {
  const fields = ['', '', '', '', '', String(count), END];
  return csvRow([...fields, checksumOf(Buffer.from(before).toString('utf8') + csvRow(fields))]);
}

function fieldsOf({ requestId, service, update, timeMs, view, op }: OutboxItem): string[] {
  return [requestId, service, update, new Date(timeMs).toISOString(), String(view), String(op), WAITING];
}

function itemOf(fields: readonly string[]): OutboxItem | undefined {
  const [requestId, service, update, time, view, op, state, checksum] = fields;
  if (requestId === undefined || service === undefined || update === undefined || time === undefined) return undefined;
  if (view === undefined || op === undefined || state !== WAITING || fields.length !== COLUMNS.length) return undefined;
  if (checksum !== checksumOf(csvRow(fields.slice(0, -1)))) return undefined;
  const timeMs = Date.parse(time);
  if (!NATURAL.test(view) || !NATURAL.test(op) || Number.isNaN(timeMs)) return undefined;
  return { requestId, service, update, timeMs, view: makeView(Number(view)), op: makeOp(Number(op)) };
}
