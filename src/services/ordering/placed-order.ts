import { contactOf, totalOfLines } from './orders-table.js';
import type { Order } from './replies.js';
import { isoTime } from './times.js';
import type { OrderUpdate } from './updates.js';

const NOTHING = ['', '', '', ''] as const;

/** The order as an update places it. `requestId` is its id. */
export function orderOf(update: OrderUpdate, place: { op: number; timeMs: number; requestId: string }): Order {
  const lines = update.lines.map(([item, quantity, pricePence]) => ({ item, quantity, pricePence }));
  const [name, phone, address, notes] = update.extra ?? NOTHING;
  const contact = contactOf(name, phone, address);
  const order = {
    orderId: place.requestId,
    userCode: update.user,
    lines,
    totalPence: totalOfLines(lines),
    postCode: update.postCode,
    postcodeCheck: update.check,
    notes,
    placedAt: isoTime(update.placedMs ?? place.timeMs),
    status: update.rejected === undefined ? 'placed' : 'rejected',
    op: place.op,
    reason: update.rejected ?? '',
  } as const;
  return contact === undefined ? order : { ...order, contact };
}
