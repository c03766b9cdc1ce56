import type { OutboxItem } from '../../base/service.js';
import { outboxOrder, unconfirmedOrder } from './outbox-order.js';
import type { Order } from './replies.js';

/** The orders of this replica's outbox, by id and by user. As text: they are few, and decoded when they are looked at. */
export class HeldOrders {
  readonly #items = new Map<string, OutboxItem>();
  /** Ids by user, in the order in which they were taken. */
  readonly #byUser = new Map<string, Set<string>>();

  get size(): number {
    return this.#items.size;
  }

  /** One that cannot become an order is not shown: nobody could be told what it is. */
  add(item: OutboxItem): void {
    const user = outboxOrder(item).update?.user;
    if (user === undefined) return;
    this.#items.set(item.requestId, item);
    const ids = this.#byUser.get(user);
    if (ids === undefined) this.#byUser.set(user, new Set([item.requestId]));
    else ids.add(item.requestId);
  }

  remove(orderId: string): void {
    const item = this.#items.get(orderId);
    if (item === undefined) return;
    this.#items.delete(orderId);
    const user = outboxOrder(item).update?.user ?? '';
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
    const update = item === undefined ? undefined : outboxOrder(item).update;
    return item === undefined || update === undefined ? undefined : unconfirmedOrder(update, item);
  }

  /** Ids of a user's orders, newest first. */
  idsOf(userCode: string): string[] {
    return [...(this.#byUser.get(userCode) ?? [])].reverse();
  }
}
