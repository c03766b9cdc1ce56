import type { MenuItem, OrderingRequest } from '../../src/services/ordering/requests.js';
import type { Prng } from '../../test/simulation/prng.js';
import { orderIdOf, requestIdOf } from '../../test/services/ordering/ordering-driver.js';

/** A request as a caller keeps it, to be repeated. */
export interface Asked {
  readonly id: string;
  readonly body: OrderingRequest;
  /** Write concern: disks asked for, 1 … 3. */
  readonly copies: number;
}

/** Portions of the items whose stock is limited, at the beginning. */
export const STOCK: Readonly<Record<string, number>> = { 'Fish Pie': 14, Crumble: 7 };

const PRICES: Readonly<Record<string, number>> = { 'Tomato Soup': 450, 'Fish Pie': 1195, Crumble: 525, Kebab: 700 };
const ITEMS = Object.keys(PRICES);

/** The menu that a run begins with. */
export const MENU = [
  'item,price,category,description,allergens,stock',
  ...ITEMS.map((item) => `${item},${((PRICES[item] ?? 0) / 100).toFixed(2)},,,,${STOCK[item] ?? ''}`),
  '',
].join('\n');

/** Draws requests whose ids are new; prices follow the menus that it sets itself. */
export class RequestSource {
  #orders = 0;
  #others = 0;
  #surcharge = 0;

  constructor(
    private readonly prng: Prng,
    /** Whether menus are set, which also sets the stock anew. */
    private readonly isMenuChanged: boolean,
  ) {}

  next(): Asked {
    const { prng } = this;
    const choice = prng.between(0, 9);
    if (choice < 5 || this.#orders === 0) return this.#order();
    const id = requestIdOf(++this.#others);
    const orderId = orderIdOf(prng.between(1, this.#orders));
    if (choice < 7) {
      const status = prng.pick(['accepted', 'preparing', 'ready', 'delivered', 'rejected'] as const);
      return { id, body: { kind: 'updateOrderStatus', orderId, status, reason: '' }, copies: 2 };
    }
    if (choice < 8) return { id, body: { kind: 'cancelOrder', orderId, byStaff: prng.chance(0.5) }, copies: 2 };
    if (choice < 9 || !this.isMenuChanged)
      return { id, body: { kind: 'setMotd', motd: `day ${prng.between(1, 99)}` }, copies: 2 };
    this.#surcharge = prng.between(0, 2) * 10;
    return { id, body: { kind: 'setMenu', items: ITEMS.map((item) => this.#menuItem(item)) }, copies: 2 };
  }

  #order(): Asked {
    const { prng } = this;
    const id = orderIdOf(++this.#orders);
    const first = prng.between(0, ITEMS.length - 1);
    const items = Array.from({ length: prng.between(1, 2) }, (_, at) => ITEMS[(first + at) % ITEMS.length] ?? '');
    const lines = items.map((item) => ({ item, quantity: prng.between(1, 3), pricePence: this.#price(item) }));
    const body: OrderingRequest = {
      kind: 'makeOrder',
      orderId: id,
      userCode: prng.pick(['ann', 'bob']),
      lines,
      postCode: 'DH1 1JN',
      postcodeVerdict: prng.pick(['valid', 'valid', 'valid', 'unchecked', 'unknown'] as const),
      postcodeReason: '',
      notes: '',
    };
    return { id, body, copies: prng.between(1, 3) };
  }

  #price(item: string): number {
    return (PRICES[item] ?? 0) + this.#surcharge;
  }

  #menuItem(item: string): MenuItem {
    const stock = STOCK[item];
    const kept = { item, pricePence: this.#price(item), category: '', description: '', allergens: [] };
    return stock === undefined ? kept : { ...kept, stock };
  }
}

/** Another content under the same id. */
export function altered({ id, body, copies }: Asked): Asked {
  switch (body.kind) {
    case 'makeOrder':
      return { id, copies, body: { ...body, userCode: 'eve' } };
    case 'setMotd':
      return { id, copies, body: { ...body, motd: `${body.motd}!` } };
    default:
      return { id, copies, body: { kind: 'setMotd', motd: 'instead' } };
  }
}
