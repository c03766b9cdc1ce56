import { assertNever } from '../../base/assert.js';
import { refusal } from '../../base/refusal.js';
import type { QueryAnswer } from '../../base/service.js';
import { ABSENT } from '../compact/id-index.js';
import type { CommittedState } from './committed-state.js';
import { eventsFrom } from './events.js';
import { PAGE_SIZE_DEFAULT, PAGE_TOKEN_LENGTH_MAX } from './limits.js';
import { NONE } from './order-index.js';
import { isClosed } from './order-status.js';
import { decodePageToken, encodePageToken } from './page-token.js';
import type { AnswerOf, Counts, Order, OrderTrace } from './replies.js';
import type { GetOrders, OrderingQuery } from './requests.js';
import { fieldRefusal } from '../../base/field-problem.js';

/** About what an order of a few lines takes in its tables. */
const ORDER_BYTES = 1_000;

/** Answers a query on committed state. */
export function answer(state: CommittedState, query: OrderingQuery): QueryAnswer {
  switch (query.kind) {
    case 'getMenu':
      return done<'getMenu'>({ items: state.menu.items(), menuVersion: state.menuVersion });
    case 'getMotd':
      return done<'getMotd'>({ motd: state.motd, motdVersion: state.motdVersion });
    case 'getOrders':
      return ordersOf(state, query);
    case 'getOrder':
      return orderWithHistory(state, query.orderId);
    case 'events':
      return done<'events'>(eventsFrom(state, query));
    case 'unchecked':
      return done<'unchecked'>({ orders: unchecked(state, query.limit) });
    case 'traceOrder':
      return done<'traceOrder'>(traceOf(state, query.orderId));
    case 'counts':
      return done<'counts'>(counts(state));
    default:
      return assertNever(query);
  }
}

function done<Kind extends OrderingQuery['kind']>(body: AnswerOf[Kind], bytes = 0): QueryAnswer {
  return { kind: 'done', body, bytes };
}

function ordersOf({ orders }: CommittedState, { userCode, pageSize, pageToken }: GetOrders): QueryAnswer {
  const size = pageSize === 0 ? PAGE_SIZE_DEFAULT : pageSize;
  const first = firstOfPage({ orders }, userCode, pageToken);
  if (first === undefined) return unknownPageToken();
  const page: Order[] = [];
  let record = first;
  for (; record !== NONE && page.length < size; record = orders.index.previousAt(record))
    page.push(orders.asNow(record));
  const last = page.at(-1);
  const nextPageToken = record === NONE || last === undefined ? '' : encodePageToken(last.op, userCode);
  return done<'getOrders'>({ orders: page, nextPageToken }, page.length * ORDER_BYTES);
}

/** The answer to a page token that leads nowhere. */
export function unknownPageToken(): QueryAnswer {
  const problem = 'was not given out for this user';
  return {
    kind: 'refused',
    refusal: fieldRefusal({ field: 'page_token', problem, nextStep: 'begin again without it' }),
  };
}

/** The newest record of a page; NONE when the page is empty, `undefined` for a token of somebody else or of nobody. */
function firstOfPage(
  { orders: { index } }: Pick<CommittedState, 'orders'>,
  userCode: string,
  token: string,
): number | undefined {
  if (token === '') return index.newestOf(userCode);
  const op = token.length > PAGE_TOKEN_LENGTH_MAX ? undefined : decodePageToken(token, userCode);
  if (op === undefined) return undefined;
  const record = index.firstFrom(op);
  // A replica that has not come so far yet holds only orders from before the anchor.
  if (record === index.count) return index.newestOf(userCode);
  return index.opAt(record) === op && index.isOf(record, userCode) ? index.previousAt(record) : undefined;
}

function orderWithHistory({ orders }: CommittedState, orderId: string): QueryAnswer {
  const record = orders.index.find(orderId);
  if (record === ABSENT)
    return {
      kind: 'refused',
      refusal: refusal('UNKNOWN_ORDER', 'There is no such order. Check the order_id.'),
    };
  const order = orders.asNow(record);
  return done<'getOrder'>({ order, history: orders.history(record, order.placedAt) });
}

function unchecked({ orders }: CommittedState, limit: number): Order[] {
  const { index } = orders;
  const found: Order[] = [];
  const wanted = Math.min(limit, index.uncheckedCount);
  for (let record = 0; record < index.count && found.length < wanted; record++)
    if (index.checkAt(record) === 'unchecked' && !isClosed(index.statusAt(record))) found.push(orders.asNow(record));
  return found;
}

/** All that ever happened under the id of an order. */
export function traceOf({ orders, refusals }: CommittedState, orderId: string): OrderTrace {
  const record = orders.index.find(orderId);
  if (record !== ABSENT) return { order: orders.asNow(record), steps: orders.steps(record) };
  const refused = refusals.find(orderId);
  return refused === undefined ? { steps: [] } : { steps: [], refused };
}

/** How much there is. */
export function counts(state: CommittedState): Counts {
  const { orders, refusals, requests, menu, menuVersion, motdVersion, op } = state;
  return {
    orders: orders.index.count,
    ordersByStatus: orders.index.countByStatus(),
    users: orders.index.userCount,
    changes: orders.changes.count,
    refusals: refusals.count,
    requests: requests.count,
    unchecked: orders.index.uncheckedCount,
    menuItems: menu.count,
    menuVersion,
    motdVersion,
    op,
  };
}
