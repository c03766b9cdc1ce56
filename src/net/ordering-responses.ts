import type { AsOf, Receipt } from '../vsr/effect.js';
import type { Order, OrderEvent, StatusChange } from '../services/ordering/replies.js';
import type { MenuItem } from '../services/ordering/requests.js';
import type { AsOf as WireAsOf } from './generated/justhungry/v1/AsOf.js';
import type { MenuItem as WireMenuItem } from './generated/justhungry/v1/MenuItem.js';
import type { Order as WireOrder } from './generated/justhungry/v1/Order.js';
import type { OrderEvent as WireOrderEvent } from './generated/justhungry/v1/OrderEvent.js';
import type { Receipt as WireReceipt } from './generated/justhungry/v1/Receipt.js';
import type { StatusChange as WireStatusChange } from './generated/justhungry/v1/StatusChange.js';
import { WIRE_EVENT_KIND, WIRE_STATUS, WIRE_VERDICT } from './ordering-enums.js';

/*
 * The domain's objects as proto messages.
 */

export function wireOrder(order: Order): WireOrder {
  return {
    order_id: order.orderId,
    user_code: order.userCode,
    lines: order.lines.map(({ item, quantity, pricePence }) => ({ item, quantity, price_pence: pricePence })),
    total_pence: order.totalPence,
    post_code: order.postCode,
    postcode_check: WIRE_VERDICT[order.postcodeCheck],
    contact: order.contact === undefined ? null : { ...order.contact },
    notes: order.notes,
    placed_at: order.placedAt,
    status: WIRE_STATUS[order.status],
    op: order.op,
    unconfirmed: order.unconfirmed === true,
    reason: order.reason,
  };
}

export function wireStatusChange({ status, at, op, reason }: StatusChange): WireStatusChange {
  return { status: WIRE_STATUS[status], at, op, reason };
}

export function wireMenuItem({ item, pricePence, category, description, allergens, stock }: MenuItem): WireMenuItem {
  const shared = { item, price_pence: pricePence, category, description, allergens: [...allergens] };
  return stock === undefined ? shared : { ...shared, stock };
}

export function wireOrderEvent({ op, time, kind, order }: OrderEvent): WireOrderEvent {
  return { op, time, kind: WIRE_EVENT_KIND[kind], order: wireOrder(order) };
}

export function wireReceipt({ op, view, copies, committed, chain }: Receipt): WireReceipt {
  return { op, view, copies, committed, chain };
}

/** `replica` is the id of the replica that answers. */
export function wireAsOf({ op, view, timeMs, complete }: AsOf, replica: string): WireAsOf {
  return { op, view, replica, time: timeMs === 0 ? '' : new Date(timeMs).toISOString(), complete };
}
