import type { Entry } from '../../../../src/base/entry.js';
import type {
  Counts,
  MenuReply,
  MotdReply,
  Order,
  OrderEvent,
  OrderWithHistory,
  StatusChange,
} from '../../../../src/services/ordering/replies.js';
import type { MenuItem } from '../../../../src/services/ordering/requests.js';
import { decodeUpdate, type OrderUpdate, type StatusUpdate } from '../../../../src/services/ordering/updates.js';
import { Violation } from '../../checkers.js';

const LIFE = ['placed', 'accepted', 'preparing', 'ready', 'delivered', 'rejected', 'cancelled'];
const isClosed = (status: string): boolean => LIFE.indexOf(status) >= LIFE.indexOf('delivered');
const isCalledOff = (status: string): boolean => status === 'rejected' || status === 'cancelled';

interface Change {
  readonly op: number;
  readonly atMs: number;
  readonly update: StatusUpdate;
}

interface ModelOrder {
  /** As it was placed. */
  readonly order: Order;
  readonly limited: readonly number[];
  readonly changes: Change[];
}

/** A value and the op from which it holds. */
interface Since<T> {
  readonly op: number;
  readonly value: T;
}

/**
 * The restaurant as its committed entries make it, written a second time and as plainly as can be: what every entry must look
 * like after those before it, and what any query must answer at any op. Throws Violation.
 */
export class OrderingModel {
  readonly #orders = new Map<string, ModelOrder>();
  readonly #menus: Since<{ items: readonly MenuItem[]; version: number }>[] = [];
  readonly #motds: Since<{ motd: string; version: number }>[] = [];
  readonly #events: { readonly op: number; readonly orderId: string; readonly kind: OrderEvent['kind'] }[] = [];
  readonly #refusedOps: number[] = [];
  readonly #rememberedOps: number[] = [];

  /** The cluster is founded with this menu and message. */
  onFounded(text: string, { op }: Entry): void {
    const seed = JSON.parse(text) as { menu: MenuItem[]; motd: string };
    this.#menus.push({ op, value: { items: seed.menu, version: 1 } });
    this.#motds.push({ op, value: { motd: seed.motd, version: 1 } });
  }

  /** Takes the next committed entry of ordering. */
  take(entry: Entry): void {
    const { op } = entry;
    const update = decodeUpdate(entry.update);
    switch (update.kind) {
      case 'order':
        return this.#place(entry, update);
      case 'status':
        return this.#change(entry, update);
      case 'menu':
        this.#expect(update.version === this.#menu().version + 1, entry, 'the version of the menu is not the next');
        this.#menus.push({ op, value: { items: update.items, version: update.version } });
        this.#rememberedOps.push(op);
        return;
      case 'motd':
        this.#expect(update.version === this.#motd().version + 1, entry, 'the version of the motd is not the next');
        this.#motds.push({ op, value: { motd: update.motd, version: update.version } });
        this.#rememberedOps.push(op);
        return;
      case 'refused':
        this.#refusedOps.push(op);
        return;
    }
  }

  /** What getMenu answers at an op. */
  menuAt(op: number): MenuReply {
    const { items, version } = at(this.#menus, op) ?? { items: [], version: 0 };
    return { items, menuVersion: version };
  }

  /** What getMotd answers at an op. */
  motdAt(op: number): MotdReply {
    const { motd, version } = at(this.#motds, op) ?? { motd: '', version: 0 };
    return { motd, motdVersion: version };
  }

  /** What getOrder answers at an op; undefined: UNKNOWN_ORDER. */
  orderAt(orderId: string, op: number): OrderWithHistory | undefined {
    const found = this.#orders.get(orderId);
    if (found === undefined || found.order.op > op) return undefined;
    const { order, changes } = found;
    const changesThen = changes.filter((change) => change.op <= op);
    const last = changesThen.at(-1)?.update;
    const birth = { status: order.status, at: order.placedAt, op: order.op, reason: order.reason };
    const history: StatusChange[] = [birth];
    for (const { op: changeOp, atMs, update } of changesThen)
      if (update.isCheck !== true)
        history.push({ status: update.status, at: new Date(atMs).toISOString(), op: changeOp, reason: update.reason });
    return { order: last === undefined ? order : changed(order, last), history };
  }

  /** What getOrders answers at an op from the beginning: newest first, at most `size`. */
  ordersAt(userCode: string, size: number, op: number): Order[] {
    const ids = [...this.#orders].filter(([, { order }]) => order.userCode === userCode && order.op <= op);
    return ids
      .reverse()
      .slice(0, size)
      .flatMap(([id]) => this.orderAt(id, op)?.order ?? []);
  }

  /** What events answers at an op. */
  eventsAt(fromOp: number, limit: number, op: number): Omit<OrderEvent, 'time'>[] {
    return this.#events
      .filter((event) => event.op >= fromOp && event.op <= op)
      .slice(0, limit)
      .flatMap((event) => {
        const order = this.orderAt(event.orderId, event.op)?.order;
        return order === undefined ? [] : [{ op: event.op, kind: event.kind, order }];
      });
  }

  /** What counts answers at an op, of it what the model has. */
  countsAt(op: number): Pick<Counts, 'orders' | 'changes' | 'refusals' | 'requests' | 'menuVersion' | 'motdVersion'> {
    const until = (ops: readonly number[]): number => ops.filter((one) => one <= op).length;
    const placed = this.#events.filter((event) => event.op <= op && event.kind === 'placed').length;
    const events = this.#events.filter((event) => event.op <= op).length;
    const rejectedAtOnce = [...this.#orders.values()].filter(
      ({ order }) => order.status === 'rejected' && order.op <= op,
    ).length;
    return {
      orders: placed,
      changes: events - placed + rejectedAtOnce,
      refusals: until(this.#refusedOps),
      requests: until(this.#rememberedOps),
      menuVersion: this.menuAt(op).menuVersion,
      motdVersion: this.motdAt(op).motdVersion,
    };
  }

  /** Ids of all orders, oldest first. */
  orderIds(): string[] {
    return [...this.#orders.keys()];
  }

  #place(entry: Entry, update: OrderUpdate): void {
    const { op, timeMs, requestId } = entry;
    const isSalvaged = update.placedMs !== undefined;
    const lines = update.lines.map(([item, quantity, pricePence]) => ({ item, quantity, pricePence }));
    const isRejected = update.rejected !== undefined;
    this.#expect(!isRejected || isSalvaged, entry, 'an order was rejected at once that had been promised to nobody');
    const stock = new Map<string, number>();
    const limited: number[] = [];
    for (const [index, { item, quantity, pricePence }] of lines.entries()) {
      const onMenu = this.#menu().items.find((one) => one.item === item);
      this.#expect(isSalvaged || onMenu?.pricePence === pricePence, entry, `${item} was sold at another price`);
      if (isRejected || onMenu?.stock === undefined) continue;
      this.#expect(onMenu.stock >= quantity, entry, `${quantity} of ${item} were sold, and ${onMenu.stock} were left`);
      stock.set(item, onMenu.stock - quantity);
      limited.push(index);
    }
    this.#setStock(entry, update.stock, stock);
    this.#expect(String(update.limited ?? []) === String(limited), entry, 'other lines took of the stock');
    const [name, phone, address, notes] = update.extra ?? ['', '', '', ''];
    const hasContact = name !== '' || phone !== '' || address !== '';
    const order: Order = {
      orderId: requestId,
      userCode: update.user,
      lines,
      totalPence: lines.reduce((sum, { quantity, pricePence }) => sum + quantity * pricePence, 0),
      postCode: update.postCode,
      postcodeCheck: update.check,
      ...(hasContact ? { contact: { name, phone, address } } : {}),
      notes,
      placedAt: new Date(update.placedMs ?? timeMs).toISOString(),
      status: isRejected ? 'rejected' : 'placed',
      op,
      reason: update.rejected ?? '',
    };
    this.#orders.set(requestId, { order, limited, changes: [] });
    this.#events.push({ op, orderId: requestId, kind: 'placed' });
  }

  #change(entry: Entry, update: StatusUpdate): void {
    const { op, timeMs } = entry;
    const found = this.#orders.get(update.order);
    if (found === undefined) throw new Violation(`op ${op} changes an order that nobody placed`);
    const before = this.orderAt(update.order, op)?.order ?? found.order;
    this.#expect(!isClosed(before.status), entry, `an order was changed that is ${before.status}`);
    if (update.isCheck === true)
      this.#expect(before.status === update.status && before.postcodeCheck === 'unchecked', entry, 'a check too many');
    else
      this.#expect(
        LIFE.indexOf(update.status) > LIFE.indexOf(before.status) && update.check === before.postcodeCheck,
        entry,
        `an order went from ${before.status} to ${update.status}`,
      );
    const stock = new Map<string, number>();
    if (isCalledOff(update.status) && (before.status === 'placed' || before.status === 'accepted'))
      for (const line of found.limited) {
        const { item, quantity } = found.order.lines[line] ?? { item: '', quantity: 0 };
        const left = this.#menu().items.find((one) => one.item === item)?.stock;
        if (left !== undefined) stock.set(item, left + quantity);
      }
    this.#setStock(entry, update.stock, stock);
    found.changes.push({ op, atMs: timeMs, update });
    this.#events.push({
      op,
      orderId: update.order,
      kind: update.isCheck === true ? 'postcodeChecked' : 'statusChanged',
    });
  }

  /** An update names the stock that is left, and it is what the model comes to. */
  #setStock(entry: Entry, told: OrderUpdate['stock'], expected: ReadonlyMap<string, number>): void {
    const isSame = JSON.stringify(told ?? []) === JSON.stringify([...expected]);
    this.#expect(
      isSame,
      entry,
      `the stock is said to be ${JSON.stringify(told)}, not ${JSON.stringify([...expected])}`,
    );
    if (expected.size === 0) return;
    const { items, version } = this.#menu();
    const next = items.map((one) => {
      const left = expected.get(one.item);
      return left === undefined ? one : { ...one, stock: left };
    });
    this.#menus.push({ op: entry.op, value: { items: next, version } });
  }

  #menu() {
    return this.#menus.at(-1)?.value ?? { items: [], version: 0 };
  }

  #motd() {
    return this.#motds.at(-1)?.value ?? { motd: '', version: 0 };
  }

  #expect(isTrue: boolean, entry: Entry, what: string): void {
    if (!isTrue) throw new Violation(`op ${entry.op} (${entry.requestId}): ${what}`);
  }
}

function changed(order: Order, { status, check, reason }: StatusUpdate): Order {
  return { ...order, status, postcodeCheck: check, reason: isCalledOff(status) ? reason : '' };
}

/** The last value that holds at an op. */
function at<T>(history: readonly Since<T>[], op: number): T | undefined {
  return history.findLast((since) => since.op <= op)?.value;
}
