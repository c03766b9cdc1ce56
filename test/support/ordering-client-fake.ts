import { randomUUID } from 'node:crypto';
import type { RefusalReason } from '../../src/base/refusal.js';
import {
  type AsOfView,
  CallRefusedError,
  type MenuItemView,
  type NewOrder,
  type OrderEventView,
  type OrderingClient,
  type OrderStatusName,
  type OrderView,
  type ReadOptions,
  type ReceiptView,
  type StatusChangeView,
  type StreamedOrder,
} from '../../src/ports/ordering-client.js';
import { isClosed, mayFollow } from '../../src/services/ordering/order-status.js';

interface Kept {
  order: OrderView;
  readonly receipt: ReceiptView;
  readonly content: string;
  readonly history: StatusChangeView[];
}

/** What goes wrong with the next calls: asked with the method's name before it is carried out. */
export type Fault = (
  method: keyof OrderingClient,
  args: readonly unknown[],
) => CallRefusedError | 'lost-answer' | undefined;

/**
 * A restaurant in memory: menu, stock, orders with history, exactly once by id, events. It keeps the rules that dialogues
 * depend on; the real client and service are tested elsewhere. Time stands still at 2026-11-21T12:00:00Z plus one second an op.
 */
export class FakeRestaurant implements OrderingClient {
  menu: MenuItemView[] = [
    { item: 'Dal Tadka', price_pence: 695, category: 'Curries', description: 'Yellow lentils', allergens: ['milk'] },
    { item: 'Garlic Naan', price_pence: 310, category: 'Sides', description: '', allergens: ['gluten', 'milk'] },
    { item: 'Goan Fish Fry', price_pence: 1295, category: 'Specials', description: 'Today', allergens: [], stock: 3 },
    {
      item: '"Half & Half", for two',
      price_pence: 1850,
      category: 'Specials',
      description: '',
      allergens: [],
      stock: 0,
    },
  ];
  motd = "Welcome! Today's special: fish.\n";
  menuVersion = 1;
  motdVersion = 1;
  op = 2;
  /** No majority: fresh reads and writes are refused. */
  isAlone = false;
  /** Without a majority new orders are taken, to be confirmed later. */
  keepsOrdering = false;
  fault: Fault = () => undefined;
  /** Every call as it came. */
  readonly calls: { readonly method: keyof OrderingClient; readonly args: readonly unknown[] }[] = [];
  readonly orders = new Map<string, Kept>();
  readonly events: OrderEventView[] = [];
  isClosed = false;
  #wake: (() => void)[] = [];

  async getMenu(options: ReadOptions = {}) {
    this.#read('getMenu', [options], options);
    return { items: this.menu, menu_version: this.menuVersion, as_of: this.#asOf() };
  }

  async getMotd(options: ReadOptions = {}) {
    this.#read('getMotd', [options], options);
    return { motd: this.motd, as_of: this.#asOf() };
  }

  async makeOrder(order: NewOrder, deadlineMs?: number) {
    if (this.isAlone && this.keepsOrdering) return this.#takeAlone(order, deadlineMs);
    return this.#write('makeOrder', [order, deadlineMs], () => {
      const content = JSON.stringify([order.user_code, order.lines, order.post_code]);
      const known = this.orders.get(order.order_id);
      if (known !== undefined) {
        if (known.content !== content)
          throw refused('ID_REUSED', 'This order_id names another order.', 'ALREADY_EXISTS');
        return { order: known.order, receipt: known.receipt };
      }
      this.#check(order);
      for (const line of order.lines)
        this.menu = this.menu.map((item) =>
          item.item === line.item && item.stock !== undefined ? { ...item, stock: item.stock - line.quantity } : item,
        );
      const receipt = this.#nextReceipt();
      const placed = this.#placed(order, this.op);
      const history = [{ status: placed.status, at: placed.placed_at, op: this.op, reason: '' }];
      this.orders.set(order.order_id, { order: placed, receipt, content, history });
      this.#emit('placed', placed);
      return { order: placed, receipt };
    });
  }

  /** As the single calls, one after the other. */
  async *makeOrders(orders: AsyncIterable<NewOrder> | Iterable<NewOrder>): AsyncGenerator<StreamedOrder> {
    let number = 0;
    for await (const order of orders) {
      number++;
      try {
        yield { kind: 'placed', number, ...(await this.makeOrder(order)) };
      } catch (error) {
        if (!(error instanceof CallRefusedError)) throw error;
        yield { kind: 'refused', number, order_id: order.order_id, error };
      }
    }
  }

  #placed(order: NewOrder, op: number): OrderView {
    return {
      order_id: order.order_id,
      user_code: order.user_code,
      lines: order.lines,
      total_pence: order.lines.reduce((sum, line) => sum + line.quantity * line.price_pence, 0),
      post_code: order.post_code,
      postcode_check: 'valid',
      contact: order.contact ?? { name: '', phone: '', address: '' },
      notes: order.notes ?? '',
      placed_at: this.#now(),
      status: 'placed',
      op,
      unconfirmed: op === 0,
      reason: '',
    };
  }

  #takeAlone(order: NewOrder, deadlineMs: number | undefined): { order: OrderView; receipt: ReceiptView } {
    this.#enter('makeOrder', [order, deadlineMs]);
    const receipt = { op: 0, view: 0, copies: 1, committed: false, chain: '' };
    const placed = this.#placed(order, 0);
    this.orders.set(order.order_id, { order: placed, receipt, content: '', history: [] });
    return { order: placed, receipt };
  }

  async getOrders(query: { user_code: string; page_size?: number; page_token?: string } & ReadOptions) {
    this.#read('getOrders', [query], query);
    const own = [...this.orders.values()]
      .map(({ order }) => order)
      .filter((order) => order.user_code === query.user_code);
    const size = query.page_size === undefined || query.page_size === 0 ? 50 : query.page_size;
    const from = Number(query.page_token ?? '') || 0;
    const orders = own.toReversed().slice(from, from + size);
    const next_page_token = from + size < own.length ? String(from + size) : '';
    return { orders, next_page_token, as_of: this.#asOf() };
  }

  async getOrder(orderId: string, options: ReadOptions = {}) {
    this.#read('getOrder', [orderId, options], options);
    const { order, history } = this.#known(orderId);
    return { order, history, as_of: this.#asOf() };
  }

  async updateOrderStatus(requestId: string, orderId: string, status: OrderStatusName) {
    return this.#write('updateOrderStatus', [requestId, orderId, status], () => this.#move(orderId, status));
  }

  async cancelOrder(requestId: string, orderId: string) {
    return this.#write('cancelOrder', [requestId, orderId], () => {
      if (this.#known(orderId).order.status !== 'placed')
        throw refused('ORDER_CLOSED', 'The kitchen has begun: call the restaurant.', 'FAILED_PRECONDITION');
      return this.#move(orderId, 'cancelled');
    });
  }

  async setMenu(requestId: string, items: readonly MenuItemView[], expectedVersion?: number) {
    return this.#write('setMenu', [requestId, items, expectedVersion], () => {
      if (expectedVersion !== undefined && expectedVersion !== this.menuVersion)
        throw refused('MENU_VERSION_CHANGED', `The menu has version ${this.menuVersion}.`, 'FAILED_PRECONDITION');
      this.menu = [...items];
      this.menuVersion += 1;
      return { menu_version: this.menuVersion, receipt: this.#nextReceipt() };
    });
  }

  async setMotd(requestId: string, motd: string) {
    return this.#write('setMotd', [requestId, motd], () => {
      this.motd = motd;
      this.motdVersion += 1;
      return { motd_version: this.motdVersion, receipt: this.#nextReceipt() };
    });
  }

  async validatePostcode(postCode: string) {
    this.#enter('validatePostcode', [postCode]);
    const normalised = postCode.trim().toUpperCase();
    if (normalised === 'DH1 1JN') return { verdict: 'valid' as const, normalised, reason: '' };
    if (normalised === 'AB1 0AA') return { verdict: 'terminated' as const, normalised, reason: 'since 6/1996' };
    if (/^[A-Z]/.test(normalised)) return { verdict: 'unknown' as const, normalised, reason: '' };
    return { verdict: 'malformed' as const, normalised: '', reason: '' };
  }

  async *watchOrders(
    fromOp: number,
    userCode: string | undefined,
    signal: AbortSignal,
  ): AsyncGenerator<OrderEventView> {
    this.#enter('watchOrders', [fromOp, userCode]);
    const wake = (): void => this.#wake.splice(0).forEach((one) => one());
    signal.addEventListener('abort', wake);
    for (let at = 0; !signal.aborted;) {
      const event = this.events[at];
      if (event === undefined) {
        await new Promise<void>((resolve) => this.#wake.push(resolve));
        continue;
      }
      at += 1;
      if (event.op >= fromOp && (userCode === undefined || event.order.user_code === userCode)) yield event;
    }
  }

  close(): void {
    this.isClosed = true;
  }

  /** Places an order of `count` Dal for a test that needs one. */
  async place(userCode: string, count = 1): Promise<OrderView> {
    const lines = [{ item: 'Dal Tadka', quantity: count, price_pence: 695 }];
    const made = await this.makeOrder({ order_id: randomUUID(), user_code: userCode, lines, post_code: 'DH1 1JN' });
    return made.order;
  }

  #enter(method: keyof OrderingClient, args: readonly unknown[]): 'lost-answer' | undefined {
    this.calls.push({ method, args });
    const fault = this.fault(method, args);
    if (fault instanceof CallRefusedError) throw fault;
    return fault;
  }

  #read(method: keyof OrderingClient, args: readonly unknown[], { consistency }: ReadOptions): void {
    this.#enter(method, args);
    if (this.isAlone && consistency !== 'any') throw noQuorum();
  }

  #write<T>(method: keyof OrderingClient, args: readonly unknown[], action: () => T): T {
    const fault = this.#enter(method, args);
    if (this.isAlone) throw noQuorum();
    const result = action();
    if (fault === 'lost-answer') throw unknownOutcome();
    return result;
  }

  #check({ lines }: NewOrder): void {
    for (const line of lines) {
      const offered = this.menu.find(({ item }) => item === line.item);
      if (offered === undefined) throw refused('UNKNOWN_ITEM', `${line.item} is not on the menu.`, 'NOT_FOUND');
      if (offered.price_pence !== line.price_pence)
        throw refused('PRICE_CHANGED', `${line.item} has another price.`, 'FAILED_PRECONDITION');
      if (offered.stock !== undefined && offered.stock < line.quantity)
        throw refused('SOLD_OUT', `only ${offered.stock} of ${line.item} left.`, 'FAILED_PRECONDITION');
    }
  }

  #known(orderId: string): Kept {
    const known = this.orders.get(orderId);
    if (known === undefined) throw refused('UNKNOWN_ORDER', `There is no order ${orderId}.`, 'NOT_FOUND');
    return known;
  }

  #move(orderId: string, status: OrderStatusName): { order: OrderView; receipt: ReceiptView } {
    const kept = this.#known(orderId);
    if (isClosed(kept.order.status)) throw refused('ORDER_CLOSED', 'The order is closed.', 'FAILED_PRECONDITION');
    if (!mayFollow(kept.order.status, status))
      throw refused(
        'INVALID_TRANSITION',
        `An order that is ${kept.order.status} never goes back.`,
        'FAILED_PRECONDITION',
      );
    const receipt = this.#nextReceipt();
    kept.order = { ...kept.order, status };
    kept.history.push({ status, at: this.#now(), op: this.op, reason: '' });
    this.#emit('status_changed', kept.order);
    return { order: kept.order, receipt };
  }

  #nextReceipt(): ReceiptView {
    this.op += 1;
    return { op: this.op, view: 0, copies: 2, committed: true, chain: String(this.op).padStart(32, '0') };
  }

  #emit(kind: OrderEventView['kind'], order: OrderView): void {
    this.events.push({ op: this.op, time: this.#now(), kind, order });
    for (const wake of this.#wake.splice(0)) wake();
  }

  #now(): string {
    return new Date(Date.UTC(2026, 10, 21, 12, 0, this.op)).toISOString();
  }

  #asOf(): AsOfView {
    return { op: this.op, view: 0, replica: 'replica-2', time: this.#now(), complete: true };
  }
}

/** A refusal as the client throws it. */
export function refused(reason: RefusalReason, message: string, status: string): CallRefusedError {
  return new CallRefusedError({ reason, message }, status);
}

/** Nobody could be asked, or nobody answered. */
export function unknownOutcome(): CallRefusedError {
  return refused('OUTCOME_UNKNOWN', 'No answer in time: try again with the same order_id.', 'DEADLINE_EXCEEDED');
}

function noQuorum(): CallRefusedError {
  return refused('NO_QUORUM', 'Only 1 of 3 replicas can be reached: orders wait until 2 can.', 'UNAVAILABLE');
}
