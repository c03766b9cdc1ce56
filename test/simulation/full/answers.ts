import { isDeepStrictEqual } from 'node:util';
import type { Outcome } from '../../../src/vsr/effect.js';
import type { PostcodeVerdict } from '../../../src/services/ordering/postcode-verdict.js';
import type { AnswerOf, Order } from '../../../src/services/ordering/replies.js';
import type { OrderingQuery, OrderingRequest } from '../../../src/services/ordering/requests.js';
import { Violation, type Checkers } from '../checkers.js';
import type { OrderingModel } from './ordering-model.js';

/** A request as a customer sends it. Equal `variant`, equal content; another one must be refused under the same id. */
export interface Asked {
  readonly requestId: string;
  readonly variant: number;
  readonly body: OrderingRequest;
  readonly copiesNeeded: number;
}

type Written = Extract<Outcome, { kind: 'written' }>;
type Read = Extract<Outcome, { kind: 'read' }>;

interface FirstAnswer {
  readonly variant: number;
  readonly reply: unknown;
  readonly view: number;
  readonly chain: string;
}

/**
 * What customers were told, held against what is committed: a repeat is answered as the first time, a refusal is true of the state
 * it was decided on, a read shows exactly the state that it says it shows. Throws Violation.
 */
export class Answers {
  readonly #first = new Map<string, FirstAnswer>();
  /** First answers that no replica's tables hold yet: a primary may commit what its own disk does not have. */
  #unjudged: { readonly asked: Asked; readonly op: number; readonly reply: Written['reply'] }[] = [];
  /** Verdicts on its postcode that attempts of an order brought along: whichever is executed first counts. */
  readonly #verdicts = new Map<string, Set<PostcodeVerdict>>();
  /** Attempts of an id that were not told that nothing was done. */
  readonly #open = new Map<string, number>();

  constructor(
    private readonly model: OrderingModel,
    private readonly checkers: Checkers,
  ) {}

  /** A request is on its way. */
  onAsked({ requestId, body }: Asked): void {
    if (body.kind === 'makeOrder') {
      const verdicts = this.#verdicts.get(requestId) ?? new Set();
      this.#verdicts.set(requestId, verdicts.add(body.postcodeVerdict));
    }
    this.#open.set(requestId, (this.#open.get(requestId) ?? 0) + 1);
  }

  /** Told that nothing was done. */
  onRefused({ requestId }: Asked): void {
    this.#open.set(requestId, (this.#open.get(requestId) ?? 0) - 1);
  }

  onWritten(asked: Asked, { reply, receipt }: Written): void {
    const { requestId, variant, copiesNeeded } = asked;
    const { op, view, chain, copies, committed } = receipt;
    if (copies < copiesNeeded)
      throw new Violation(`${requestId} was acknowledged with ${copies} of ${copiesNeeded} copies`);
    this.checkers.onAcknowledged(requestId, op, chain, committed);
    if (!committed) return;
    if (reply.kind === 'refused' && reply.refusal.reason === 'ID_REUSED') {
      if (this.#first.get(requestId)?.variant === variant)
        throw new Violation(`${requestId}: a repeat was told that the id stands for something else`);
      return;
    }
    const first = this.#first.get(requestId);
    if (first === undefined) {
      this.#first.set(requestId, { variant, reply, view, chain });
      this.#unjudged.push({ asked, op, reply });
      this.#judgeApplied();
    } else if (first.variant !== variant) throw new Violation(`${requestId} stands for two different requests`);
    else if (!isDeepStrictEqual([reply, view, chain], [first.reply, first.view, first.chain]))
      throw new Violation(
        `${requestId}: first ${text(first.reply)} in view ${first.view}, now ${text(reply)} in view ${view}`,
      );
  }

  onRead(query: OrderingQuery, { answer, asOf }: Read): void {
    const at = asOf.op;
    if (at > this.model.op) throw new Violation(`a read was answered as of op ${at}, which nobody has applied`);
    const body = answer.kind === 'done' ? answer.body : undefined;
    const held = heldIn(query, body);
    this.#judgeHeld(held, at);
    if (query.kind === 'getOrder' && held.length > 0) return;
    const expected = this.#expectedOf(query, at, body, held.length);
    const found = body === undefined ? undefined : shown(query, body);
    if (!isDeepStrictEqual(found, expected))
      throw new Violation(`${query.kind} as of op ${at}: ${text(found)} instead of ${text(expected)}`);
  }

  /** Orders that wait in an outbox: somebody asked for each, and none stands in the log as of the answer's op. */
  #judgeHeld(held: readonly Order[], at: number): void {
    for (const { orderId } of held) {
      if (!this.#open.has(orderId)) throw new Violation(`${orderId} is shown as unconfirmed, and nobody asked for it`);
      if (this.model.orderAt(orderId, at) !== undefined)
        throw new Violation(`${orderId} is shown as unconfirmed as of op ${at}, and stands in the log by then`);
    }
  }

  /** After healing: what was told to have come to nothing has. */
  atEnd(): void {
    this.#judgeApplied();
    if (this.#unjudged.length > 0)
      throw new Violation(`op ${this.#unjudged[0]?.op} was acknowledged and never applied`);
    for (const [id, open] of this.#open)
      if (open === 0 && this.model.has(id)) throw new Violation(`${id} was executed, and every attempt refused`);
  }

  #judgeApplied(): void {
    const isApplied = ({ op }: { readonly op: number }): boolean => op <= this.model.op;
    for (const { asked, op, reply } of this.#unjudged.filter(isApplied)) this.#judge(asked, op, reply);
    this.#unjudged = this.#unjudged.filter((one) => !isApplied(one));
  }

  /** The first final answer of an id: is it what the state before it asks for? */
  #judge({ requestId, body }: Asked, op: number, reply: Written['reply']): void {
    if (body.kind !== 'makeOrder') return;
    if (reply.kind === 'done') {
      const { order } = reply.body as { order: Order };
      const placed = this.model.orderAt(requestId, op)?.order;
      if (!isDeepStrictEqual(order, placed))
        throw new Violation(`${requestId}: ${text(order)} instead of ${text(placed)}`);
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

  #expectedOf(query: OrderingQuery, at: number, body: unknown, heldCount: number): unknown {
    const { model } = this;
    switch (query.kind) {
      case 'getMenu':
        return model.menuAt(at);
      case 'getMotd':
        return model.motdAt(at);
      case 'getOrder':
        return model.orderAt(query.orderId, at);
      case 'getOrders':
        return model.ordersAt(query.userCode, Math.max(0, query.pageSize - heldCount), at);
      case 'events':
        return model.eventsAt(query.fromOp, query.limit, at);
      case 'counts':
        return model.countsAt(at);
      case 'unchecked':
      case 'traceOrder':
        return shown(query, body);
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
function shown(query: OrderingQuery, body: unknown): unknown {
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

const text = (value: unknown): string => (JSON.stringify(value) ?? 'nothing').slice(0, 300);
