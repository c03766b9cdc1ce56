import type {
  MenuItem,
  MakeOrder,
  OrderingQuery,
  OrderingRequest,
} from '../../../../src/services/ordering/requests.js';
import type { Prng } from '../../prng.js';
import { drawCopies, drawUuid, RequestsSent } from '../requests-sent.js';
import type { Asked, WorkloadWorld } from '../workload.js';

/** The menu that ships with every replica: two items run out. */
export const MENU: readonly MenuItem[] = [
  item('Tomato Soup', 450, 'Starters'),
  item('Naan, plain', 150, 'Sides'),
  item('Dal "Tadka"', 895, 'Mains'),
  item('Fish Pie', 1_195, 'Mains', 40),
  item('Crumble', 525, 'Desserts', 8),
];

/** menu.csv and motd.txt as they ship. */
export const SHIPPED = {
  'menu.csv':
    'item,price,category,description,allergens,stock\r\n' +
    'Tomato Soup,4.50,Starters,,,\r\n' +
    '"Naan, plain",1.50,Sides,,,\r\n' +
    '"Dal ""Tadka""",8.95,Mains,,,\r\n' +
    'Fish Pie,11.95,Mains,,,40\r\n' +
    'Crumble,5.25,Desserts,,,8\r\n',
  'motd.txt': 'Welcome',
} as const;

const USERS = ['ann', 'bob', 'cem', 'dee'];
const STATUSES = ['accepted', 'preparing', 'ready', 'delivered', 'rejected', 'cancelled'] as const;
/** Orders that staff and customers come back to. */
const ORDERS_MAX = 60;

/** Draws what customers and staff ask for: new requests, and the same ones again. */
export class OrderingRequests {
  readonly #prng: Prng;
  readonly #sent: RequestsSent<OrderingRequest>;
  readonly #orderIds: string[] = [];
  #prices = new Map(MENU.map(({ item: name, pricePence }) => [name, pricePence]));

  constructor(private readonly world: WorkloadWorld) {
    this.#prng = world.prng;
    this.#sent = new RequestsSent(world.prng);
  }

  /** A request: often one that was sent before, under its id; seldom another one under a used id. */
  draw(): Asked<OrderingRequest> {
    const past = this.#sent.drawPast();
    if (past !== undefined) return this.#again(past);
    const body = this.#newBody();
    const requestId = body.kind === 'makeOrder' ? body.orderId : this.#uuid(7);
    return this.#sent.add({ requestId, variant: 0, body, copiesNeeded: this.#concern() });
  }

  /** An order that any state but an empty menu takes, on so many disks. */
  plainOrder(copiesNeeded: number): Asked<OrderingRequest> {
    const body = this.#order(this.#uuid(4), [{ item: 'Tomato Soup', quantity: 1 }], 'valid');
    return { requestId: body.orderId, variant: 0, body, copiesNeeded };
  }

  /** A read of committed state. */
  query(): OrderingQuery {
    const prng = this.#prng;
    switch (prng.between(0, 6)) {
      case 0:
        return { kind: 'getMotd' };
      case 1:
        return { kind: 'counts' };
      case 2:
        return { kind: 'getOrders', userCode: prng.pick(USERS), pageSize: prng.between(1, 5), pageToken: '' };
      case 3:
        return { kind: 'events', fromOp: prng.between(0, 60), limit: prng.between(1, 20) };
      case 4:
      case 5:
        if (this.#orderIds.length > 0) return { kind: 'getOrder', orderId: prng.pick(this.#orderIds) };
        return { kind: 'getMenu' };
      default:
        return { kind: 'getMenu' };
    }
  }

  /** The same content under the same id, with what is no content perhaps changed; or another content. */
  #again(past: Asked<OrderingRequest>): Asked<OrderingRequest> {
    const prng = this.#prng;
    const copiesNeeded = prng.chance(0.7) ? past.copiesNeeded : this.#concern();
    if (past.body.kind !== 'makeOrder') return { ...past, copiesNeeded };
    if (prng.chance(0.1))
      return { ...past, variant: 1, body: { ...past.body, userCode: `${past.body.userCode}2` }, copiesNeeded };
    return prng.chance(0.2)
      ? { ...past, body: { ...past.body, notes: 'again', postcodeVerdict: 'unchecked' }, copiesNeeded }
      : { ...past, copiesNeeded };
  }

  #newBody(): OrderingRequest {
    const prng = this.#prng;
    const known = this.#orderIds.length > 0 ? prng.pick(this.#orderIds) : this.#uuid(4);
    switch (prng.between(0, 19)) {
      case 0:
      case 1:
      case 2:
        return {
          kind: 'updateOrderStatus',
          orderId: known,
          status: prng.pick(STATUSES),
          reason: prng.pick(['', 'late, sorry']),
        };
      case 3: {
        const userCode = prng.pick(USERS);
        return {
          kind: 'cancelOrder',
          orderId: known,
          byStaff: prng.chance(0.5),
          ...(prng.chance(0.3) ? { userCode } : {}),
        };
      }
      case 4:
        return { kind: 'recheckPostcode', orderId: known, verdict: prng.pick(['valid', 'unknown']) };
      case 5:
        return { kind: 'setMotd', motd: `Today: "${prng.between(1, 99)}",\nenjoy` };
      case 6:
        return this.#newMenu();
      default: {
        const count = prng.between(1, 3);
        const lines = MENU.slice(prng.between(0, MENU.length - count)).slice(0, count);
        const body = this.#order(
          this.#uuid(4),
          lines.map(({ item: name }) => ({ item: name, quantity: prng.between(1, 3) })),
          prng.pick(['valid', 'valid', 'valid', 'unchecked', 'unchecked', 'unknown', 'malformed', 'terminated']),
        );
        this.#orderIds.push(body.orderId);
        if (this.#orderIds.length > ORDERS_MAX) this.#orderIds.shift();
        return body;
      }
    }
  }

  #order(
    orderId: string,
    lines: readonly { item: string; quantity: number }[],
    postcodeVerdict: MakeOrder['postcodeVerdict'],
  ): MakeOrder {
    const prng = this.#prng;
    const contact = { name: 'Ann "the" Fan', phone: '0191', address: '1, Long Lane' };
    return {
      kind: 'makeOrder',
      orderId,
      userCode: prng.pick(USERS),
      lines: lines.map(({ item: name, quantity }) => ({ item: name, quantity, pricePence: this.#price(name) })),
      postCode: 'DH1 1JN',
      postcodeVerdict,
      postcodeReason: '',
      ...(prng.chance(0.3) ? { contact } : {}),
      notes: prng.pick(['', 'ring, please']),
    };
  }

  /** The price as the customer was shown it: seldom an old one. */
  #price(name: string): number {
    return (this.#prices.get(name) ?? 1) + (this.#prng.chance(0.03) ? 1 : 0);
  }

  /** Prices stay mostly as they are; stock is filled up. */
  #newMenu(): OrderingRequest {
    const prng = this.#prng;
    const items = MENU.map((one) => ({
      ...one,
      pricePence: (this.#prices.get(one.item) ?? one.pricePence) + (prng.chance(0.1) ? 5 : 0),
      ...(one.stock === undefined ? {} : { stock: prng.between(0, 30) }),
    }));
    this.#prices = new Map(items.map(({ item: name, pricePence }) => [name, pricePence]));
    return { kind: 'setMenu', items, ...(prng.chance(0.2) ? { expectedVersion: prng.between(1, 4) } : {}) };
  }

  #concern(): number {
    return drawCopies(this.#prng, this.world.replicas);
  }

  #uuid(version: 4 | 7): string {
    return drawUuid(this.#prng, version, this.world.wallMs());
  }
}

function item(name: string, pricePence: number, category: string, stock?: number): MenuItem {
  const unlimited = { item: name, pricePence, category, description: '', allergens: [] };
  return stock === undefined ? unlimited : { ...unlimited, stock };
}
