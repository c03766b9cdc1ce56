import { roomFor, withRoom } from '../compact/columns.js';
import { HashedIds } from '../compact/hashed-ids.js';
import { ABSENT } from '../compact/id-index.js';
import { RisingNumbers } from '../compact/rising-numbers.js';
import type { UuidWords } from '../uuid.js';
import { statusCode, statusOfCode, type OrderStatus } from './order-status.js';
import { verdictCode, verdictOfCode, type PostcodeVerdict } from './postcode-verdict.js';

/** No record: the end of a chain. */
export const NONE = -1;

/** What the index keeps of a change. */
export interface ChangeFacts {
  readonly op: number;
  /** Where its row begins in order-status.csv. */
  readonly offset: number;
  /** Record of its order. */
  readonly order: number;
  /** The order's status after it. */
  readonly status: OrderStatus;
  /** What is known of the order's postcode after it. */
  readonly check: PostcodeVerdict;
}

/** Consecutive changes, a column a fact. */
export interface ChangeColumns {
  /** Hashes of the request ids. */
  readonly hashes: Int32Array;
  readonly ops: Float64Array;
  readonly offsets: Float64Array;
  readonly orders: Int32Array;
  /** `statusCode` of each. */
  readonly statuses: Uint8Array;
  /** `verdictCode` of each. */
  readonly checks: Uint8Array;
}

/**
 * Where each change of an order stands in order-status.csv: every row of it but the plain placings. Columns over typed
 * arrays, about 30 bytes a change. The changes of an order are a chain, newest first. Requests are found by their ids
 * for ever, as orders are; but seldom, so that memory has no more than a hash of each.
 */
export class ChangeIndex {
  readonly #requestIds: HashedIds;
  readonly #ops = new RisingNumbers();
  readonly #offsets = new RisingNumbers();
  #orders = new Int32Array(64);
  #previous = new Int32Array(64);
  #statuses = new Uint8Array(64);
  #checks = new Uint8Array(64);
  /** Newest change of each order, by the order's record; shifted by one so that an empty column means none. */
  #newest = new Int32Array(64);

  /** `requestIdAt`: the id of the request that made a change, from its row. */
  constructor(requestIdAt: (record: number) => string) {
    this.#requestIds = new HashedIds(requestIdAt);
  }

  /** Changes in the index. */
  get count(): number {
    return this.#requestIds.count;
  }

  /** Record of the change that this request made; ABSENT when there is none. */
  find(requestId: string): number {
    return this.#requestIds.find(requestId);
  }

  /** Adds a change; ops and offsets rise. Returns its record. */
  add(requestId: string, facts: ChangeFacts): number {
    return this.#fill(this.#requestIds.add(requestId), facts);
  }

  /** As `add`, of an id given as its words; ABSENT when it is there already, and nothing changes. */
  addNewWords(words: UuidWords, facts: ChangeFacts): number {
    const record = this.#requestIds.addNewWords(words);
    return record === ABSENT ? ABSENT : this.#fill(record, facts);
  }

  /** Makes room for `count` changes at once. */
  makeRoom(count: number): void {
    this.#reserve(roomFor(count));
  }

  #reserve(room: number): void {
    this.#requestIds.reserve(room);
    this.#ops.makeRoom(room);
    this.#offsets.makeRoom(room);
    this.#orders = withRoom(this.#orders, room);
    this.#previous = withRoom(this.#previous, room);
    this.#statuses = withRoom(this.#statuses, room);
    this.#checks = withRoom(this.#checks, room);
  }

  /** The records from `from` to, and without, `to`, as columns. */
  columnsOf(from: number, to: number): ChangeColumns {
    const ops = new Float64Array(to - from);
    const offsets = new Float64Array(to - from);
    for (let record = from; record < to; record++) {
      ops[record - from] = this.#ops.at(record);
      offsets[record - from] = this.#offsets.at(record);
    }
    return {
      hashes: this.#requestIds.hashesOf(from, to),
      ops,
      offsets,
      orders: this.#orders.subarray(from, to),
      statuses: this.#statuses.subarray(from, to),
      checks: this.#checks.subarray(from, to),
    };
  }

  /** Lets what `addColumns` added be found. */
  placeAll(): void {
    this.#requestIds.placeAll();
  }

  /** Adds what `columnsOf` gave: requests that are not there. None is found before `placeAll`. */
  addColumns({ hashes, ops, offsets, orders, statuses, checks }: ChangeColumns): void {
    const first = this.count;
    this.#reserve(first + ops.length);
    this.#requestIds.addUnplaced(hashes);
    for (let index = 0; index < ops.length; index++) {
      const record = first + index;
      const order = orders[index] as number;
      this.#ops.append(ops[index] as number);
      this.#offsets.append(offsets[index] as number);
      this.#newest = withRoom(this.#newest, order + 1);
      this.#previous[record] = (this.#newest[order] as number) - 1;
      this.#newest[order] = record + 1;
    }
    this.#orders.set(orders, first);
    this.#statuses.set(statuses, first);
    this.#checks.set(checks, first);
  }

  #fill(record: number, { op, offset, order, status, check }: ChangeFacts): number {
    const room = record + 1;
    this.#ops.append(op);
    this.#offsets.append(offset);
    this.#orders = withRoom(this.#orders, room);
    this.#previous = withRoom(this.#previous, room);
    this.#statuses = withRoom(this.#statuses, room);
    this.#checks = withRoom(this.#checks, room);
    this.#newest = withRoom(this.#newest, order + 1);
    this.#orders[record] = order;
    this.#previous[record] = (this.#newest[order] as number) - 1;
    this.#newest[order] = record + 1;
    this.#statuses[record] = statusCode(status);
    this.#checks[record] = verdictCode(check);
    return record;
  }

  /** Op of a change. */
  opAt(record: number): number {
    return this.#ops.at(record);
  }

  /** Where its row begins in order-status.csv. */
  offsetAt(record: number): number {
    return this.#offsets.at(record);
  }

  /** Record of its order. */
  orderAt(record: number): number {
    return this.#orders[record] as number;
  }

  /** The order's status after it. */
  statusAt(record: number): OrderStatus {
    return statusOfCode(this.#statuses[record] as number);
  }

  /** As `statusAt`, as its code. */
  statusCodeAt(record: number): number {
    return this.#statuses[record] as number;
  }

  /** As `checkAt`, as its code. */
  checkCodeAt(record: number): number {
    return this.#checks[record] as number;
  }

  /** What is known of the order's postcode after it. */
  checkAt(record: number): PostcodeVerdict {
    return verdictOfCode(this.#checks[record] as number);
  }

  /** The newest change of an order; NONE when there is none. */
  newestOf(order: number): number {
    return order < this.#newest.length ? (this.#newest[order] as number) - 1 : NONE;
  }

  /** The change before this one of the same order; NONE before the first. */
  previousAt(record: number): number {
    return this.#previous[record] as number;
  }

  /** The first change at this op or later; `count` when there is none. */
  firstFrom(op: number): number {
    return this.#ops.firstAtLeast(op);
  }
}
