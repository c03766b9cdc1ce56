import type { OutboxItem } from '../../base/service.js';
import { orderOf } from './placed-order.js';
import type { Order } from './replies.js';
import { decodeUpdate, type OrderUpdate } from './updates.js';

/** The orders of this replica's outbox, by id and by user. As text: they are few, and decoded when they are looked at. */
export class HeldOrders {
  readonly #items = new Map<string, OutboxItem>();
  /** Ids by user, in the order in which they were taken. */
  readonly #byUser = new Map<string, Set<string>>();

  get size(): number {
    return this.#items.size;
  }

  add(item: OutboxItem): void {
    this.#items.set(item.requestId, item);
    const { user } = orderUpdateIn(item);
    const ids = this.#byUser.get(user);
    if (ids === undefined) this.#byUser.set(user, new Set([item.requestId]));
    else ids.add(item.requestId);
  }

  remove(orderId: string): void {
    const item = this.#items.get(orderId);
    if (item === undefined) return;
    this.#items.delete(orderId);
    const { user } = orderUpdateIn(item);
    const ids = this.#byUser.get(user);
    ids?.delete(orderId);
    if (ids?.size === 0) this.#byUser.delete(user);
  }

  has(orderId: string): boolean {
    return this.#items.has(orderId);
  }

  /** The order of this id as it is shown while it waits; `undefined` when none is held. */
  find(orderId: string): Order | undefined {
    const item = this.#items.get(orderId);
    return item === undefined ? undefined : unconfirmedOrder(item);
  }

  /** Ids of a user's orders, newest first. */
  idsOf(userCode: string): string[] {
    return [...(this.#byUser.get(userCode) ?? [])].reverse();
  }
}

/** The update in an outbox item of this service; only orders are salvaged or taken alone. */
export function orderUpdateIn(item: OutboxItem): OrderUpdate {
  const update = decodeUpdate(item.update);
  if (update.kind !== 'order') throw new TypeError('only orders are in an outbox');
  return update;
}

/** An outbox item as the order that it will be. */
export function unconfirmedOrder(item: OutboxItem): Order {
  const { requestId, timeMs } = item;
  // What it had taken of limited stock, and where it stood, went with the log it was cut from.
  return { ...orderOf(orderUpdateIn(item), { op: 0, timeMs, requestId }), unconfirmed: true };
}
