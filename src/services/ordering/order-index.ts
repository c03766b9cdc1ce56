import { assert } from '../../base/assert.js';
import { roomFor, withRoom } from '../compact/columns.js';
import { ABSENT, IdIndex } from '../compact/id-index.js';
import { NameIndex } from '../compact/name-index.js';
import { RisingNumbers } from '../compact/rising-numbers.js';
import type { UuidWords } from '../uuid.js';
import { NONE, type ChangeIndex } from './change-index.js';
import { isClosed, ORDER_STATUSES, statusCode, statusOfCode, type OrderStatus } from './order-status.js';
import { verdictCode, verdictOfCode, type PostcodeVerdict } from './postcode-verdict.js';

export { NONE } from './change-index.js';

/** Lines whose portions came from limited stock, as one byte; `some` are listed beside. */
const RESERVED_NONE = 0;
const RESERVED_ALL = 1;
const RESERVED_SOME = 2;

/** What the index keeps of an order. */
export interface OrderFacts {
  readonly op: number;
  /** Where its rows begin in orders.csv; they end where those of the next record begin. */
  readonly offset: number;
  /** Number of the user in `users`. */
  readonly user: number;
  readonly status: OrderStatus;
  readonly check: PostcodeVerdict;
}

const UNCHECKED = verdictCode('unchecked');

/** Consecutive orders, a column a fact: what of them never changes, and the check of the postcode as it once was. */
export interface OrderColumns {
  /** Four words each. */
  readonly ids: Uint32Array;
  readonly ops: Float64Array;
  readonly offsets: Float64Array;
  readonly users: Int32Array;
  /** `verdictCode` of each. */
  readonly checks: Uint8Array;
}

/** The orders whose limited stock may still come back, by record number: every line, or the lines that are listed. */
export interface Reservations {
  readonly all: readonly number[];
  readonly some: readonly (readonly [record: number, lines: readonly number[]])[];
}

/**
 * Where each order stands in orders.csv and what may have changed since: columns over typed arrays, no content, about 45
 * bytes an order. Records are numbered 0, 1, 2 … in op order; a user's orders are a chain, newest first.
 */
export class OrderIndex {
  readonly #ids = new IdIndex();
  readonly #ops = new RisingNumbers();
  readonly #offsets = new RisingNumbers();
  #users = new Int32Array(64);
  #previous = new Int32Array(64);
  #statuses = new Uint8Array(64);
  #checks = new Uint8Array(64);
  #reserved = new Uint8Array(64);
  readonly #reservedLines = new Map<number, readonly number[]>();
  /** User codes, by the numbers in `#users`. */
  readonly users = new NameIndex();
  /** Newest record of each user; shifted by one so that an empty column means none. */
  #newest = new Int32Array(64);
  readonly #countByStatus: number[] = ORDER_STATUSES.map(() => 0);
  #uncheckedCount = 0;

  /** Orders in the index. */
  get count(): number {
    return this.#ids.count;
  }

  /** Users with at least one order. */
  get userCount(): number {
    return this.users.count;
  }

  /** Open orders whose postcode is unchecked. */
  get uncheckedCount(): number {
    return this.#uncheckedCount;
  }

  /** Orders by status. */
  countByStatus(): Record<OrderStatus, number> {
    const counts = ORDER_STATUSES.map((status, code) => [status, this.#countByStatus[code] ?? 0] as const);
    return Object.fromEntries(counts) as Record<OrderStatus, number>;
  }

  /** Record of an order; ABSENT when there is none. */
  find(orderId: string): number {
    return this.#ids.find(orderId);
  }

  /** As `find`, of an id given as its words. */
  findWords(words: UuidWords): number {
    return this.#ids.findWords(words);
  }

  /** Adds the order with this id; ops and offsets rise. Returns its record. */
  add(orderId: string, facts: OrderFacts): number {
    return this.#fill(this.#ids.add(orderId), facts);
  }

  /** As `add`, of an id given as its words; ABSENT when it is there already, and nothing changes. */
  addNewWords(words: UuidWords, facts: OrderFacts): number {
    const record = this.#ids.addNewWords(words);
    return record === ABSENT ? ABSENT : this.#fill(record, facts);
  }

  /** Whether the record is there and has this id. */
  hasWordsAt(record: number, words: UuidWords): boolean {
    return this.#ids.isAt(record, words);
  }

  /** Makes room for `count` orders at once. */
  makeRoom(count: number): void {
    this.#reserve(roomFor(count));
  }

  #reserve(room: number): void {
    this.#ids.reserve(room);
    this.#ops.makeRoom(room);
    this.#offsets.makeRoom(room);
    this.#users = withRoom(this.#users, room);
    this.#previous = withRoom(this.#previous, room);
    this.#statuses = withRoom(this.#statuses, room);
    this.#checks = withRoom(this.#checks, room);
    this.#reserved = withRoom(this.#reserved, room);
  }

  /** The records from `from` to, and without, `to`, as columns; `checks` as they are now. */
  columnsOf(from: number, to: number): OrderColumns {
    const ops = new Float64Array(to - from);
    const offsets = new Float64Array(to - from);
    for (let record = from; record < to; record++) {
      ops[record - from] = this.#ops.at(record);
      offsets[record - from] = this.#offsets.at(record);
    }
    const users = this.#users.subarray(from, to);
    return { ids: this.#ids.wordsOf(from, to), ops, offsets, users, checks: this.#checks.subarray(from, to) };
  }

  /**
   * Adds what `columnsOf` gave, as placed: ids that are not there, users that are in `users`. Nothing is counted or
   * found before `takeLatest`.
   */
  addColumns({ ids, ops, offsets, users, checks }: OrderColumns): void {
    const first = this.count;
    this.#reserve(first + ops.length);
    this.#newest = withRoom(this.#newest, this.users.count);
    this.#ids.addUnplaced(ids);
    for (let index = 0; index < ops.length; index++) {
      const record = first + index;
      const user = users[index] as number;
      this.#ops.append(ops[index] as number);
      this.#offsets.append(offsets[index] as number);
      this.#previous[record] = (this.#newest[user] as number) - 1;
      this.#newest[user] = record + 1;
    }
    this.#users.set(users, first);
    this.#checks.set(checks, first);
  }

  /** Gives every order the status and check of its newest change, where it has one, and counts all anew. */
  takeLatest(changes: ChangeIndex): void {
    this.#ids.placeAll();
    for (let record = 0; record < this.count; record++) {
      const newest = changes.newestOf(record);
      if (newest === NONE) continue;
      this.#statuses[record] = changes.statusCodeAt(newest);
      this.#checks[record] = changes.checkCodeAt(newest);
    }
    this.#countByStatus.fill(0);
    this.#uncheckedCount = 0;
    for (let record = 0; record < this.count; record++) {
      const code = this.#statuses[record] as number;
      this.#countByStatus[code] = (this.#countByStatus[code] as number) + 1;
      if (this.#checks[record] === UNCHECKED && !isClosed(statusOfCode(code))) this.#uncheckedCount++;
    }
  }

  #fill(record: number, { op, offset, user, status, check }: OrderFacts): number {
    const room = record + 1;
    assert(record === 0 || op > this.opAt(record - 1), 'orders are indexed in op order, one per op');
    this.#ops.append(op);
    this.#offsets.append(offset);
    this.#users = withRoom(this.#users, room);
    this.#previous = withRoom(this.#previous, room);
    this.#statuses = withRoom(this.#statuses, room);
    this.#checks = withRoom(this.#checks, room);
    this.#reserved = withRoom(this.#reserved, room);
    this.#newest = withRoom(this.#newest, user + 1);
    this.#users[record] = user;
    this.#previous[record] = (this.#newest[user] as number) - 1;
    this.#newest[user] = record + 1;
    this.#statuses[record] = statusCode(status);
    this.#checks[record] = verdictCode(check);
    this.#count(record, 1);
    return record;
  }

  #count(record: number, difference: 1 | -1): void {
    const code = this.#statuses[record] as number;
    this.#countByStatus[code] = (this.#countByStatus[code] as number) + difference;
    if (this.checkAt(record) === 'unchecked' && !isClosed(statusOfCode(code))) this.#uncheckedCount += difference;
  }

  /** Changes what may change of an order. */
  change(record: number, status: OrderStatus, check: PostcodeVerdict): void {
    this.#count(record, -1);
    this.#statuses[record] = statusCode(status);
    this.#checks[record] = verdictCode(check);
    this.#count(record, 1);
  }

  /** Notes the lines (by index, of `lineCount`) whose portions came from limited stock. */
  reserve(record: number, lines: readonly number[], lineCount: number): void {
    if (lines.length === 0) return;
    this.#reserved[record] = lines.length === lineCount ? RESERVED_ALL : RESERVED_SOME;
    if (lines.length !== lineCount) this.#reservedLines.set(record, lines);
  }

  /** Forgets them: the stock came back, or never will. */
  release(record: number): void {
    this.#reserved[record] = RESERVED_NONE;
    this.#reservedLines.delete(record);
  }

  /** Whether this line of an order holds portions of limited stock that may still come back. */
  isReserved(record: number, line: number): boolean {
    if (this.#reserved[record] === RESERVED_SOME) return this.#reservedLines.get(record)?.includes(line) === true;
    return this.#reserved[record] === RESERVED_ALL;
  }

  /** Everything reserved, for a snapshot. */
  reservations(): Reservations {
    const all: number[] = [];
    for (let record = 0; record < this.count; record++) if (this.#reserved[record] === RESERVED_ALL) all.push(record);
    return { all, some: [...this.#reservedLines].toSorted(([a], [b]) => a - b) };
  }

  /** Puts back what `reservations` gave. */
  restoreReservations({ all, some }: Reservations): void {
    for (const record of all) this.#reserved[record] = RESERVED_ALL;
    for (const [record, lines] of some) {
      this.#reserved[record] = RESERVED_SOME;
      this.#reservedLines.set(record, lines);
    }
  }

  /** Op at which the order of a record was placed. */
  opAt(record: number): number {
    return this.#ops.at(record);
  }

  /** Where its rows begin in orders.csv. */
  offsetAt(record: number): number {
    return this.#offsets.at(record);
  }

  /** Its id. */
  idAt(record: number): string {
    return this.#ids.idAt(record);
  }

  /** Its present status. */
  statusAt(record: number): OrderStatus {
    return statusOfCode(this.#statuses[record] as number);
  }

  /** What is known of its postcode. */
  checkAt(record: number): PostcodeVerdict {
    return verdictOfCode(this.#checks[record] as number);
  }

  /** Whether the order is this user's. */
  isOf(record: number, userCode: string): boolean {
    return this.#users[record] === this.users.find(userCode);
  }

  /** The user's newest record; NONE when there is none. */
  newestOf(userCode: string): number {
    const user = this.users.find(userCode);
    return user === ABSENT || user >= this.#newest.length ? NONE : (this.#newest[user] as number) - 1;
  }

  /** The record before this one of the same user; NONE after the oldest. */
  previousAt(record: number): number {
    return this.#previous[record] as number;
  }

  /** The first record placed at this op or later; `count` when there is none. */
  firstFrom(op: number): number {
    return this.#ops.firstAtLeast(op);
  }
}
