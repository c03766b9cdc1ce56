import { setTimeout as pause } from 'node:timers/promises';
import { v7 as uuidV7 } from 'uuid';
import {
  CallRefusedError,
  type AsOfView,
  type ConsistencyName,
  type NewOrder,
  type OrderingClient,
  type OrderView,
  type ReceiptView,
} from '../../ports/ordering-client.js';
import type { Refusal } from '../../base/refusal.js';

/** When a call began and ended, in ms of this process; `endMs` is Infinity while nothing is known of its end. */
export interface Span {
  readonly client: string;
  readonly beginMs: number;
  endMs: number;
}

/** What became of a call: done, refused (surely or perhaps not done), or still under way. */
export type CallOutcome<Answer> =
  | { readonly kind: 'ok'; readonly answer: Answer }
  | { readonly kind: 'refused'; readonly refusal: Refusal; readonly status: string }
  | { readonly kind: 'pending' };

/** One attempt to place an order. */
export interface OrderCall extends Span {
  readonly order: NewOrder;
  /** Whether the id had been sent before. */
  readonly isRepeat: boolean;
  outcome: CallOutcome<{ readonly order: OrderView; readonly receipt: ReceiptView }>;
}

/** One attempt to cancel an order. */
export interface CancelCall extends Span {
  readonly requestId: string;
  readonly orderId: string;
  readonly isRepeat: boolean;
  outcome: CallOutcome<{ readonly order: OrderView; readonly receipt: ReceiptView }>;
}

/** What a history keeps of an order that was read. */
export type SeenOrder = Pick<OrderView, 'order_id' | 'op' | 'status'>;

/** A read of all orders of a user, or of one order (`orders` then holds it, or nothing when there is none). */
export interface ReadCall extends Span {
  readonly of: { readonly userCode: string } | { readonly orderId: string };
  readonly consistency: ConsistencyName;
  readonly minOp: number;
  outcome: CallOutcome<{ readonly orders: readonly SeenOrder[]; readonly asOf: AsOfView | undefined }>;
}

/** What is replaced as a whole: the message of the day, and the menu, of which the history looks at one description. */
export type RegisterName = 'motd' | 'menu';

/** One attempt to replace a register's value, or a linearizable read of it, which has no `requestId`. */
export interface RegisterCall extends Span {
  readonly register: RegisterName;
  readonly requestId: string | undefined;
  /** The value written, or read. */
  outcome: CallOutcome<{ readonly value: string }>;
  readonly written: string | undefined;
}

/** Reasons that leave open whether a call was done. */
const UNKNOWN: ReadonlySet<string> = new Set(['OUTCOME_UNKNOWN', 'WRITE_CONCERN_NOT_MET', 'INTERNAL']);

/** Reasons that say that a call was surely not done, at this attempt. */
const SURELY_NOT: ReadonlySet<string> = new Set([
  'NO_PRIMARY',
  'NO_QUORUM',
  'STOPPING',
  'SOLD_OUT',
  'PRICE_CHANGED',
  'INJECTED_FAULT',
]);

/** Refusals by the state of the restaurant that spend an order's id. */
export const REFUSED_FOR_GOOD: ReadonlySet<string> = new Set([
  'SOLD_OUT',
  'PRICE_CHANGED',
  'UNKNOWN_ITEM',
  'POSTCODE_MALFORMED',
  'POSTCODE_UNKNOWN',
  'POSTCODE_TERMINATED',
  'POSTCODE_UNCHECKED',
]);

/** Whether a call may have been done, by all that its caller was told. */
export const mayBeDone = (outcome: CallOutcome<unknown>): boolean =>
  outcome.kind !== 'refused' || !SURELY_NOT.has(outcome.refusal.reason);

/** Whether the caller must ask again to know. */
export const isUnknown = (outcome: CallOutcome<unknown>): boolean =>
  outcome.kind === 'pending' || (outcome.kind === 'refused' && UNKNOWN.has(outcome.refusal.reason));

/** What every client of a cluster called and was told, over its whole life. `checkHistory` judges it. */
export class History {
  readonly orders: OrderCall[] = [];
  readonly cancels: CancelCall[] = [];
  readonly reads: ReadCall[] = [];
  readonly registers: RegisterCall[] = [];
  /** Each order in each status once, however often it was read: a long history fits into memory. */
  readonly #seen = new Map<string, SeenOrder>();
  readonly #orderIds = new Set<string>();
  readonly #requestIds = new Set<string>();
  readonly #acknowledgedIds = new Set<string>();
  #isGivenUp = false;

  /** Orders acknowledged so far. */
  get acknowledgedCount(): number {
    return this.#acknowledgedIds.size;
  }

  /** Ids of orders that were acknowledged, oldest first. */
  get acknowledged(): string[] {
    const ids = this.orders.filter(({ outcome }) => outcome.kind === 'ok').map(({ order }) => order.order_id);
    return [...new Set(ids)];
  }

  /** Places an order once and notes what comes of it. */
  async placeOnce(client: Named, order: NewOrder, deadlineMs?: number): Promise<OrderCall> {
    const isRepeat = this.#orderIds.has(order.order_id);
    this.#orderIds.add(order.order_id);
    const call: OrderCall = { ...begin(client), order, isRepeat, outcome: { kind: 'pending' } };
    this.orders.push(call);
    call.outcome = await settled(client.calls.makeOrder(order, deadlineMs));
    if (call.outcome.kind === 'ok') this.#acknowledgedIds.add(order.order_id);
    call.endMs = performance.now();
    return call;
  }

  /** Nobody asks again any more: what is not known by now stays unknown. */
  giveUp(): void {
    this.#isGivenUp = true;
  }

  /** Places an order, asking again with the same id while the outcome is unknown or nobody could take it. */
  async place(client: Named, order: NewOrder): Promise<OrderCall> {
    return this.#untilTold(() => this.placeOnce(client, order));
  }

  /** Cancels an order, as `place`. */
  async cancel(client: Named, orderId: string): Promise<CancelCall> {
    const requestId = uuidV7();
    return this.#untilTold(() => this.cancelOnce(client, orderId, requestId));
  }

  /** Cancels an order by the request of this id, once, as `placeOnce`. */
  async cancelOnce(client: Named, orderId: string, requestId: string): Promise<CancelCall> {
    const isRepeat = this.#requestIds.has(requestId);
    this.#requestIds.add(requestId);
    const call: CancelCall = { ...begin(client), requestId, orderId, isRepeat, outcome: { kind: 'pending' } };
    this.cancels.push(call);
    call.outcome = await settled(client.calls.cancelOrder(requestId, orderId));
    call.endMs = performance.now();
    return call;
  }

  /** Replaces the value of a register, as `place`; `run` sends the request with the id it is given. */
  async write(
    client: Named,
    register: RegisterName,
    written: string,
    run: (requestId: string) => Promise<unknown>,
  ): Promise<RegisterCall> {
    const requestId = uuidV7();
    return this.#untilTold(() =>
      this.#onRegister({ ...begin(client), register, requestId, written, outcome: { kind: 'pending' } }, async () => {
        await run(requestId);
        return { value: written };
      }),
    );
  }

  /** Reads a register; `run` gives its value. */
  async readRegister(client: Named, register: RegisterName, run: () => Promise<string>): Promise<RegisterCall> {
    const call: RegisterCall = {
      ...begin(client),
      register,
      requestId: undefined,
      written: undefined,
      outcome: { kind: 'pending' },
    };
    return this.#onRegister(call, async () => ({ value: await run() }));
  }

  async #onRegister(call: RegisterCall, run: () => Promise<{ value: string }>): Promise<RegisterCall> {
    this.registers.push(call);
    call.outcome = await settled(run());
    call.endMs = performance.now();
    return call;
  }

  /** Reads all orders of a user, at most 500. */
  async readUser(client: Named, userCode: string, options: ReadWish = {}): Promise<ReadCall> {
    return this.#read(client, { userCode }, options, async (wish) => {
      const { orders, as_of } = await client.calls.getOrders({ user_code: userCode, page_size: 500, ...wish });
      return { orders: orders.map((order) => this.#once(order)), asOf: as_of };
    });
  }

  /** Reads one order. */
  async readOrder(client: Named, orderId: string, options: ReadWish = {}): Promise<ReadCall> {
    return this.#read(client, { orderId }, options, async (wish) => {
      const { order, as_of } = await client.calls.getOrder(orderId, wish);
      return { orders: [this.#once(order)], asOf: as_of };
    });
  }

  async #read(
    client: Named,
    of: ReadCall['of'],
    { consistency = 'linearizable', minOp = 0 }: ReadWish,
    run: (wish: Required<ReadWish>) => Promise<{ orders: readonly SeenOrder[]; asOf: AsOfView | undefined }>,
  ): Promise<ReadCall> {
    const call: ReadCall = { ...begin(client), of, consistency, minOp, outcome: { kind: 'pending' } };
    this.reads.push(call);
    const outcome = await settled(run({ consistency, minOp }));
    const isNone = outcome.kind === 'refused' && outcome.refusal.reason === 'UNKNOWN_ORDER';
    call.outcome = isNone ? { kind: 'ok', answer: { orders: [], asOf: undefined } } : outcome;
    call.endMs = performance.now();
    return call;
  }

  /** Asks again with the same id while the outcome is unknown or nobody could do it. */
  async #untilTold<Call extends { readonly outcome: CallOutcome<unknown> }>(ask: () => Promise<Call>): Promise<Call> {
    for (;;) {
      const call = await ask();
      if (isTold(call.outcome) || this.#isGivenUp) return call;
      await pause(AGAIN_AFTER_MS);
    }
  }

  #once({ order_id, op, status }: OrderView): SeenOrder {
    const key = `${order_id} ${op} ${status}`;
    const known = this.#seen.get(key) ?? { order_id, op, status };
    this.#seen.set(key, known);
    return known;
  }

  /** Every refusal that customers saw of calls begun since then, except those that the state of the restaurant explains. */
  errorsSince(beginMs: number): string[] {
    return [...this.orders, ...this.cancels, ...this.reads, ...this.registers].flatMap(
      ({ outcome, client, beginMs: at, endMs }) => {
        if (at < beginMs || outcome.kind !== 'refused' || OF_RESTAURANT.has(outcome.refusal.reason)) return [];
        const { refusal, status } = outcome;
        return [
          `${client} after ${Math.round(endMs - at)} ms: ${status} ${refusal.reason}: ${refusal.message} ${JSON.stringify(refusal.details ?? {})}`,
        ];
      },
    );
  }
}

/** A client and its name in the history. */
export interface Named {
  readonly name: string;
  readonly calls: OrderingClient;
}

interface ReadWish {
  readonly consistency?: ConsistencyName;
  readonly minOp?: number;
}

const OF_RESTAURANT: ReadonlySet<string> = new Set(['SOLD_OUT', 'ORDER_CLOSED']);
const OF_CLUSTER: ReadonlySet<string> = new Set([
  'NO_PRIMARY',
  'NO_QUORUM',
  'NOT_FOUNDED',
  'STOPPING',
  'OVERLOADED',
  'INJECTED_FAULT',
]);

/** ms until a call is made again. */
const AGAIN_AFTER_MS = 10;

const isOfCluster = ({ reason }: Refusal): boolean => OF_CLUSTER.has(reason);

const begin = ({ name }: Named): Span => ({ client: name, beginMs: performance.now(), endMs: Infinity });

/** Whether the caller knows what became of the call, and need not ask again. */
const isTold = (outcome: CallOutcome<unknown>): boolean =>
  outcome.kind === 'ok' || (outcome.kind === 'refused' && !isUnknown(outcome) && !isOfCluster(outcome.refusal));

async function settled<T>(call: Promise<T>): Promise<CallOutcome<T>> {
  try {
    return { kind: 'ok', answer: await call };
  } catch (error) {
    if (!(error instanceof CallRefusedError)) throw error;
    return { kind: 'refused', refusal: error.refusal, status: error.status };
  }
}
