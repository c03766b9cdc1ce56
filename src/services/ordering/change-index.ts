import { withRoom } from '../compact/columns.js';
import { ABSENT, IdIndex } from '../compact/id-index.js';
import { RisingNumbers } from '../compact/rising-numbers.js';
import type { UuidWords } from '../uuid.js';
import { NONE } from './order-index.js';
import { statusCode, statusOfCode, type OrderStatus } from './order-status.js';
import { verdictCode, verdictOfCode, type PostcodeVerdict } from './postcode-verdict.js';

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

/**
 * Where each change of an order stands in order-status.csv: every row of it but the plain placings. Columns over typed
 * arrays, about 45 bytes a change. The changes of an order are a chain, newest first. Requests are found by their ids
 * for ever, as orders are.
 */
export class ChangeIndex {
  readonly #requestIds = new IdIndex();
  readonly #ops = new RisingNumbers();
  readonly #offsets = new RisingNumbers();
  #orders = new Int32Array(64);
  #previous = new Int32Array(64);
  #statuses = new Uint8Array(64);
  #checks = new Uint8Array(64);
  /** Newest change of each order, by the order's record; shifted by one so that an empty column means none. */
  #newest = new Int32Array(64);

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
    this.#requestIds.reserve(count);
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
