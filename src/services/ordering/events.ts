import type { CommittedState } from './committed-state.js';
import type { EventsReply, OrderEvent } from './replies.js';
import type { GetEvents } from './requests.js';
import type { OrderStore } from './order-store.js';

/** Orders and changes that one query looks at, at most: a user with few orders must not hold up the others. */
const LOOKED_AT_MAX = 200_000;

/**
 * The events from an op on, oldest first: placings and changes are both in op order in memory, so both are found by
 * binary search and merged.
 */
export function eventsFrom({ orders, op: committedOp }: CommittedState, query: GetEvents): EventsReply {
  const { index, changes } = orders;
  const { fromOp, limit, userCode } = query;
  const events: OrderEvent[] = [];
  let order = index.firstFrom(fromOp);
  let change = changes.firstFrom(fromOp);
  let nextOp = fromOp;
  for (let lookedAt = 0; lookedAt < LOOKED_AT_MAX && events.length < limit; lookedAt++) {
    const orderOp = order < index.count ? index.opAt(order) : Infinity;
    const changeOp = change < changes.count ? changes.opAt(change) : Infinity;
    if (orderOp === Infinity && changeOp === Infinity) return { events, nextOp: Math.max(fromOp, committedOp + 1) };
    // An order that was rejected at once has a change at its own op: one event.
    const isPlacing = orderOp <= changeOp;
    const record = isPlacing ? order : changes.orderAt(change);
    if (userCode === undefined || index.isOf(record, userCode))
      events.push(isPlacing ? placed(orders, order, orderOp) : changed(orders, change, changeOp));
    if (isPlacing) order++;
    if (changeOp <= orderOp) change++;
    nextOp = Math.min(orderOp, changeOp) + 1;
  }
  return { events, nextOp };
}

function placed(orders: OrderStore, record: number, op: number): OrderEvent {
  const order = orders.asPlaced(record);
  return { op, time: order.placedAt, kind: 'placed', order };
}

function changed(orders: OrderStore, change: number, op: number): OrderEvent {
  const kind = orders.isCheck(change) ? 'postcodeChecked' : 'statusChanged';
  return { op, time: orders.textOf(change).at, kind, order: orders.after(change) };
}
