import { isDeepStrictEqual } from 'node:util';
import type { QueryAnswer, ServiceReply } from '../../../../src/base/service.js';
import type { Entry } from '../../../../src/base/entry.js';
import { Ordering, ORDERING } from '../../../../src/services/ordering/ordering.js';
import type { PostcodeVerdict } from '../../../../src/services/ordering/postcode-verdict.js';
import type { AnswerOf, Order } from '../../../../src/services/ordering/replies.js';
import type { OrderingQuery, OrderingRequest } from '../../../../src/services/ordering/requests.js';
import { Violation } from '../../checkers.js';
import { shown } from '../shown.js';
import type { Asked, Workload, WorkloadKind, WorkloadWorld } from '../workload.js';
import { OrderingModel } from './ordering-model.js';
import { OrderingRequests, SHIPPED } from './ordering-requests.js';

/** Food ordering: baskets, stock, menus, statuses, postcodes. */
export const ORDERING_WORKLOAD: WorkloadKind = {
  service: ORDERING,
  stream: 4,
  shipped: SHIPPED,
  tables: ['orders.csv', 'order-status.csv', 'refused.csv'],
  documents: ['menu.csv', 'motd.txt'],
  makeService: (files, { indexFrameRecords }) => new Ordering(files, { indexFrameRecords }),
  makeWorkload: (world) => new OrderingWorkload(world),
};

/** Customers and staff of a restaurant, and what they may be told. */
export class OrderingWorkload implements Workload<OrderingRequest, OrderingQuery> {
  readonly model = new OrderingModel();
  readonly #requests: OrderingRequests;
  /** Verdicts on its postcode that attempts of an order brought along: whichever is executed first counts. */
  readonly #verdicts = new Map<string, Set<PostcodeVerdict>>();

  constructor(world: WorkloadWorld) {
    this.#requests = new OrderingRequests(world);
  }

  draw(): Asked<OrderingRequest> {
    return this.#requests.draw();
  }

  goal(copiesNeeded: number): Asked<OrderingRequest> {
    return this.#requests.plainOrder(copiesNeeded);
  }

  query(): OrderingQuery {
    return this.#requests.query();
  }

  audit(): readonly OrderingQuery[] {
    return [
      { kind: 'getMenu' },
      { kind: 'getMotd' },
      { kind: 'counts' },
      { kind: 'events', fromOp: 0, limit: 1_000 },
      ...this.model.orderIds().map((orderId) => ({ kind: 'getOrder' as const, orderId })),
    ];
  }

  onAsked({ requestId, body }: Asked<OrderingRequest>): void {
    if (body.kind !== 'makeOrder') return;
    const verdicts = this.#verdicts.get(requestId) ?? new Set();
    this.#verdicts.set(requestId, verdicts.add(body.postcodeVerdict));
  }

  onFounded(seed: string, entry: Entry): void {
    this.model.onFounded(seed, entry);
  }

  take(entry: Entry): void {
    this.model.take(entry);
  }

  judgeAnswer({ requestId, body }: Asked<OrderingRequest>, reply: ServiceReply, op: number): void {
    if (body.kind !== 'makeOrder') return;
    if (reply.kind === 'done') {
      const { order } = reply.body as { order: Order };
      const placed = this.model.orderAt(requestId, op)?.order;
      if (!isDeepStrictEqual(order, placed))
        throw new Violation(`${requestId}: ${shown(order)} instead of ${shown(placed)}`);
      return;
    }
    const { reason } = reply.refusal;
    const menu = new Map(this.model.menuAt(op - 1).items.map((item) => [item.item, item]));
    const isTrue = {
      UNKNOWN_ITEM: body.lines.some(({ item }) => !menu.has(item)),
      PRICE_CHANGED: body.lines.some(({ item, pricePence }) => menu.get(item)?.pricePence !== pricePence),
      SOLD_OUT: body.lines.some(({ item, quantity }) => (menu.get(item)?.stock ?? quantity) < quantity),
    };
    const verdicts = [...(this.#verdicts.get(requestId) ?? [])];
    const isPostcode = verdicts.some((verdict) => reason === `POSTCODE_${verdict.toUpperCase()}`);
    if (!isPostcode && !(reason in isTrue && isTrue[reason as keyof typeof isTrue]))
      throw new Violation(`${requestId} was refused with ${reason}, which was not so at op ${op}`);
  }

  judgeRead(query: OrderingQuery, answer: QueryAnswer, op: number): void {
    const body = answer.kind === 'done' ? answer.body : undefined;
    const held = heldIn(query, body);
    this.#judgeHeld(held, op);
    if (query.kind === 'getOrder' && held.length > 0) return;
    const expected = this.#expectedOf(query, op, body, held.length);
    const found = body === undefined ? undefined : comparable(query, body);
    if (!isDeepStrictEqual(found, expected))
      throw new Violation(`${query.kind} as of op ${op}: ${shown(found)} instead of ${shown(expected)}`);
  }

  /** Orders that wait in an outbox: somebody asked for each, and none stands in the log as of the answer's op. */
  #judgeHeld(held: readonly Order[], op: number): void {
    for (const { orderId } of held) {
      if (!this.#verdicts.has(orderId))
        throw new Violation(`${orderId} is shown as unconfirmed, and nobody asked for it`);
      if (this.model.orderAt(orderId, op) !== undefined)
        throw new Violation(`${orderId} is shown as unconfirmed as of op ${op}, and stands in the log by then`);
    }
  }

  #expectedOf(query: OrderingQuery, op: number, body: unknown, heldCount: number): unknown {
    const { model } = this;
    switch (query.kind) {
      case 'getMenu':
        return model.menuAt(op);
      case 'getMotd':
        return model.motdAt(op);
      case 'getOrder':
        return model.orderAt(query.orderId, op);
      case 'getOrders':
        return model.ordersAt(query.userCode, Math.max(0, query.pageSize - heldCount), op);
      case 'events':
        return model.eventsAt(query.fromOp, query.limit, op);
      case 'counts':
        return model.countsAt(op);
      case 'unchecked':
      case 'traceOrder':
        return comparable(query, body);
    }
  }
}

/** Orders of an answer that wait in the outbox of the replica that gave it. */
function heldIn(query: OrderingQuery, body: unknown): Order[] {
  if (body === undefined) return [];
  const orders =
    query.kind === 'getOrders'
      ? (body as AnswerOf['getOrders']).orders
      : query.kind === 'getOrder'
        ? [(body as AnswerOf['getOrder']).order]
        : [];
  return orders.filter(({ unconfirmed }) => unconfirmed === true);
}

/** Of an answer what the model says too. */
function comparable(query: OrderingQuery, body: unknown): unknown {
  switch (query.kind) {
    case 'getOrders':
      return (body as AnswerOf['getOrders']).orders.filter(({ unconfirmed }) => unconfirmed !== true);
    case 'events':
      return (body as AnswerOf['events']).events.map(({ op, kind, order }) => ({ op, kind, order }));
    case 'counts': {
      const { orders, changes, refusals, requests, menuVersion, motdVersion } = body as AnswerOf['counts'];
      return { orders, changes, refusals, requests, menuVersion, motdVersion };
    }
    default:
      return body;
  }
}
