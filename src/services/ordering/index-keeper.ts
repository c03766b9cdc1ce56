import { DamagedFileError, type IndexFile, type Table } from '../../base/service.js';
import {
  decodeFrame,
  decodeHead,
  encodeFrame,
  FRAME_HEAD_BYTES,
  type FrameHead,
  type IndexPlace,
} from './index-frame.js';
import type { ChangeIndex } from './change-index.js';
import type { OrderIndex } from './order-index.js';
import { readOrder } from './orders-table.js';

/** Name of the index file. */
export const INDEX_FILE = 'orders.index';
/** Records that make a frame: what a start reads again from the tables at most, beside what came after the checkpoint. */
const FRAME_RECORDS = 4096;
/** Records of a frame at most, when there are many at once. */
const FRAME_RECORDS_MAX = 65_536;

const NOWHERE: IndexPlace = { orders: 0, changes: 0, users: 0, ordersBytes: 0, statusBytes: 0, op: 0 };

/** What is kept: the indexes and the tables that they are of. */
export interface Indexed {
  readonly index: OrderIndex;
  readonly changes: ChangeIndex;
  readonly ordersTable: Table;
  readonly statusTable: Table;
  /** Reads the row of a change; DamagedFileError when another stands there. */
  textOf(change: number): unknown;
}

/** How far state reaches that is to be restored: an index that reaches further is of later ops. */
export type IndexLimit = Pick<IndexPlace, 'orders' | 'changes' | 'op'>;

/**
 * Keeps what the indexes know in a file, frame by frame as it grows, and takes it up at a start: reading it costs a tenth of
 * reading the tables. The tables remain what is true: a frame whose checksum is wrong, that is missing, or that does not fit them
 * is made again from them.
 */
export class IndexKeeper {
  readonly #file: IndexFile | undefined;
  readonly #store: Indexed;
  /** What the file holds; `undefined` until it was looked at. */
  #kept: IndexPlace | undefined;
  /** Of the last frame; 0 before the first. */
  #checksum = 0;

  constructor(
    file: IndexFile | undefined,
    store: Indexed,
    readonly frameRecords = FRAME_RECORDS,
  ) {
    this.#file = file;
    this.#store = store;
  }

  /**
   * Takes up the file into empty indexes, as far as it reaches and `limit` allows. Returns up to where the tables need not be
   * read; `undefined` when the file was no good: it is empty then, and the indexes are to be thrown away.
   */
  load(limit: IndexLimit): IndexPlace | undefined {
    const heads = this.#headsUpTo(limit);
    let at = 0;
    let place = NOWHERE;
    let checksum = 0;
    for (const head of heads) {
      const bytes = FRAME_HEAD_BYTES + head.payloadBytes;
      if (!this.#take(at, bytes, head, place, checksum)) return this.discard();
      at += bytes;
      place = head.after;
      checksum = head.checksum;
    }
    if (!this.#fitsTables(place)) return this.discard();
    this.#file?.cut(at);
    this.#store.changes.placeAll();
    this.#store.index.takeLatest(this.#store.changes);
    this.#kept = place;
    this.#checksum = checksum;
    return place;
  }

  /** Writes what was added since the last frame, when that is enough for one. Between two ops. */
  keep(): void {
    if (this.#file === undefined || this.#kept === undefined) return;
    const { index, changes } = this.#store;
    if (index.count - this.#kept.orders + changes.count - this.#kept.changes < this.frameRecords) return;
    while (this.#kept !== undefined && this.#kept.op < this.#lastOp()) this.#append(this.#kept);
  }

  #append(kept: IndexPlace): void {
    const { index, changes, ordersTable, statusTable } = this.#store;
    const orders = Math.min(index.count, kept.orders + FRAME_RECORDS_MAX);
    const changeCount = Math.min(changes.count, kept.changes + FRAME_RECORDS_MAX);
    const isAll = orders === index.count && changeCount === changes.count;
    const after: IndexPlace = {
      orders,
      changes: changeCount,
      users: index.userCount,
      // Where the tables stood then is known of the last frame only: a start does not stop before it.
      ordersBytes: isAll ? ordersTable.length : 0,
      statusBytes: isAll ? statusTable.length : 0,
      op: isAll ? this.#lastOp() : kept.op,
    };
    const frame = {
      orders: index.columnsOf(kept.orders, orders),
      changes: changes.columnsOf(kept.changes, changeCount),
      users: index.users.namesFrom(kept.users),
    };
    const { bytes, checksum } = encodeFrame(frame, after, this.#checksum);
    this.#kept = this.#file?.append(bytes) === true ? after : undefined;
    this.#checksum = checksum;
  }

  #lastOp(): number {
    const { index, changes } = this.#store;
    const order = index.count === 0 ? 0 : index.opAt(index.count - 1);
    return Math.max(order, changes.count === 0 ? 0 : changes.opAt(changes.count - 1));
  }

  /** Heads of the frames from the first to the last at which a start may go on from the tables. */
  #headsUpTo(limit: IndexLimit): FrameHead[] {
    const heads: FrameHead[] = [];
    let usable = 0;
    const file = this.#file;
    for (let at = 0; file !== undefined && at < file.length;) {
      const head = decodeHead(file.read(at, FRAME_HEAD_BYTES));
      if (head === undefined) break;
      at += FRAME_HEAD_BYTES + head.payloadBytes;
      const { orders, changes, op } = head.after;
      if (at > file.length || orders > limit.orders || changes > limit.changes || op > limit.op) break;
      heads.push(head);
      if (this.#isInTables(head.after)) usable = heads.length;
    }
    return heads.slice(0, usable);
  }

  #isInTables({ ordersBytes, statusBytes }: IndexPlace): boolean {
    const { ordersTable, statusTable } = this.#store;
    return ordersBytes > 0 && ordersBytes <= ordersTable.length && statusBytes <= statusTable.length;
  }

  #take(at: number, bytes: number, head: FrameHead, before: IndexPlace, checksum: number): boolean {
    const frame = decodeFrame(this.#file?.read(at, bytes) ?? new Uint8Array(0), head, { place: before, checksum });
    if (frame === undefined) return false;
    const { index, changes } = this.#store;
    for (const user of frame.users) index.users.findOrAdd(user);
    if (index.users.count !== head.after.users) return false;
    index.addColumns(frame.orders);
    changes.addColumns(frame.changes);
    return true;
  }

  /** Whether the last order and the last change stand in the tables where the index has them. */
  #fitsTables({ ordersBytes }: IndexPlace): boolean {
    const { index, changes, ordersTable } = this.#store;
    const last = index.count - 1;
    try {
      if (index.count > 0) {
        const offset = index.offsetAt(last);
        const { op, orderId } = readOrder(ordersTable.read(offset, Math.max(0, ordersBytes - offset)));
        if (op !== index.opAt(last) || orderId !== index.idAt(last)) return false;
      }
      if (changes.count > 0) this.#store.textOf(changes.count - 1);
      return true;
    } catch (error) {
      // Reading the tables from the beginning tells what is wrong with them, if it is they.
      if (error instanceof DamagedFileError) return false;
      throw error;
    }
  }

  /** Empties the file: what it says is not so. */
  discard(): undefined {
    this.#kept = undefined;
    this.#file?.cut(0);
    return undefined;
  }
}
