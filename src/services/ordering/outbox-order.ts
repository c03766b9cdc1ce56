import type { OutboxItem } from '../../base/service.js';
import { orderOf } from './placed-order.js';
import type { Order } from './replies.js';
import { readUpdate, type OrderUpdate } from './updates.js';
import { requestProblem } from './validation.js';

/** The order in an outbox item, or what is wrong with it, for people; that never holds a text of the order. */
export type OutboxOrder =
  | { readonly update: OrderUpdate; readonly problem?: undefined }
  | { readonly update?: undefined; readonly problem: string };

/** The last ms of the year 9999: later ones cannot be written as orders.csv has them. */
const TIME_MS_MAX = 253_402_300_799_999;

/**
 * Reads the order in an outbox item. Unlike an entry of the log no chain and no majority vouches for it: it may come of a file
 * that was written by hand, or of a peer. What would not have come through the gate cannot be placed.
 */
export function outboxOrder({ requestId, update: text, timeMs }: OutboxItem): OutboxOrder {
  const update = readUpdate(text);
  if (update === undefined) return { problem: 'its update is none of food ordering' };
  if (update.kind !== 'order') return { problem: 'it is no order; only orders wait in an outbox' };
  if (timeMs > TIME_MS_MAX || (update.placedMs ?? 0) > TIME_MS_MAX) return { problem: 'its time is out of range' };
  const [name, phone, address, notes] = update.extra ?? ['', '', '', ''];
  const wrong = requestProblem(requestId, {
    kind: 'makeOrder',
    orderId: requestId,
    userCode: update.user,
    lines: update.lines.map(([item, quantity, pricePence]) => ({ item, quantity, pricePence })),
    postCode: update.postCode,
    postcodeVerdict: update.check,
    postcodeReason: '',
    contact: { name, phone, address },
    notes,
  });
  return wrong === undefined ? { update } : { problem: `its ${wrong.field} ${wrong.problem}` };
}

/** The order that an outbox item will be, as it is shown until then. */
export function unconfirmedOrder(update: OrderUpdate, { requestId, timeMs }: OutboxItem): Order {
  // What it had taken of limited stock, and where it stood, went with the log it was cut from.
  return { ...orderOf(update, { op: 0, timeMs, requestId }), unconfirmed: true };
}
