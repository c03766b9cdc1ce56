import { DamagedFileError, type ServiceFiles } from '../../base/service.js';
import { ABSENT } from '../compact/id-index.js';
import { RowScanner } from '../row-scanner.js';
import { CommittedState } from './committed-state.js';
import type { IndexPlace } from './index-frame.js';
import { Menu } from './menu.js';
import { isClosed, ORDER_STATUSES, statusOfCode } from './order-status.js';
import type { OrderStore } from './order-store.js';
import { ORDERS_COLUMN, ORDERS_FILE, ORDERS_HEADER } from './orders-table.js';
import { POSTCODE_VERDICTS, verdictOfCode } from './postcode-verdict.js';
import { REFUSED_FILE } from './refused-table.js';
import { decodeSnapshot, type Snapshot } from './snapshot.js';
import { STATUS_COLUMN, STATUS_FILE, STATUS_HEADER } from './status-table.js';

const STATUS_WORDS = ORDER_STATUSES.map((status) => Buffer.from(status));
const VERDICT_WORDS = POSTCODE_VERDICTS.map((verdict) => Buffer.from(verdict));

/**
 * Builds committed state from the tables as they stand and the snapshot taken with them; an empty snapshot is that of a
 * replica before its founding. Documents that differ are written anew: the snapshot holds what they should say. Throws
 * DamagedFileError when the tables do not agree with themselves, with each other or with the snapshot.
 */
export function restoreState(files: ServiceFiles, text: string, indexFrameRecords?: number): CommittedState {
  const snapshot = text === '' ? undefined : decodeSnapshot(text);
  const state = stateOf(() => emptyState(files, snapshot, indexFrameRecords), snapshot);
  const { orders } = state;
  orders.keeper.keep();
  if (snapshot === undefined) return state;
  state.op = snapshot.op;
  state.menu = new Menu(snapshot.menu);
  state.menuVersion = snapshot.menuVersion;
  state.motd = snapshot.motd;
  state.motdVersion = snapshot.motdVersion;
  state.requests.restore(snapshot.requests);
  orders.index.restoreReservations(snapshot.reservations);
  if (snapshot.menuVersion > 0) {
    const menu = state.menu.render();
    if (state.menuDocument.read() !== menu) state.menuDocument.write(menu);
    if (state.motdDocument.read() !== snapshot.motd) state.motdDocument.write(snapshot.motd);
  }
  return state;
}

/** State with room for what the snapshot counts. */
function emptyState(files: ServiceFiles, snapshot: Snapshot | undefined, indexFrameRecords?: number): CommittedState {
  const state = new CommittedState(files, indexFrameRecords);
  state.orders.index.makeRoom(snapshot?.orders ?? 0);
  state.orders.changes.makeRoom(snapshot?.changes ?? 0);
  return state;
}

/**
 * Orders, changes and refusals as the index file and the tables have them. Where they do not agree, by the tables alone: an index
 * is never the reason to call a folder damaged.
 */
function stateOf(empty: () => CommittedState, snapshot: Snapshot | undefined): CommittedState {
  const limit = snapshot ?? { orders: 0, changes: 0, op: 0 };
  const state = empty();
  const from = state.orders.keeper.load(limit);
  try {
    if (from !== undefined) return scanned(state, from, snapshot);
  } catch (error) {
    if (!(error instanceof DamagedFileError) || from?.op === 0) throw error;
    state.orders.keeper.discard();
  }
  const anew = empty();
  return scanned(anew, anew.orders.keeper.load(limit), snapshot);
}

/** Goes on from where the index ends, and holds the whole against the snapshot. */
function scanned(state: CommittedState, from: IndexPlace | undefined, snapshot: Snapshot | undefined): CommittedState {
  const { orders } = state;
  scanOrders(orders, from);
  const placings = scanChanges(orders, from);
  if (placings !== orders.index.count)
    throw new DamagedFileError(STATUS_FILE, `${placings} of ${orders.index.count} orders are placed there`);
  state.refusals.scan();
  mustHold(ORDERS_FILE, 'orders', orders.index.count, snapshot?.orders ?? 0);
  mustHold(STATUS_FILE, 'changes', orders.changes.count, snapshot?.changes ?? 0);
  mustHold(REFUSED_FILE, 'refusals', state.refusals.count, snapshot?.refusals ?? 0);
  return state;
}

function mustHold(file: string, what: string, found: number, expected: number): void {
  if (found !== expected) throw new DamagedFileError(file, `${found} ${what} instead of ${expected}`);
}

function scanOrders({ index, ordersTable }: OrderStore, from: IndexPlace | undefined): void {
  const scanner = new RowScanner(ordersTable, ORDERS_HEADER, from?.ordersBytes);
  const words = new Uint32Array(4);
  const column = ORDERS_COLUMN;
  let lastOp = from?.op ?? 0;
  let lastLine = 0;
  let lastRecord = ABSENT;
  while (scanner.next()) {
    const op = scanner.whole(column.op);
    const line = scanner.whole(column.line);
    scanner.uuid(column.orderId, words);
    if (op < lastOp) scanner.damaged(`op ${op} follows op ${lastOp}`);
    if (op === lastOp) {
      if (!index.hasWordsAt(lastRecord, words)) scanner.damaged(`op ${op} places two orders`);
      if (line !== lastLine + 1) scanner.damaged(`line ${line} follows line ${lastLine}`);
    } else {
      if (line !== 1) scanner.damaged(`the order begins with line ${line}`);
      lastRecord = index.addNewWords(words, {
        op,
        offset: scanner.offset,
        user: scanner.nameIn(index.users, column.userCode),
        status: 'placed',
        check: verdictOfCode(scanner.oneOf(column.postcodeCheck, VERDICT_WORDS)),
      });
      if (lastRecord === ABSENT) scanner.damaged('its order_id stands there twice');
    }
    if (scanner.pence(column.price) * scanner.whole(column.quantity) !== scanner.pence(column.total))
      scanner.damaged('total is not price times quantity');
    lastOp = op;
    lastLine = line;
  }
}

/** Returns how many rows place an order: the caller compares that with the orders there are. */
function scanChanges({ index, changes, statusTable }: OrderStore, from: IndexPlace | undefined): number {
  const scanner = new RowScanner(statusTable, STATUS_HEADER, from?.statusBytes);
  const words = new Uint32Array(4);
  const column = STATUS_COLUMN;
  let placings = from?.orders ?? 0;
  let lastOp = from?.op ?? 0;
  while (scanner.next()) {
    const op = scanner.whole(column.op);
    if (op <= lastOp) scanner.damaged(`op ${op} follows op ${lastOp}`);
    lastOp = op;
    scanner.uuid(column.orderId, words);
    // Orders are placed in the order of orders.csv: most rows need no search.
    const order = index.hasWordsAt(placings, words) ? placings : index.findWords(words);
    if (order === ABSENT) scanner.damaged('there is no such order');
    const status = statusOfCode(scanner.oneOf(column.status, STATUS_WORDS));
    const check = verdictOfCode(scanner.oneOf(column.postcodeCheck, VERDICT_WORDS));
    if (op === index.opAt(order)) {
      placings++;
      if (check !== index.checkAt(order)) scanner.damaged(`postcode_check differs from that in ${ORDERS_FILE}`);
      if (status === 'placed') continue;
      if (status !== 'rejected') scanner.damaged(`an order cannot begin as ${status}`);
    } else {
      const before = index.statusAt(order);
      if (op < index.opAt(order)) scanner.damaged('the order changes before it is placed');
      if (isClosed(before)) scanner.damaged(`the order was ${before} and nothing can follow`);
      if (status !== before && ORDER_STATUSES.indexOf(status) < ORDER_STATUSES.indexOf(before))
        scanner.damaged(`${status} cannot follow ${before}`);
    }
    scanner.uuid(column.requestId, words);
    if (changes.addNewWords(words, { op, offset: scanner.offset, order, status, check }) === ABSENT)
      scanner.damaged('its request_id stands there twice');
    index.change(order, status, check);
  }
  return placings;
}
