import { refusal, type Refusal } from '../../base/refusal.js';
import type { Execution } from '../../base/service.js';
import { CANCELLED_BY_CUSTOMER, CANCELLED_BY_STAFF, contentOf } from './content.js';
import { refusedEntry } from './executions.js';
import { STOCK_MAX } from './limits.js';
import { hasPreparingBegun, isCalledOff, isClosed, mayFollow, type OrderStatus } from './order-status.js';
import { done, orderAfter, type ChangeableOrder, type PresentState } from './present-state.js';
import type { CancelOrder, RecheckPostcode, UpdateOrderStatus } from './requests.js';
import { encodeUpdate, type StatusUpdate, type StockLeft } from './updates.js';

type ChangeRequest = UpdateOrderStatus | CancelOrder | RecheckPostcode;

/** Moves an order on. Refused with UNKNOWN_ORDER, ORDER_CLOSED or INVALID_TRANSITION. */
export function executeUpdateStatus(state: PresentState, request: UpdateOrderStatus): Execution {
  const order = state.order(request.orderId);
  if (order === undefined) return refuse(request, unknownOrder());
  if (isClosed(order.status)) return refuse(request, closed(order.status));
  if (!mayFollow(order.status, request.status)) {
    const message = `The order is ${order.status} and cannot become ${request.status}: an order never goes back. Read it again and send a later status.`;
    return refuse(request, refusal('INVALID_TRANSITION', message, { status: order.status }));
  }
  return changeStatus(state, request.orderId, order, request.status, request.reason);
}

/** Calls an order off: customers while it is placed, staff until it is delivered. */
export function executeCancel(state: PresentState, request: CancelOrder): Execution {
  const order = state.order(request.orderId);
  if (order === undefined) return refuse(request, unknownOrder());
  // Somebody else's order is told to be unknown: that it exists is no business of the caller.
  if (request.userCode !== undefined && order.asPlaced().userCode !== request.userCode)
    return refuse(request, unknownOrder());
  if (isClosed(order.status)) return refuse(request, closed(order.status));
  if (!request.byStaff && order.status !== 'placed') {
    const message = `The order is ${order.status}: customers can cancel only while it is placed. Ask the restaurant.`;
    return refuse(request, refusal('INVALID_TRANSITION', message, { status: order.status }));
  }
  const reason = request.byStaff ? CANCELLED_BY_STAFF : CANCELLED_BY_CUSTOMER;
  return changeStatus(state, request.orderId, order, 'cancelled', reason);
}

/** Notes what a later check of an unchecked postcode found. The status stays: the restaurant decides. */
export function executeRecheck(state: PresentState, request: RecheckPostcode): Execution {
  const order = state.order(request.orderId);
  if (order === undefined) return refuse(request, unknownOrder());
  if (isClosed(order.status)) return refuse(request, closed(order.status));
  if (order.check !== 'unchecked') {
    const message = `The postcode was checked before and is ${order.check}. Nothing is left to do.`;
    return refuse(request, refusal('INVALID_TRANSITION', message, { postcode_check: order.check }));
  }
  const update: StatusUpdate = {
    kind: 'status',
    order: request.orderId,
    status: order.status,
    check: request.verdict,
    reason: '',
    isCheck: true,
  };
  return changed(order, update);
}

function changeStatus(
  state: PresentState,
  orderId: string,
  order: ChangeableOrder,
  status: OrderStatus,
  reason: string,
): Execution {
  const stock = isCalledOff(status) && !hasPreparingBegun(order.status) ? returnedStock(state, order) : [];
  const update: StatusUpdate = {
    kind: 'status',
    order: orderId,
    status,
    check: order.check,
    reason,
    ...(stock.length === 0 ? {} : { stock }),
  };
  return changed(order, update);
}

function changed(order: ChangeableOrder, update: StatusUpdate): Execution {
  return { kind: 'entry', update: encodeUpdate(update), reply: done({ order: orderAfter(order.asPlaced(), update) }) };
}

/** Stock of the items that the order took portions of, with those added; items no longer limited are left alone. */
function returnedStock(state: PresentState, order: ChangeableOrder): StockLeft[] {
  const stock: StockLeft[] = [];
  for (const [index, { item, quantity }] of order.asPlaced().lines.entries()) {
    const left = order.isReserved(index) ? state.item(item)?.stock : undefined;
    if (left !== undefined) stock.push([item, Math.min(left + quantity, STOCK_MAX)]);
  }
  return stock;
}

function refuse(request: ChangeRequest, refused: Refusal): Execution {
  return refusedEntry(refused, contentOf(request));
}

function unknownOrder(): Refusal {
  return refusal('UNKNOWN_ORDER', 'There is no such order. Check the order_id, then ask with a new request_id.');
}

function closed(status: OrderStatus): Refusal {
  return refusal('ORDER_CLOSED', `The order is ${status}: nothing can be changed. Place a new one if need be.`, {
    status,
  });
}
