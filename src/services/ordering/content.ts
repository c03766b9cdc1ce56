import { assertNever } from '../../base/assert.js';
import { digest } from '../../base/digest.js';
import type { Order } from './replies.js';
import type { MenuItem, OrderingRequest, OrderLine } from './requests.js';
import type { OrderUpdate } from './updates.js';

/** Hash over what a request asks for: 32 lower-case hex digits (128 bits of SHA-256). Equal hash, same content. */
export type Content = string;

/** Reasons that a cancellation gets by itself. They are no content: a repeat may come from the other side. */
export const CANCELLED_BY_STAFF = 'cancelled by the restaurant';
/** As above, when the customer cancels. */
export const CANCELLED_BY_CUSTOMER = 'cancelled by the customer';

/**
 * The content of a request: for an order its user, lines, prices and normalised postcode (rule 11), without verdict,
 * contact and notes.
 */
export function contentOf(request: OrderingRequest): Content {
  switch (request.kind) {
    case 'makeOrder':
      return contentOfOrder(request);
    case 'updateOrderStatus':
      return contentOfStatus(request.orderId, request.status, request.reason);
    case 'cancelOrder':
      return contentOfStatus(request.orderId, 'cancelled', '');
    case 'recheckPostcode':
      return contentOfCheck(request.orderId, request.verdict);
    case 'setMenu':
      return digestOf(['menu', request.items.map(fieldsOfItem), request.expectedVersion ?? null]);
    case 'setMotd':
      return digestOf(['motd', request.motd]);
    default:
      return assertNever(request);
  }
}

/** The content of an order, as asked for or as placed. */
export function contentOfOrder(order: Pick<Order, 'userCode' | 'postCode'> & { lines: readonly OrderLine[] }): Content {
  const lines = order.lines.map(({ item, quantity, pricePence }) => [item, quantity, pricePence]);
  return digestOf(['order', order.userCode, order.postCode, lines]);
}

/** The content of an order as an update holds it. */
export function contentOfUpdate({ user: userCode, postCode, lines }: OrderUpdate): Content {
  return contentOfOrder({
    userCode,
    postCode,
    lines: lines.map(([item, quantity, pricePence]) => ({ item, quantity, pricePence })),
  });
}

/** The content of a status change, as asked for or as done. */
export function contentOfStatus(orderId: string, status: string, reason: string): Content {
  const given = reason === CANCELLED_BY_STAFF || reason === CANCELLED_BY_CUSTOMER ? '' : reason;
  return digestOf(['status', orderId, status, given]);
}

/** The content of a later check of a postcode. */
export function contentOfCheck(orderId: string, verdict: string): Content {
  return digestOf(['check', orderId, verdict]);
}

function fieldsOfItem({ item, pricePence, category, description, allergens, stock }: MenuItem): unknown[] {
  return [item, pricePence, category, description, allergens, stock ?? null];
}

function digestOf(value: unknown): Content {
  return digest(JSON.stringify(value));
}
