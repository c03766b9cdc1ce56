import type { MenuItem, OrderingRequest, OrderLine } from '../../src/services/ordering/requests.js';
import { Random } from './random.js';

/** A request as the primary got it. */
export interface PastRequest {
  readonly requestId: string;
  readonly timeMs: number;
  readonly body: OrderingRequest;
}

/** What is to be made up. */
export interface HistoryOptions {
  readonly orders: number;
  /** Users `user-1` … `user-N`. */
  readonly users: number;
  readonly seed: number;
  readonly menu: readonly MenuItem[];
}

/** The orders are spread over the year 2025: an entry's time is never below that of the one before, nor ahead of a real clock. */
const BEGIN_MS = Date.UTC(2025, 0, 1, 11, 30);
const YEAR_MS = 360 * 24 * 3600 * 1000;
const POSTCODES = ['DH1 1JN', 'DH1 3LE', 'DH1 4FL', 'NE1 7RU', 'SW1A 1AA', 'M1 1AE'];
const LINES_MAX = 4;
/** After how many further orders the kitchen does something with one. */
const ACCEPTED_AFTER = 5;
const CANCELLED_AFTER = 7;
const DELIVERED_AFTER = 40;
const CANCELLED_SHARE = 0.05;
const CONTACT_SHARE = 0.3;
const NOTES_SHARE = 0.1;

interface Placed {
  readonly orderId: string;
  readonly isCancelled: boolean;
}

/**
 * What customers and the kitchen asked, in order: each order has one to four lines and is accepted and delivered while the
 * next ones come in, but for one in twenty that its customer cancels; the last 40 are still open. So an order has 1.95 changes.
 */
export function* pastRequests({ orders, users, seed, menu }: HistoryOptions): Generator<PastRequest> {
  const random = new Random(seed);
  const placed: Placed[] = [];
  const stepMs = Math.max(1, Math.floor(YEAR_MS / orders));
  for (let number = 0; number < orders; number++) {
    const timeMs = BEGIN_MS + number * stepMs;
    const order = orderBy(`user-${random.below(users) + 1}`, random, menu);
    placed[number % (DELIVERED_AFTER + 1)] = { orderId: order.requestId, isCancelled: random.chance(CANCELLED_SHARE) };
    yield { ...order, timeMs };
    const before = (count: number) => placed[(number - count) % (DELIVERED_AFTER + 1)];
    const changed = (body: OrderingRequest) => ({ requestId: random.uuidAt(timeMs), timeMs, body });
    if (number >= ACCEPTED_AFTER) {
      const { orderId, isCancelled } = before(ACCEPTED_AFTER) as Placed;
      if (!isCancelled) yield changed({ kind: 'updateOrderStatus', orderId, status: 'accepted', reason: '' });
    }
    if (number >= CANCELLED_AFTER) {
      const { orderId, isCancelled } = before(CANCELLED_AFTER) as Placed;
      if (isCancelled) yield changed({ kind: 'cancelOrder', orderId, byStaff: false });
    }
    if (number >= DELIVERED_AFTER) {
      const { orderId, isCancelled } = before(DELIVERED_AFTER) as Placed;
      if (!isCancelled) yield changed({ kind: 'updateOrderStatus', orderId, status: 'delivered', reason: '' });
    }
  }
}

function orderBy(
  userCode: string,
  random: Random,
  menu: readonly MenuItem[],
): { requestId: string; body: OrderingRequest } {
  const orderId = random.uuid();
  const first = random.below(menu.length);
  const count = 1 + random.below(LINES_MAX);
  const lines: OrderLine[] = [];
  // Neighbours on the menu: no item may be in a basket twice.
  for (let line = 0; line < count; line++) {
    const { item, pricePence } = menu[(first + line) % menu.length] as MenuItem;
    lines.push({ item, quantity: 1 + random.below(3), pricePence });
  }
  const postCode = POSTCODES[random.below(POSTCODES.length)] as string;
  const contact = { name: `Customer of ${userCode}`, phone: '0191 496 0000', address: '1 High Street' };
  const body: OrderingRequest = {
    kind: 'makeOrder',
    orderId,
    userCode,
    lines,
    postCode,
    postcodeVerdict: 'valid',
    postcodeReason: '',
    ...(random.chance(CONTACT_SHARE) ? { contact } : {}),
    notes: random.chance(NOTES_SHARE) ? 'Ring twice, please' : '',
  };
  return { requestId: orderId, body };
}
