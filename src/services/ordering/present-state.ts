import { present } from '../../base/assert.js';
import type { ServiceReply } from '../../base/service.js';
import { ABSENT } from '../compact/id-index.js';
import type { CommittedState } from './committed-state.js';
import { contentOfCheck, contentOfOrder, contentOfStatus, type Content } from './content.js';
import { isCalledOff } from './order-status.js';
import { orderOf } from './placed-order.js';
import type { Order, OrderReply } from './replies.js';
import type { MenuItem } from './requests.js';
import type { OrderState, Speculation, SpeculativeEntry } from './speculation.js';
import type { OrderUpdate, RefusedUpdate, StatusUpdate } from './updates.js';

/** What an earlier request of the same id became. */
export interface Decision {
  readonly op: number;
  readonly content: Content;
  /** The reply it got, to be given again. */
  readonly reply: ServiceReply;
}

/** An order before a change of it: status and verdict, and how to come by the rest, which may have to be read. */
export interface ChangeableOrder extends OrderState {
  /** The order as it was placed. */
  asPlaced(): Order;
  /** Whether this line took limited stock that may still come back. */
  isReserved(line: number): boolean;
}

/** Committed and speculative state seen as one: what `execute` decides on. Reads only. */
export class PresentState {
  constructor(
    readonly committed: CommittedState,
    readonly speculation: Speculation,
  ) {}

  /** What a request of this id became; `undefined` when the id is new. One space of ids serves all requests. */
  decision(requestId: string): Decision | undefined {
    const speculative = this.speculation.decision(requestId);
    if (speculative !== undefined) return this.#ofSpeculative(speculative);
    const { orders, refusals, requests } = this.committed;
    const record = orders.index.find(requestId);
    if (record !== ABSENT) {
      const order = orders.asPlaced(record);
      return { op: order.op, content: contentOfOrder(order), reply: done({ order }) };
    }
    const change = orders.changes.find(requestId);
    if (change !== ABSENT) {
      const order = orders.after(change);
      const content = orders.isCheck(change)
        ? contentOfCheck(order.orderId, order.postcodeCheck)
        : contentOfStatus(order.orderId, order.status, orders.textOf(change).reason);
      return { op: orders.changes.opAt(change), content, reply: done({ order }) };
    }
    const refused = refusals.find(requestId);
    if (refused !== undefined)
      return { op: refused.op, content: refused.content, reply: { kind: 'refused', refusal: refused.refusal } };
    const remembered = requests.find(requestId);
    if (remembered === undefined) return undefined;
    return { op: remembered.op, content: remembered.content, reply: { kind: 'done', body: remembered.answer } };
  }

  #ofSpeculative(entry: SpeculativeEntry<OrderUpdate | StatusUpdate | RefusedUpdate>): Decision {
    const { op, update } = entry;
    if (update.kind === 'refused') {
      const { reason, message, details, content } = update;
      const refusal = details === undefined ? { reason, message } : { reason, message, details };
      return { op, content, reply: { kind: 'refused', refusal } };
    }
    if (update.kind === 'order') {
      const order = orderOf(update, entry);
      return { op, content: contentOfOrder(order), reply: done({ order }) };
    }
    const content =
      update.isCheck === true
        ? contentOfCheck(update.order, update.check)
        : contentOfStatus(update.order, update.status, update.reason);
    const changed = present(this.order(update.order), 'a change is of an order that was placed');
    return { op, content, reply: done({ order: orderAfter(changed.asPlaced(), update) }) };
  }

  /** An order by id; `undefined` when there is none. */
  order(orderId: string): ChangeableOrder | undefined {
    const { orders } = this.committed;
    const state = this.speculation.orderState(orderId);
    const placing = this.speculation.decision(orderId);
    if (placing !== undefined && placing.update.kind === 'order' && state !== undefined) {
      const { update } = placing;
      return {
        status: state.status,
        check: state.check,
        asPlaced: () => orderOf(update, placing),
        isReserved: (line) => update.limited?.includes(line) === true,
      };
    }
    const record = orders.index.find(orderId);
    if (record === ABSENT) return undefined;
    return {
      status: state?.status ?? orders.index.statusAt(record),
      check: state?.check ?? orders.index.checkAt(record),
      asPlaced: () => orders.asPlaced(record),
      isReserved: (line) => orders.index.isReserved(record, line),
    };
  }

  /** An item on the menu with the stock that is left; `undefined` when it is not on the menu. */
  item(name: string): MenuItem | undefined {
    const item = (this.speculation.menu?.menu ?? this.committed.menu).find(name);
    const left = this.speculation.stockLeft(name);
    return item === undefined || left === undefined ? item : { ...item, stock: left };
  }

  /** Version of the menu. */
  get menuVersion(): number {
    return this.speculation.menu?.version ?? this.committed.menuVersion;
  }

  /** Version of the message of the day. */
  get motdVersion(): number {
    return this.speculation.motdVersion ?? this.committed.motdVersion;
  }
}

/** The order as a change leaves it. */
export function orderAfter(asPlaced: Order, { status, check, reason }: StatusUpdate): Order {
  return { ...asPlaced, postcodeCheck: check, status, reason: isCalledOff(status) ? reason : '' };
}

/** The reply with an order. */
export function done(body: OrderReply): ServiceReply {
  return { kind: 'done', body };
}
