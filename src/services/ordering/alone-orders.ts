import type { AloneContext, AloneExecution, AloneService, Settlement } from '../../base/alone.js';
import { op as opNumber } from '../../base/numbers.js';
import { refusal, type Refusal } from '../../base/refusal.js';
import type { OutboxItem, QueryAnswer, ServiceQuery, ServiceRequest } from '../../base/service.js';
import { basketRefusal } from './basket.js';
import type { CommittedState } from './committed-state.js';
import { contentOf, contentOfUpdate } from './content.js';
import { orderUpdateOf, postcodeRefusal } from './execute-order.js';
import { reused } from './executions.js';
import { answerWithHeld } from './held-queries.js';
import { HeldOrders } from './held-orders.js';
import { outboxOrder, unconfirmedOrder } from './outbox-order.js';
import { done, PresentState } from './present-state.js';
import type { OrderReply } from './replies.js';
import type { MakeOrder, OrderingQuery, OrderingRequest } from './requests.js';
import { Speculation } from './speculation.js';
import { encodeUpdate } from './updates.js';

/** The states that orders taken alone are held against; they change when a checkpoint is installed. */
export interface AloneWorld {
  /** Name of the service. */
  readonly service: string;
  committed(): CommittedState;
  present(): PresentState;
}

/** Disks that hold an order taken alone. */
const ALONE_COPIES = 1;

/** Orders without a majority: what is taken, what is held, how it is shown (decision 3). */
export class AloneOrders implements AloneService {
  readonly #held = new HeldOrders();
  readonly #noSpeculation = new Speculation();

  constructor(private readonly world: AloneWorld) {}

  execute(request: ServiceRequest, { view, timeMs, held }: AloneContext): AloneExecution {
    // The gate made it: the core carries requests without looking inside.
    const body = request.body as OrderingRequest;
    if (body.kind !== 'makeOrder') return refused(onlyOrders());
    const state = this.#committed();
    const known = state.decision(request.requestId);
    if (known !== undefined) {
      const isSame = known.content === contentOf(body);
      return { kind: 'known', op: opNumber(known.op), reply: isSame ? known.reply : reused(known.op) };
    }
    if (held !== undefined) {
      const { update } = outboxOrder(held);
      if (update === undefined || contentOfUpdate(update) !== contentOf(body))
        return { kind: 'held', reply: reused(0) };
      return { kind: 'held', reply: done({ order: unconfirmedOrder(update, held) }) };
    }
    const why = aloneRefusal(state, body);
    if (why !== undefined) return refused(why);
    const update = orderUpdateOf(body, ALONE_COPIES);
    const item: OutboxItem = {
      requestId: request.requestId,
      service: this.world.service,
      update: encodeUpdate(update),
      timeMs,
      view,
      op: opNumber(0),
    };
    return { kind: 'taken', item, reply: done({ order: unconfirmedOrder(update, item) }) };
  }

  hold(item: OutboxItem): void {
    this.#held.add(item);
  }

  release(requestId: string): void {
    this.#held.remove(requestId);
  }

  query(query: ServiceQuery): QueryAnswer {
    return answerWithHeld(this.world.committed(), this.#held, query.body as OrderingQuery);
  }

  whyUnconfirmed({ requestId, body }: ServiceRequest): Refusal | undefined {
    if (this.#held.size === 0) return undefined;
    const request = body as OrderingRequest;
    if (!('orderId' in request) || request.kind === 'makeOrder' || !this.#held.has(request.orderId)) return undefined;
    const present = this.world.present();
    if (present.order(request.orderId) !== undefined || present.decision(requestId) !== undefined) return undefined;
    const message =
      'The order waits for the confirmation of a majority of the replicas and cannot be changed before. ' +
      'Nothing was done; try again with the same request_id.';
    return refusal('UNCONFIRMED', message, { order_id: request.orderId });
  }

  settlement(item: OutboxItem): Settlement | undefined {
    const decision = this.#committed().decision(item.requestId);
    if (decision === undefined) return undefined;
    const { reply, content } = decision;
    const { update } = outboxOrder(item);
    if (reply.kind === 'refused' || update === undefined || content !== contentOfUpdate(update)) return 'otherKept';
    // Same content: it is the reply to an order.
    return (reply.body as OrderReply).order.status === 'rejected' ? 'rejected' : 'executed';
  }

  /** Committed state as executions see it: a deposed primary may still know what never was committed. */
  #committed(): PresentState {
    return new PresentState(this.world.committed(), this.#noSpeculation);
  }
}

/**
 * Why an order cannot be taken alone, or `undefined`. The id is not spent: an earlier attempt may have got through where this
 * replica does not reach, so `details.alone` says that the refusal is one replica's.
 */
function aloneRefusal(state: PresentState, request: MakeOrder): Refusal | undefined {
  const limited = request.lines.flatMap(({ item }, index) =>
    state.item(item)?.stock === undefined ? [] : [[`line_${index + 1}_limited`, item] as const],
  );
  const why = postcodeRefusal(request) ?? basketRefusal(state, request.lines);
  if (why !== undefined && why.reason !== 'SOLD_OUT') return ofOneReplica(why);
  if (limited.length === 0) return undefined;
  const names = limited.map(([, item]) => item).join(', ');
  const message =
    `Of ${names} only some are left, and without a majority of the replicas nobody knows how many. Nothing was ordered: ` +
    'leave them out, with a new order_id, or try again with the same one when the other replicas are back.';
  return refusal('NO_QUORUM', message, { ...Object.fromEntries(limited), alone: 'true' });
}

function ofOneReplica({ reason, message, details }: Refusal): Refusal {
  const more =
    'One replica without a majority says so: if the order was sent before, repeat it with the same order_id instead.';
  return refusal(reason, `${message} ${more}`, { ...details, alone: 'true' });
}

function onlyOrders(): Refusal {
  return refusal('NO_QUORUM', 'Without a majority of the replicas only new orders are taken. Nothing was done.');
}

const refused = (why: Refusal): AloneExecution => ({ kind: 'refused', refusal: why });
