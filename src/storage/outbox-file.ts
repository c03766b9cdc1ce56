import path from 'node:path';
import { csvRow, scanCsvRow } from '../base/csv.js';
import { op as makeOp, view as makeView } from '../base/numbers.js';
import type { OutboxItem } from '../base/service.js';
import type { Damage, FileSystem } from '../ports.js';
import { BESIDE_SUFFIX, replaceDurably, writeWhole } from './durable-file.js';
import { orDiskFull } from './errors.js';
import { checksumOf } from './slots.js';

/** Name of the outbox. */
export const OUTBOX_FILE = 'outbox.csv';
/** Where an outbox goes that could not be read whole, for people. */
export const DAMAGED_OUTBOX_FILE = 'outbox-damaged.csv';

const COLUMNS = ['request_id', 'service', 'update', 'time', 'view', 'op', 'state', 'checksum'];
const WAITING = 'waiting';
const NATURAL = /^(0|[1-9][0-9]{0,15})$/;

/** What outbox.csv holds: the items that can be read, and what is wrong with the rest. */
export interface ReadOutbox {
  readonly items: OutboxItem[];
  readonly damage: Damage | undefined;
}

/** Reads the outbox. Rows carry a checksum each: an order must not be submitted as another than the customer's. */
export function readOutbox(fileSystem: FileSystem, folder: string): ReadOutbox {
  const file = path.join(folder, OUTBOX_FILE);
  if (fileSystem.stat(file) === undefined) {
    return { items: [], damage: { file: OUTBOX_FILE, what: 'the file is missing' } };
  }
  const bytes = fileSystem.readFile(file);
  const items: OutboxItem[] = [];
  const header = scanCsvRow(bytes, 0);
  if (header.kind !== 'row' || header.fields.join() !== COLUMNS.join()) {
    return { items, damage: { file: OUTBOX_FILE, row: 1, what: 'the header row is not that of an outbox' } };
  }
  let at = header.end;
  for (let row = 2; ; row++) {
    const scanned = scanCsvRow(bytes, at);
    if (scanned.kind === 'end') return { items, damage: undefined };
    const item = scanned.kind === 'row' ? itemOf(scanned.fields) : undefined;
    if (scanned.kind !== 'row' || item === undefined) {
      return { items, damage: { file: OUTBOX_FILE, row, what: 'the row is damaged' } };
    }
    items.push(item);
    at = scanned.end;
  }
}

/** outbox.csv: acknowledged requests that are not known to be committed. Rewritten whole, durably. */
export class OutboxFile {
  #items: OutboxItem[];
  /** The change under way: one at a time, each made of what the one before it left. */
  #last: Promise<void> = Promise.resolve();

  constructor(
    readonly fileSystem: FileSystem,
    readonly folder: string,
    items: readonly OutboxItem[],
  ) {
    this.#items = [...items];
  }

  /** Adds items, before anything is cut that held them; an id that is there already stays as it is. */
  add(items: readonly OutboxItem[]): Promise<void> {
    return this.#change(async () => {
      const known = new Set(this.#items.map(({ requestId }) => requestId));
      const added = items.filter(({ requestId }) => !known.has(requestId));
      if (added.length > 0) await this.write([...this.#items, ...added]);
    });
  }

  /** Removes settled items. */
  settle(requestIds: readonly string[]): Promise<void> {
    return this.#change(async () => {
      const settled = new Set(requestIds);
      const left = this.#items.filter(({ requestId }) => !settled.has(requestId));
      if (left.length < this.#items.length) await this.write(left);
    });
  }

  /** Settling overlaps with adding: made of the same rows, the later of two writes would undo the earlier one. */
  #change(change: () => Promise<void>): Promise<void> {
    const done = this.#last.then(change);
    this.#last = done.catch(() => undefined);
    return done;
  }

  /** Writes the file from what is in memory; one that cannot be read whole is kept beside it, for people. */
  async writeAnew(): Promise<void> {
    const file = path.join(this.folder, OUTBOX_FILE);
    if (this.fileSystem.stat(file) !== undefined && readOutbox(this.fileSystem, this.folder).damage !== undefined) {
      const bytes = this.fileSystem.readFile(file);
      await orDiskFull(
        () => writeWhole(this.fileSystem, path.join(this.folder, DAMAGED_OUTBOX_FILE), bytes),
        () => undefined,
      );
    }
    await this.write();
  }

  /** Writes the file with these items. */
  async write(items: readonly OutboxItem[] = this.#items): Promise<void> {
    const bytes = Buffer.from(csvRow(COLUMNS) + items.map(rowOf).join(''));
    await orDiskFull(
      () => replaceDurably(this.fileSystem, this.folder, OUTBOX_FILE, bytes),
      () => {
        this.fileSystem.remove(path.join(this.folder, OUTBOX_FILE + BESIDE_SUFFIX));
      },
    );
    this.#items = [...items];
  }
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
