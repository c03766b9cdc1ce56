import { randomUUID } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';
import type { MenuItemView, NewOrder, OrderingClient } from '../../ports/ordering-client.js';
import type { CancelCall, History, Named, OrderCall } from './history.js';
import { until } from './until.js';

/** What a reader past the front ends can do. */
export type DirectReads = Pick<OrderingClient, 'getOrders' | 'close'>;

/** The cluster as a crowd of customers sees it. */
export interface Restaurant {
  readonly frontEnds: number;
  /** A client of the front ends with these numbers, tried in this order; closed by whoever owns the cluster. */
  client(order: readonly number[]): OrderingClient;
  /** Opens a way to each replica past the front ends, for stubborn readers; absent: there are none. */
  readonly direct?: () => Promise<readonly { readonly name: string; readonly calls: DirectReads }[]>;
}

/** Settings of a crowd of customers. */
export interface CustomersOptions {
  /** Customers that order, each one order at a time; default 6. */
  readonly writers?: number;
  /** Customers that read; default 3. */
  readonly readers?: number;
  /** Members of the staff who change the message of the day and the menu; readers then read both. Default 0. */
  readonly staff?: number;
  /** Every how many orders one is of something that runs out; default 40. */
  readonly limitedEvery?: number;
  /** ms between two calls of one customer; default 5. */
  readonly thinkMs?: number;
  /** Orders of one user at most: all of them fit on one page. Default 100. */
  readonly ordersPerUser?: number;
}

/** Every how many orders one is asked for again, cancelled, or of something that runs out. */
const REPEAT_EVERY = 10;
const CANCEL_EVERY = 15;
/** Every how many orders one goes through two front ends at the same moment, as from somebody who presses a button twice. */
const TWIN_EVERY = 3;
/** Who has no answer after this long presses it again, ms: by then one disk has the order, and perhaps no other. */
const IMPATIENT_AFTER_MS = 40;
/** Every how many orders an old one, or an old cancellation, is sent again through the other front end: a failover or more may lie between. */
const LATE_REPEAT_EVERY = 4;
/** Old orders that a customer remembers. */
const REMEMBERED_MAX = 200;
const LIMITED_EVERY_DEFAULT = 40;
/** Every how many reads one is of the message of the day or of the menu. */
const REGISTER_EVERY = 7;
/** How often a stubborn reader asks, ms. */
const STUBBORN_EVERY_MS = 50;
/** A change of the message or of the menu is rarer than an order by this factor. */
const STAFF_THINKS_TIMES = 20;

/**
 * Customers that order, repeat, cancel and read without pause until told to stop. Some know the first front end first, some
 * the second; each goes on through the others when its own is gone.
 */
export class Customers {
  readonly #loops: Promise<void>[] = [];
  #isStopped = false;
  #users: string[] = [];
  #direct: readonly DirectReads[] = [];

  constructor(
    readonly restaurant: Restaurant,
    readonly history: History,
    readonly options: CustomersOptions = {},
  ) {}

  /** Starts everybody; resolves when each writer has placed an order. */
  async start(): Promise<this> {
    const { writers = 6, readers = 3, staff = 0 } = this.options;
    const menu = (await this.restaurant.client([0]).getMenu()).items;
    const before = this.history.acknowledged.length;
    for (let index = 0; index < writers; index++) {
      const twin = { name: `twin of writer ${index + 1}`, calls: this.#named('writer', index + 1).calls };
      this.#keep(this.#write(this.#named('writer', index), twin, menu));
    }
    for (let index = 0; index < readers; index++) this.#keep(this.#read(this.#named('reader', index)));
    const direct = (await this.restaurant.direct?.()) ?? [];
    this.#direct = direct.map(({ calls }) => calls);
    // It asks for nothing but all orders of a user.
    for (const { name, calls } of direct) this.#keep(this.#insist({ name, calls: calls as OrderingClient }));
    for (let index = 0; index < staff; index++) this.#keep(this.#announce(this.#named('staff', index), menu));
    await this.acknowledges(writers, before);
    return this;
  }

  /** Waits until this many more orders than `before` (default: now) have been acknowledged. */
  async acknowledges(count: number, before = this.history.acknowledged.length): Promise<void> {
    await until(
      () => this.history.acknowledged.length >= before + count,
      () => `${before + count} orders acknowledged; there are ${this.history.acknowledged.length}`,
    );
  }

  /** Lets everybody finish what they have begun; who has no answer after `patienceMs` goes home without one. */
  async stop(patienceMs?: number): Promise<void> {
    this.#isStopped = true;
    const timer = patienceMs === undefined ? undefined : setTimeout(() => this.history.giveUp(), patienceMs);
    await Promise.all(this.#loops).finally(() => clearTimeout(timer));
    for (const calls of this.#direct) calls.close();
  }

  #keep(loop: Promise<void>): void {
    this.#loops.push(loop);
    // Told by `stop`.
    loop.catch(() => undefined);
  }

  #named(role: string, index: number): Named {
    const count = this.restaurant.frontEnds;
    const order = Array.from({ length: count }, (_, offset) => (index + offset) % count);
    return { name: `${role} ${index + 1}`, calls: this.restaurant.client(order) };
  }

  /** `other` reaches the same restaurant through another front end first. */
  async #write(client: Named, other: Named, menu: readonly MenuItemView[]): Promise<void> {
    const { thinkMs = 5, ordersPerUser = 100, limitedEvery = LIMITED_EVERY_DEFAULT } = this.options;
    const limited = menu.filter(({ stock }) => stock !== undefined);
    const free = menu.filter(({ stock }) => stock === undefined);
    const run = randomUUID().slice(0, 8);
    const past: Past = { orders: [], cancels: [] };
    for (let number = 0; !this.#isStopped; number++) {
      const user = `${client.name} ${run} ${Math.floor(number / ordersPerUser)}`;
      if (number % ordersPerUser === 0) this.#users.push(user);
      const items = number % limitedEvery === limitedEvery - 1 ? limited : free;
      const order = newOrder(user, items, number);
      const first = this.history.place(client, order);
      const twin = this.#pressAgain(other, order, first, number % TWIN_EVERY === 0 ? 0 : IMPATIENT_AFTER_MS);
      const [placed] = await Promise.all([first, twin]);
      await this.#afterwards(client, placed, number, past);
      if (number % LATE_REPEAT_EVERY === 3) await this.#repeatOld(other, past, number);
      await pause(thinkMs);
    }
  }

  async #afterwards(client: Named, { order, outcome }: OrderCall, number: number, past: Past): Promise<void> {
    if (outcome.kind !== 'ok') return;
    const minOp = outcome.answer.receipt.op;
    past.orders[number % REMEMBERED_MAX] = order;
    if (number % REPEAT_EVERY === 0) await this.history.place(client, order);
    if (number % REPEAT_EVERY === 5)
      await this.history.readUser(client, order.user_code, { consistency: 'session', minOp });
    if (number % CANCEL_EVERY !== 7) return;
    const { requestId, orderId } = await this.history.cancel(client, order.order_id);
    past.cancels[number % REMEMBERED_MAX] = { requestId, orderId };
  }

  /** Sends an order a second time, unless it is answered within `afterMs`. */
  async #pressAgain(client: Named, order: NewOrder, first: Promise<unknown>, afterMs: number): Promise<void> {
    let isAnswered = false;
    if (afterMs > 0) await Promise.race([first.then(() => (isAnswered = true)), pause(afterMs)]);
    if (!isAnswered) await this.history.placeOnce(client, order);
  }

  /** Sends something old again, as it was: the answer must be the one of then, and nothing may happen. */
  async #repeatOld(client: Named, { orders, cancels }: Past, number: number): Promise<void> {
    const order = anyOf(orders, number);
    if (order !== undefined) await this.history.placeOnce(client, order);
    const cancel = anyOf(cancels, number);
    if (cancel !== undefined) await this.history.cancelOnce(client, cancel.orderId, cancel.requestId);
  }

  /** Changes the message of the day and a description of the menu in turn. */
  async #announce(client: Named, menu: readonly MenuItemView[]): Promise<void> {
    const { thinkMs = 5 } = this.options;
    const { calls } = client;
    for (let number = 0; !this.#isStopped; number++) {
      const text = `number ${number} of ${client.name}`;
      if (number % 2 === 0) {
        await this.history.write(client, 'motd', text, (requestId) => calls.setMotd(requestId, text));
      } else {
        const changed = menu.map((item, index) => (index === 0 ? { ...item, description: text } : item));
        await this.history.write(client, 'menu', text, (requestId) => calls.setMenu(requestId, changed));
      }
      await pause(thinkMs * STAFF_THINKS_TIMES);
    }
  }

  /** Reads at one replica, whatever it is; also what it is asked while it hangs is answered some time. */
  async #insist(client: Named): Promise<void> {
    const underWay = new Set<Promise<unknown>>();
    while (!this.#isStopped) {
      // Whoever has ordered last: an answer without that order is stale.
      const user = this.history.orders.at(-1)?.order.user_code ?? client.name;
      // Not one after the other: what is asked during a pause must have begun after it.
      const read = this.history.readUser(client, user).finally(() => underWay.delete(read));
      underWay.add(read);
      await pause(STUBBORN_EVERY_MS);
    }
    await Promise.all(underWay);
  }

  async #readRegister(client: Named, number: number): Promise<void> {
    const { calls } = client;
    if (number % 2 === 0) await this.history.readRegister(client, 'motd', async () => (await calls.getMotd()).motd);
    else
      await this.history.readRegister(client, 'menu', async () => (await calls.getMenu()).items[0]?.description ?? '');
  }

  async #read(client: Named): Promise<void> {
    const { thinkMs = 5, staff = 0 } = this.options;
    for (let number = 0; !this.#isStopped; number++) {
      const consistency = number % 5 === 4 ? 'any' : 'linearizable';
      const user = this.#users[number % this.#users.length];
      const known = this.history.orders.at(-1)?.order.order_id;
      if (staff > 0 && number % REGISTER_EVERY === 0) await this.#readRegister(client, number);
      else if (number % 2 === 0 && user !== undefined) await this.history.readUser(client, user, { consistency });
      else if (known !== undefined) await this.history.readOrder(client, known, { consistency });
      await pause(thinkMs);
    }
  }
}

/** What one customer has done; holes where something came to nothing. */
interface Past {
  readonly orders: (NewOrder | undefined)[];
  readonly cancels: (Pick<CancelCall, 'requestId' | 'orderId'> | undefined)[];
}

/** One of these, now an old one and now a young one; `number` chooses. */
function anyOf<T>(all: readonly (T | undefined)[], number: number): T | undefined {
  const known = all.filter((one) => one !== undefined);
  // Neighbours of a multiple of the golden ratio lie far from each other: over time everything is chosen.
  return known[Math.floor(((number * 0.618_034) % 1) * known.length)];
}

/** An order of one or two lines; `number` chooses. */
export function newOrder(user: string, menu: readonly MenuItemView[], number = 0): NewOrder {
  const lines = [0, 1].slice(0, 1 + (number % 2)).map((offset) => {
    const { item, price_pence } = menu[(number + offset) % menu.length] as MenuItemView;
    return { item, quantity: 1 + (number % 3), price_pence };
  });
  return { order_id: randomUUID(), user_code: user, lines, post_code: 'DH1 3LE' };
}
