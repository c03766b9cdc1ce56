import { type ClientDuplexStream, Metadata, type ServiceError, type StatusObject, status } from '@grpc/grpc-js';
import { refusal } from '../base/refusal.js';
import { CallRefusedError, type NewOrder, type StreamedOrder } from '../ports/ordering-client.js';
import { CUSTOMER_MESSAGE_BYTES_MAX } from './channel-options.js';
import { callRefusedError, refusalOf, statusRefusedError } from './error-details.js';
import {
  CANNOT_BE_DONE_THERE,
  type FailoverCaller,
  isNeverSent,
  PATIENCE_MS_MIN,
  retryDelayMsOf,
} from './failover-caller.js';
import type { MakeOrderRequest } from './generated/justhungry/v1/MakeOrderRequest.js';
import type { MakeOrdersResponse__Output } from './generated/justhungry/v1/MakeOrdersResponse.js';
import type { OrderAnswer__Output } from './generated/justhungry/v1/OrderAnswer.js';
import { makeOrderRequest } from './order-request.js';
import { ORDER_FRAME_BYTES_MAX, ORDERS_PER_MESSAGE_MAX, ordersMessage } from './orders-message.js';
import { orderView, receiptView } from './ordering-views.js';
import { messageCodec, protocol } from './proto-files.js';
import { statusRow } from './status-table.js';
import { tooLarge } from './too-large.js';
import { partOf } from './wire-values.js';

/** Orders without an answer at most, where the caller does not say. */
const WINDOW_MAX = 1000;
/** Wait before a broken stream is opened again: the first one and the longest, ms. */
const WAIT_MS = { first: 20, max: 200 } as const;
/** Deadlines, orders that are to come back, and front ends that are silent are looked for this often, ms. */
const LOOK_MS = 50;
/** Bytes of a message at most: room is left for its deadline_ms. */
const MESSAGE_BYTES_MAX = CUSTOMER_MESSAGE_BYTES_MAX - 2 * ORDER_FRAME_BYTES_MAX;

const requestCodec = messageCodec<MakeOrderRequest, never>('justhungry.v1.MakeOrderRequest');
const { path, responseDeserialize } = protocol.FoodOrdering.service.MakeOrders;
const asIs = (bytes: Buffer): Buffer => bytes;

type Stream = ClientDuplexStream<Buffer, MakeOrdersResponse__Output>;

/** An order on its way. Times are monotonic, ms. */
interface Outstanding {
  /** Place in the input, from 1. */
  readonly number: number;
  readonly orderId: string;
  readonly payload: Buffer;
  readonly endMs: number;
  /** Whether some stream may have carried it to a front end. */
  mayBeDone: boolean;
  /** While it waits to come back to a front end that had too much to do. */
  turnedAway: { readonly backAtMs: number; readonly error: CallRefusedError } | undefined;
}

/**
 * As `OrderingClient.makeOrders`. Each order is made bytes once, and sent as these again over the next stream when one breaks,
 * until it is answered or its time is up: with the same id it is done once.
 */
export async function* makeOrders(
  caller: FailoverCaller,
  orders: AsyncIterable<NewOrder> | Iterable<NewOrder>,
  options: { readonly deadlineMs: number; readonly windowMax?: number },
): AsyncGenerator<StreamedOrder, void, undefined> {
  const sender = new OrderSender(caller, options.deadlineMs, options.windowMax ?? WINDOW_MAX);
  // Its end, and what `orders` throws, is told by `isDone`.
  void sender.feed(orders);
  try {
    for (;;) {
      const answer = sender.take();
      if (answer !== undefined) yield answer;
      else if (sender.isDone) break;
      else await sender.changed();
    }
  } finally {
    sender.close();
  }
}

/** Keeps one stream open while there is something to send, and knows what has no answer. */
class OrderSender {
  readonly #caller: FailoverCaller;
  readonly #deadlineMs: number;
  readonly #windowMax: number;
  /** Everything without an answer, by its place in the input. */
  readonly #outstanding = new Map<number, Outstanding>();
  /** What the present stream has not carried yet. */
  #unsent: Outstanding[] = [];
  /** What the present stream carries, by its number there. */
  #carried = new Map<number, Outstanding>();
  #carriedCount = 0;
  /** What was turned away and comes back later. */
  readonly #turnedAway = new Set<Outstanding>();
  #answers: StreamedOrder[] = [];
  #count = 0;
  #stream: { readonly call: Stream; readonly index: number } | undefined;
  #waitMs: number = WAIT_MS.first;
  #isFull = false;
  #isFlushPlanned = false;
  #heardMs = 0;
  #isInputOver = false;
  #isClosed = false;
  #failure: Error | undefined;
  #wake: (() => void)[] = [];
  #reconnecting: NodeJS.Timeout | undefined;
  readonly #looking: NodeJS.Timeout;
  #endInput: (() => void) | undefined;

  constructor(caller: FailoverCaller, deadlineMs: number, windowMax: number) {
    this.#caller = caller;
    this.#deadlineMs = deadlineMs;
    this.#windowMax = windowMax;
    this.#looking = setInterval(() => this.#look(), LOOK_MS);
  }

  /** Whether everything is answered and taken. Throws what ended it for good. */
  get isDone(): boolean {
    if (this.#failure !== undefined) throw this.#failure;
    return this.#isInputOver && this.#outstanding.size === 0 && this.#answers.length === 0;
  }

  take(): StreamedOrder | undefined {
    const answer = this.#answers.shift();
    if (answer !== undefined) this.#tell();
    return answer;
  }

  /** Resolves when something has changed. */
  changed(): Promise<void> {
    return new Promise((resolve) => this.#wake.push(resolve));
  }

  async feed(orders: AsyncIterable<NewOrder> | Iterable<NewOrder>): Promise<void> {
    const iterator = Symbol.asyncIterator in orders ? orders[Symbol.asyncIterator]() : orders[Symbol.iterator]();
    this.#endInput = () => void Promise.resolve(iterator.return?.()).catch(() => undefined);
    try {
      while (!this.#isClosed) {
        while (!this.#isClosed && this.#outstanding.size + this.#answers.length >= this.#windowMax)
          await this.changed();
        const next = await iterator.next();
        if (next.done === true) break;
        if (!this.#isClosed) this.#add(next.value);
      }
    } catch (error) {
      this.#fail(error);
    } finally {
      this.#endInput = undefined;
      this.#isInputOver = true;
      this.#tell();
    }
  }

  close(): void {
    this.#isClosed = true;
    clearInterval(this.#looking);
    clearTimeout(this.#reconnecting);
    this.#endInput?.();
    const stream = this.#stream;
    this.#stream = undefined;
    if (this.#outstanding.size === 0) stream?.call.end();
    else stream?.call.cancel();
    this.#tell();
  }

  #tell(): void {
    const woken = this.#wake;
    this.#wake = [];
    for (const wake of woken) wake();
  }

  #add(order: NewOrder): void {
    const number = ++this.#count;
    const payload = requestCodec.write(makeOrderRequest(order));
    const endMs = performance.now() + this.#deadlineMs;
    const added: Outstanding = {
      number,
      orderId: order.order_id,
      payload,
      endMs,
      mayBeDone: false,
      turnedAway: undefined,
    };
    if (payload.length + ORDER_FRAME_BYTES_MAX > MESSAGE_BYTES_MAX) {
      return this.#refuse(added, new CallRefusedError(tooLarge(payload.length), 'RESOURCE_EXHAUSTED'));
    }
    if (this.#outstanding.size === 0) this.#heardMs = performance.now();
    this.#outstanding.set(number, added);
    this.#unsent.push(added);
    if (this.#stream === undefined && this.#reconnecting === undefined) this.#connect();
    else this.#planFlush();
  }

  #connect(): void {
    this.#reconnecting = undefined;
    const { client, index } = this.#caller.streamClient();
    const call: Stream = client.makeBidiStreamRequest(path, asIs, responseDeserialize, new Metadata());
    const stream = { call, index };
    this.#stream = stream;
    this.#carried = new Map();
    this.#carriedCount = 0;
    this.#isFull = false;
    this.#heardMs = performance.now();
    const ifPresent = (run: () => void) => () => {
      if (this.#stream === stream) run();
    };
    call.on('data', ({ answers }: MakeOrdersResponse__Output) => ifPresent(() => this.#onAnswers(answers))());
    call.on(
      'drain',
      ifPresent(() => {
        this.#isFull = false;
        this.#flush();
      }),
    );
    // The status says it all and always follows.
    call.on('error', () => undefined);
    call.on('status', (ended: StatusObject) => ifPresent(() => this.#onEnd(ended))());
    this.#flush();
  }

  /** What one turn of the event loop brings leaves as one message. */
  #planFlush(): void {
    if (this.#isFlushPlanned) return;
    this.#isFlushPlanned = true;
    setImmediate(() => {
      this.#isFlushPlanned = false;
      this.#flush();
    });
  }

  #flush(): void {
    while (this.#stream !== undefined && !this.#isFull && this.#unsent.length > 0) {
      const batch = this.#nextBatch();
      this.#unsent = this.#unsent.slice(batch.length);
      for (const order of batch) this.#carried.set(++this.#carriedCount, order);
      const now = performance.now();
      const leftMs = Math.ceil(Math.max(...batch.map(({ endMs }) => endMs)) - now);
      const message = ordersMessage({ orders: batch.map(({ payload }) => payload), deadlineMs: Math.max(1, leftMs) });
      this.#isFull = !this.#stream.call.write(message);
    }
  }

  #nextBatch(): Outstanding[] {
    let bytes = 0;
    const batch: Outstanding[] = [];
    for (const order of this.#unsent) {
      bytes += order.payload.length + ORDER_FRAME_BYTES_MAX;
      if (batch.length > 0 && (batch.length === ORDERS_PER_MESSAGE_MAX || bytes > MESSAGE_BYTES_MAX)) break;
      batch.push(order);
    }
    return batch;
  }

  #onAnswers(answers: readonly OrderAnswer__Output[]): void {
    this.#heardMs = performance.now();
    this.#waitMs = WAIT_MS.first;
    try {
      for (const answer of answers) this.#onAnswer(answer);
    } catch (error) {
      this.#fail(error);
    }
  }

  #onAnswer({ number, outcome, response, error }: OrderAnswer__Output): void {
    const order = this.#carried.get(number);
    this.#carried.delete(number);
    // Its time was up.
    if (order === undefined || !this.#outstanding.has(order.number)) return;
    if (outcome === 'response') {
      const placed = partOf(response, 'response');
      const views = { order: orderView(placed.order), receipt: receiptView(placed.receipt) };
      return this.#settle(order, { kind: 'placed', number: order.number, ...views });
    }
    const refused = statusRefusedError(partOf(error, 'error'));
    // The stream will end, and the next one carries it again.
    if (refused.refusal.reason === 'STOPPING') return;
    const backAtMs = performance.now() + (retryDelayMsOf(refused.refusal) ?? Infinity);
    if (backAtMs < order.endMs) {
      order.turnedAway = { backAtMs, error: refused };
      this.#turnedAway.add(order);
      return;
    }
    const isOpen = order.mayBeDone && CANNOT_BE_DONE_THERE.has(refused.refusal.reason);
    this.#refuse(order, isOpen ? outcomeUnknown() : refused);
  }

  #refuse(order: Outstanding, error: CallRefusedError): void {
    const { number, orderId } = order;
    this.#settle(order, { kind: 'refused', number, order_id: orderId, error });
  }

  #settle(order: Outstanding, answer: StreamedOrder): void {
    this.#outstanding.delete(order.number);
    this.#turnedAway.delete(order);
    this.#answers.push(answer);
    this.#tell();
  }

  /** The stream ended: what it carried goes over the next one. */
  #onEnd(ended: StatusObject): void {
    const error = ended as ServiceError;
    const index = this.#stream?.index;
    this.#stream = undefined;
    if (index !== undefined) this.#caller.passOver(index);
    if (!isNeverSent(ended)) for (const order of this.#carried.values()) order.mayBeDone = true;
    if (!mayComeBack(error)) return this.#fail(callRefusedError(error));
    this.#unsent = [...this.#outstanding.values()].filter((order) => !this.#turnedAway.has(order));
    const waitMs = Math.max(this.#waitMs, retryDelayMsOf(refusalOf(error)) ?? 0);
    this.#reconnecting = setTimeout(() => this.#connect(), waitMs);
    this.#waitMs = Math.min(this.#waitMs * 2, WAIT_MS.max);
  }

  #fail(error: unknown): void {
    this.#failure ??= error instanceof Error ? error : new Error(String(error), { cause: error });
    this.#tell();
  }

  /** Sends what was turned away once more, with the same bytes, when it was told to come back. */
  #comeBack(now: number): void {
    for (const order of this.#turnedAway) {
      if (order.turnedAway === undefined || order.turnedAway.backAtMs > now) continue;
      this.#turnedAway.delete(order);
      order.turnedAway = undefined;
      this.#unsent.push(order);
    }
    if (this.#unsent.length > 0) this.#planFlush();
  }

  /** Answers what had no answer in time; leaves a front end that says nothing, where there is another. */
  #look(): void {
    const now = performance.now();
    for (const order of this.#outstanding.values()) {
      // In the order of their deadlines.
      if (order.endMs > now) break;
      const isOnItsWay = this.#stream !== undefined && order.turnedAway === undefined && !this.#unsent.includes(order);
      const notDone = order.turnedAway?.error ?? unreachable();
      this.#refuse(order, order.mayBeDone || isOnItsWay ? outcomeUnknown() : notDone);
      this.#unsent = this.#unsent.filter((one) => one !== order);
    }
    this.#comeBack(now);
    const patienceMs = Math.max(PATIENCE_MS_MIN, this.#deadlineMs / 2);
    if (this.#stream === undefined || this.#outstanding.size === 0 || this.#caller.count === 1) return;
    if (now - this.#heardMs > patienceMs) this.#stream.call.cancel();
  }
}

/** Whether opening the stream again may help. */
function mayComeBack(error: ServiceError): boolean {
  const refused = refusalOf(error);
  if (refused !== undefined) return statusRow(refused.reason).retry === 'sameId';
  return [status.OK, status.UNAVAILABLE, status.CANCELLED, status.INTERNAL, status.UNKNOWN].includes(error.code);
}

function outcomeUnknown(): CallRefusedError {
  const message =
    'No answer came before the time was up or the connection broke: it may be done or not. Repeat it with the same id; it will not be done twice.';
  return new CallRefusedError(refusal('OUTCOME_UNKNOWN', message), 'DEADLINE_EXCEEDED');
}

function unreachable(): CallRefusedError {
  const message =
    'No front end could be reached in time and nothing was done. Check that the servers run, then try again.';
  return new CallRefusedError(refusal('NO_PRIMARY', message), 'UNAVAILABLE');
}
