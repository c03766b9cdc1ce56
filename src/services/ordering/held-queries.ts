import { present } from '../../base/assert.js';
import type { QueryAnswer } from '../../base/service.js';
import { ABSENT } from '../compact/id-index.js';
import type { CommittedState } from './committed-state.js';
import type { HeldOrders } from './held-orders.js';
import { PAGE_SIZE_DEFAULT } from './limits.js';
import { answer, unknownPageToken } from './queries.js';
import { decodeHeldToken, encodeHeldToken, isHeldToken } from './page-token.js';
import type { Order, OrdersReply } from './replies.js';
import type { GetOrders, OrderingQuery } from './requests.js';

/**
 * Answers a query on committed state and, before it, what this replica holds unconfirmed. An order that is committed is shown as
 * it is committed, though it may still be held.
 */
export function answerWithHeld(state: CommittedState, held: HeldOrders, query: OrderingQuery): QueryAnswer {
  if (held.size === 0) return answer(state, query);
  if (query.kind === 'getOrders') return ordersWithHeld(state, held, query);
  if (query.kind !== 'getOrder') return answer(state, query);
  const order = isCommitted(state, query.orderId) ? undefined : held.find(query.orderId);
  if (order === undefined) return answer(state, query);
  const history = [{ status: order.status, at: order.placedAt, op: order.op, reason: order.reason }];
  return { kind: 'done', body: { order, history } };
}

/** Pages of what is held come first; the last of them is filled up with what is committed. */
function ordersWithHeld(state: CommittedState, held: HeldOrders, query: GetOrders): QueryAnswer {
  const { userCode, pageToken } = query;
  if (pageToken !== '' && !isHeldToken(pageToken)) return answer(state, query);
  const size = query.pageSize === 0 ? PAGE_SIZE_DEFAULT : query.pageSize;
  const waiting = held.idsOf(userCode).filter((id) => !isCommitted(state, id));
  // The order that a page ended with may be confirmed since: then the pages have moved on.
  const last = pageToken === '' ? undefined : decodeHeldToken(pageToken, userCode);
  const from = pageToken === '' ? 0 : waiting.indexOf(last ?? '') + 1;
  if (pageToken !== '' && from === 0) return unknownPageToken();
  const page: Order[] = waiting
    .slice(from, from + size)
    .map((id) => present(held.find(id), 'what is listed for a user is held'));
  const lastShown = page.at(-1);
  if (page.length === size && lastShown !== undefined)
    return orders({ orders: page, nextPageToken: encodeHeldToken(lastShown.orderId, userCode) });
  const rest = answer(state, { ...query, pageSize: size - page.length, pageToken: '' });
  if (rest.kind === 'refused') return rest;
  const committed = rest.body as OrdersReply;
  return orders({ orders: [...page, ...committed.orders], nextPageToken: committed.nextPageToken });
}

const orders = (body: OrdersReply): QueryAnswer => ({ kind: 'done', body });

const isCommitted = ({ orders: { index } }: CommittedState, orderId: string): boolean => index.find(orderId) !== ABSENT;
