/** Where an order stands, in the order of its life; the last three are final. */
export const ORDER_STATUSES = [
  'placed',
  'accepted',
  'preparing',
  'ready',
  'delivered',
  'rejected',
  'cancelled',
] as const;

/** One of `ORDER_STATUSES`. */
export type OrderStatus = (typeof ORDER_STATUSES)[number];

const PLACE = new Map<string, number>(ORDER_STATUSES.map((status, index) => [status, index]));

/** Whether this text is an order status. */
export function isOrderStatus(text: unknown): text is OrderStatus {
  return typeof text === 'string' && PLACE.has(text);
}

/** The number that stands for a status in memory: its place in `ORDER_STATUSES`. */
export function statusCode(status: OrderStatus): number {
  return PLACE.get(status) as number;
}

/** The status of a code. */
export function statusOfCode(code: number): OrderStatus {
  return ORDER_STATUSES[code] as OrderStatus;
}

/** Whether nothing can follow: delivered, rejected, cancelled. */
export function isClosed(status: OrderStatus): boolean {
  return (PLACE.get(status) as number) >= (PLACE.get('delivered') as number);
}

/** Whether the kitchen has begun, or the order is closed: from here on limited stock does not come back. */
export function hasPreparingBegun(status: OrderStatus): boolean {
  return statusCode(status) >= statusCode('preparing');
}

/** Whether an order may go from one status to another: onwards, also skipping; rejected and cancelled from any open one. */
export function mayFollow(from: OrderStatus, to: OrderStatus): boolean {
  return !isClosed(from) && statusCode(to) > statusCode(from);
}

/** Whether the status needs telling why: the reason of an order is that of its rejection or cancellation. */
export function isCalledOff(status: OrderStatus): boolean {
  return status === 'rejected' || status === 'cancelled';
}
