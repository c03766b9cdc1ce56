import type {
  AsOfView,
  MenuItemView,
  OrderEventView,
  OrderView,
  ReceiptView,
  StatusChangeView,
} from '../ports/ordering-client.js';
import type { AsOf__Output } from './generated/justhungry/v1/AsOf.js';
import type { MenuItem__Output } from './generated/justhungry/v1/MenuItem.js';
import type { Order__Output } from './generated/justhungry/v1/Order.js';
import type { OrderEvent__Output } from './generated/justhungry/v1/OrderEvent.js';
import type { Receipt__Output } from './generated/justhungry/v1/Receipt.js';
import type { StatusChange__Output } from './generated/justhungry/v1/StatusChange.js';
import { eventKindOfWire, statusOfWire, verdictOfWire } from './ordering-enums.js';
import { MalformedError, partOf } from './wire-values.js';

/*
 * Proto messages as the JSON objects of src/ports/ordering-client.ts. All throw MalformedError on what no front end sends.
 */

function known<T>(value: T | undefined, what: string): T {
  if (value === undefined) throw new MalformedError(`${what} is not known to this version`);
  return value;
}

export function orderView(wire: Order__Output | null): OrderView {
  const order = partOf(wire, 'order');
  const { name, phone, address } = order.contact ?? { name: '', phone: '', address: '' };
  return {
    order_id: order.order_id,
    user_code: order.user_code,
    lines: order.lines.map(({ item, quantity, price_pence }) => ({ item, quantity, price_pence })),
    total_pence: order.total_pence,
    post_code: order.post_code,
    postcode_check: known(verdictOfWire(order.postcode_check), 'postcode_check'),
    contact: { name, phone, address },
    notes: order.notes,
    placed_at: order.placed_at,
    status: known(statusOfWire(order.status), 'status'),
    op: order.op,
    unconfirmed: order.unconfirmed,
    reason: order.reason,
  };
}

export function receiptView(wire: Receipt__Output | null): ReceiptView {
  const { op, view, copies, committed, chain } = partOf(wire, 'receipt');
  return { op, view, copies, committed, chain };
}

export function asOfView(wire: AsOf__Output | null): AsOfView {
  const { op, view, replica, time, complete } = partOf(wire, 'as_of');
  return { op, view, replica, time, complete };
}

export function statusChangeView({ status, at, op, reason }: StatusChange__Output): StatusChangeView {
  return { status: known(statusOfWire(status), 'status'), at, op, reason };
}

export function menuItemView(wire: MenuItem__Output): MenuItemView {
  const { item, price_pence, category, description, allergens, stock } = wire;
  const view = { item, price_pence, category, description, allergens };
  return stock === undefined ? view : { ...view, stock };
}

export function orderEventView(wire: OrderEvent__Output | null): OrderEventView {
  const { op, time, kind, order } = partOf(wire, 'event');
  return { op, time, kind: known(eventKindOfWire(kind), 'kind'), order: orderView(order) };
}
