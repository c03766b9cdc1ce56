import { assert } from '../../base/assert.js';
import { DamagedFileError, type ServiceFiles, type Table } from '../../base/service.js';
import { ChangeIndex } from './change-index.js';
import { INDEX_FILE, IndexKeeper } from './index-keeper.js';
import { NONE, OrderIndex } from './order-index.js';
import { hasPreparingBegun, isCalledOff, type OrderStatus } from './order-status.js';
import { ORDERS_FILE, ORDERS_HEADER, readOrder, rowsOfOrder, type PlacedOrder } from './orders-table.js';
import type { PostcodeVerdict } from './postcode-verdict.js';
import type { Order, StatusChange, TraceStep } from './replies.js';
import { readStatusText, rowOfStatus, STATUS_FILE, STATUS_HEADER, type StatusText } from './status-table.js';

/** A change of an order that is committed. */
export interface Change {
  readonly op: number;
  readonly requestId: string;
  readonly orderId: string;
  readonly status: OrderStatus;
  readonly check: PostcodeVerdict;
  readonly reason: string;
  /** RFC 3339, ms, UTC. */
  readonly at: string;
}

/** Committed orders: their rows in orders.csv and order-status.csv, and the indexes over both. */
export class OrderStore {
  readonly index = new OrderIndex();
  readonly changes = new ChangeIndex((record) => this.textOf(record).requestId);
  readonly ordersTable: Table;
  readonly statusTable: Table;
  readonly keeper: IndexKeeper;

  constructor(files: ServiceFiles, indexFrameRecords?: number) {
    this.ordersTable = files.table(ORDERS_FILE, ORDERS_HEADER);
    this.statusTable = files.table(STATUS_FILE, STATUS_HEADER);
    this.keeper = new IndexKeeper(files.index?.(INDEX_FILE), this, indexFrameRecords);
  }

  /**
   * Adds an order. One that was rejected at once (from an outbox) has a single row in order-status.csv, at `at`; any
   * other begins as placed. `limited` are the indexes of its lines that took limited stock.
   */
  place(order: Order, limited: readonly number[], at: string): void {
    const { orderId, op, userCode, status, postcodeCheck: check, reason } = order;
    const offset = this.ordersTable.append(rowsOfOrder(order));
    const record = this.index.add(orderId, { op, offset, user: this.index.users.findOrAdd(userCode), status, check });
    this.index.reserve(record, limited, order.lines.length);
    const row = rowOfStatus({ op, orderId, status, postcodeCheck: check, at, reason, requestId: orderId });
    const statusOffset = this.statusTable.append(row);
    if (status !== 'placed') this.changes.add(orderId, { op, offset: statusOffset, order: record, status, check });
    this.keeper.keep();
  }

  /** Changes an order's status or what is known of its postcode. */
  change({ op, requestId, orderId, status, check, reason, at }: Change): void {
    const order = this.index.find(orderId);
    assert(order !== NONE, 'what changes is an order that was placed');
    const offset = this.statusTable.append(
      rowOfStatus({ op, orderId, status, postcodeCheck: check, at, reason, requestId }),
    );
    this.changes.add(requestId, { op, offset, order, status, check });
    this.index.change(order, status, check);
    if (hasPreparingBegun(status)) this.index.release(order);
    this.keeper.keep();
  }

  /** The order as it was placed. */
  asPlaced(record: number): Order {
    const order = this.#read(record);
    const birth = this.#birthChange(record);
    return birth === NONE ? { ...order, status: 'placed', reason: '' } : this.#with(order, birth);
  }

  /** The order as it is now. */
  asNow(record: number): Order {
    const newest = this.changes.newestOf(record);
    return newest === NONE ? { ...this.#read(record), status: 'placed', reason: '' } : this.after(newest);
  }

  /** The order of a change as it was after it. */
  after(change: number): Order {
    return this.#with(this.#read(this.changes.orderAt(change)), change);
  }

  /** Time, reason and request id of a change, from its row. */
  textOf(change: number): StatusText {
    const { changes } = this;
    const orderId = this.index.idAt(changes.orderAt(change));
    return readStatusText(this.statusTable, changes.offsetAt(change), changes.opAt(change), orderId);
  }

  /** Whether a change was a later check of the postcode: the status stayed as it was. */
  isCheck(change: number): boolean {
    if (this.isBirth(change)) return false;
    const before = this.changes.previousAt(change);
    const statusBefore = before === NONE ? 'placed' : this.changes.statusAt(before);
    return statusBefore === this.changes.statusAt(change);
  }

  /** Whether a change is the placing itself: the order was rejected at once. */
  isBirth(change: number): boolean {
    return this.changes.opAt(change) === this.index.opAt(this.changes.orderAt(change));
  }

  /** Every status the order has had, oldest first; `placedAt` is the order's. */
  history(record: number, placedAt: string): StatusChange[] {
    const history: StatusChange[] = [];
    for (let change = this.changes.newestOf(record); change !== NONE; change = this.changes.previousAt(change)) {
      if (this.isCheck(change)) continue;
      const { at, reason } = this.textOf(change);
      history.push({ status: this.changes.statusAt(change), at, op: this.changes.opAt(change), reason });
    }
    if (this.#birthChange(record) === NONE)
      history.push({ status: 'placed', at: placedAt, op: this.index.opAt(record), reason: '' });
    return history.toReversed();
  }

  /** Every row of an order in order-status.csv, oldest first. */
  steps(record: number): TraceStep[] {
    const steps: TraceStep[] = [];
    for (let change = this.changes.newestOf(record); change !== NONE; change = this.changes.previousAt(change)) {
      const op = this.changes.opAt(change);
      const status = this.changes.statusAt(change);
      const postcodeCheck = this.changes.checkAt(change);
      steps.push({ op, status, postcodeCheck, ...this.textOf(change) });
    }
    if (this.#birthChange(record) === NONE) {
      const { op, orderId, placedAt, postcodeCheck } = this.#read(record);
      steps.push({ op, at: placedAt, status: 'placed', postcodeCheck, reason: '', requestId: orderId });
    }
    return steps.toReversed();
  }

  #birthChange(record: number): number {
    let oldest = this.changes.newestOf(record);
    if (oldest === NONE) return NONE;
    for (let before = oldest; before !== NONE; before = this.changes.previousAt(before)) oldest = before;
    return this.isBirth(oldest) ? oldest : NONE;
  }

  #with(order: PlacedOrder, change: number): Order {
    const status = this.changes.statusAt(change);
    const reason = isCalledOff(status) ? this.textOf(change).reason : '';
    return { ...order, postcodeCheck: this.changes.checkAt(change), status, reason };
  }

  #read(record: number): PlacedOrder {
    const offset = this.index.offsetAt(record);
    const end = record + 1 < this.index.count ? this.index.offsetAt(record + 1) : this.ordersTable.length;
    const order = readOrder(this.ordersTable.read(offset, end - offset));
    if (order.op !== this.index.opAt(record) || order.orderId !== this.index.idAt(record))
      throw new DamagedFileError(ORDERS_FILE, `where order ${this.index.idAt(record)} was written stands another`);
    return order;
  }
}
