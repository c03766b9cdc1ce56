import { Metadata, type handleBidiStreamingCall, type ServerDuplexStream } from '@grpc/grpc-js';
import { assert, present } from '../base/assert.js';
import { refusal, type Refusal, type RefusalReason } from '../base/refusal.js';
import type { AdmittedCall, Decision, Entrant, Wait } from '../ports/front-end.js';
import type { PostcodeFinding } from '../ports/request-links.js';
import { fieldRefusal } from '../base/field-problem.js';
import { canonicalUuid } from '../services/uuid.js';
import { CUSTOMER_MESSAGE_BYTES_MAX } from './channel-options.js';
import { DEADLINE_MS_DEFAULT, DEADLINE_MS_MAX, INTERNAL } from './call-guard.js';
import type { CustomerCallsOptions } from './customer-calls.js';
import { keptStatusBytes, statusBytes, statusOf } from './error-details.js';
import type { MakeOrderRequest__Output } from './generated/justhungry/v1/MakeOrderRequest.js';
import type { GateContext } from './gate.js';
import { type GatedWrite, orderCall } from './order-call.js';
import { orderingMethods } from './ordering-methods.js';
import { type AnswerBytes, answersMessage, ordersIn, ORDERS_PER_MESSAGE_MAX } from './orders-message.js';
import { messageCodec } from './proto-files.js';
import { tooLarge } from './too-large.js';
import { TurnBatcher } from './turn-batcher.js';

/** Streams of one front end at most. */
const STREAMS_MAX = 1000;
/** Orders of one stream without an answer that has left: at this many it is not read from. One message more may be on its way in. */
export const ORDERS_IN_FLIGHT_MAX = 2000;
/** Bytes of the messages that hold orders without an answer, likewise. */
const BYTES_IN_FLIGHT_MAX = 8 * 1024 * 1024;
/**
 * Orders of one stream that wait to be let in (decision 6): at this many it is not read from either. Whoever has no more than that
 * under way, as our own client by default, is always read from, so that the time of each order counts from when it was sent.
 */
export const ORDERS_WAITING_MAX = 1000;
/** A stream that was full is read from again when this part of it has been answered. */
const RESUME_AT = 1 / 2;
/** What an answer costs besides its outcome, about, in bytes. */
const ANSWER_BYTES = 50;
/** What an order that waits costs besides its bytes, about, in bytes. */
const ORDER_BYTES = 300;
/** Characters of an order_id that is none, as the answer repeats them. */
const BAD_ID_LENGTH_MAX = 100;

const makeOrder = present(orderingMethods.get('MakeOrder'), 'orders are placed by MakeOrder');
const requestCodec = messageCodec<never, MakeOrderRequest__Output>('justhungry.v1.MakeOrderRequest');

const STOPPING = refusal(
  'STOPPING',
  'This front end is stopping. Open the stream at another one and send what has no answer again, with the same ids.',
);

/** A stream of MakeOrders, both messages as bytes. */
export type OrderStreamCall = ServerDuplexStream<Buffer, Buffer>;

/** The streams of MakeOrders: each order goes the way of a unary MakeOrder, the answers of one turn leave as one message. */
export class OrderStreams {
  readonly #options: CustomerCallsOptions;
  readonly #gate: GateContext;
  readonly #streams = new Set<OrderStream>();

  constructor(options: CustomerCallsOptions) {
    this.#options = options;
    const { replicas, writeConcern } = options.configuration;
    this.#gate = {
      replicaIds: replicas.map(({ id }) => id),
      writeConcern,
      isUnreachableAccepted: true,
      isStaff: false,
    };
  }

  readonly handler: handleBidiStreamingCall<Buffer, Buffer> = (call) => {
    if (this.#streams.size >= STREAMS_MAX) {
      const message = `This front end has ${STREAMS_MAX} streams of orders already. Try again later, or another front end.`;
      call.emit('error', statusOf(refusal('OVERLOADED', message)));
      return;
    }
    const stream = new OrderStream(call, this.#options, this.#gate, () => this.#streams.delete(stream));
    this.#streams.add(stream);
    // Tells the caller that it is heard before there is anything to answer.
    call.sendMetadata(new Metadata());
  };

  /** Streams now. */
  get count(): number {
    return this.#streams.size;
  }

  /** Takes no more orders, answers those it has, then ends the streams: callers go on elsewhere. */
  close(): void {
    for (const stream of this.#streams) stream.stop(STOPPING);
  }
}

/** A message of which some order has no answer yet; times are wall-clock ms. */
interface MessageInFlight {
  readonly bytes: number;
  left: number;
  readonly arrivedMs: number;
  readonly deadlineWallMs: number;
}

/** One order; it enters the admission itself, so that nothing is made for that. */
class OrderOnStream implements Entrant {
  readonly kind = 'order';
  /** Empty until it is known. */
  orderId = '';
  /** While it waits to be let in. */
  wait: Wait | undefined;
  /** Once it was let in. */
  inside: AdmittedCall | undefined;

  constructor(
    readonly stream: OrderStream,
    readonly number: number,
    readonly payload: Buffer,
    readonly message: MessageInFlight,
  ) {}

  get bytes(): number {
    return this.payload.length + ORDER_BYTES;
  }

  onDecision(decision: Decision): void {
    this.stream.onDecision(this, decision);
  }
}

/**
 * One stream. Where there is no room its orders wait to be let in (decision 6), and when many do it is not read from. When it breaks,
 * those inside go on and their answers are dropped: the caller asks again with the same ids.
 */
class OrderStream {
  readonly #call: OrderStreamCall;
  readonly #options: CustomerCallsOptions;
  readonly #gate: GateContext;
  readonly #onEnd: () => void;
  readonly #answers: TurnBatcher<AnswerBytes>;
  /** Orders that came in. */
  #count = 0;
  /** Orders without an answer that has left. */
  #inFlight = 0;
  /** Of messages with such orders. */
  #bytesInFlight = 0;
  /** Orders that wait to be let in. */
  readonly #waiting = new Set<OrderOnStream>();
  #isPaused = false;
  /** How it ends when everything is answered; `done`: as the caller wished. */
  #ending: 'done' | Refusal | undefined;
  #isClosed = false;

  constructor(call: OrderStreamCall, options: CustomerCallsOptions, gate: GateContext, onEnd: () => void) {
    this.#call = call;
    this.#options = options;
    this.#gate = gate;
    this.#onEnd = onEnd;
    this.#answers = new TurnBatcher((answers) => this.#write(answers));
    call.on('data', (message: Buffer) => this.#onMessage(message));
    call.on('drain', () => this.#answers.drained());
    call.on('end', () => {
      this.#ending ??= 'done';
      this.#endWhenAnswered();
    });
    call.on('error', () => this.#close());
    call.on('cancelled', () => this.#close());
  }

  /** As `endWith`; what was not let in is not waited for: the caller is to hand it in elsewhere. */
  stop(why: Refusal): void {
    for (const order of this.#dropWaiting()) this.#refuseUnread(order, why);
    this.endWith(why);
  }

  /** Reads no more; ends with the refusal when everything taken is answered. */
  endWith(why: Refusal): void {
    if (this.#isEndingWithRefusal) return;
    this.#ending = why;
    this.#call.pause();
    this.#endWhenAnswered();
  }

  #onMessage(bytes: Buffer): void {
    if (this.#isClosed || this.#isEndingWithRefusal) return;
    if (bytes.length > CUSTOMER_MESSAGE_BYTES_MAX) return this.endWith(tooLarge(bytes.length));
    const found = ordersIn(bytes);
    if (typeof found === 'string') return this.endWith(noOrders(found));
    const { orders, deadlineMs } = found;
    const arrivedMs = this.#options.wallMs();
    const askedMs = deadlineMs === 0 ? DEADLINE_MS_DEFAULT : Math.min(deadlineMs, DEADLINE_MS_MAX);
    const deadlineWallMs = Math.min(Number(this.#call.getDeadline()), arrivedMs + askedMs);
    const message = { bytes: bytes.length, left: orders.length, arrivedMs, deadlineWallMs };
    if (orders.length > 0) this.#bytesInFlight += bytes.length;
    this.#inFlight += orders.length;
    const leftMs = deadlineWallMs - arrivedMs;
    for (const payload of orders) {
      const order = new OrderOnStream(this, ++this.#count, payload, message);
      order.wait = this.#options.admission.enter(order, leftMs);
      if (order.wait !== undefined) this.#waiting.add(order);
    }
    if (this.#fullness < 1) return;
    this.#isPaused = true;
    this.#call.pause();
  }

  /** The admission has let the order in, or turned it away. */
  onDecision(order: OrderOnStream, decision: Decision): void {
    if (order.wait !== undefined) {
      order.wait = undefined;
      this.#waiting.delete(order);
    }
    if ('reason' in decision) return this.#refuseUnread(order, decision);
    order.inside = decision;
    this.#take(order);
    this.#resumeWhenAnswered();
  }

  /** How much of what a stream may hold it holds, in the one of which it has most; from 1 on it is full. */
  get #fullness(): number {
    return Math.max(
      this.#inFlight / ORDERS_IN_FLIGHT_MAX,
      this.#bytesInFlight / BYTES_IN_FLIGHT_MAX,
      this.#waiting.size / ORDERS_WAITING_MAX,
    );
  }

  #take(order: OrderOnStream): void {
    const { payload } = order;
    try {
      const gated = makeOrder.gate(payload, this.#gate);
      if (gated.kind === 'refused') {
        order.orderId = idAsSent(payload);
        return this.#refuse(order, gated.refusal);
      }
      assert(gated.kind === 'write' && gated.request.body.kind === 'makeOrder', 'the gate of MakeOrder makes orders');
      order.orderId = gated.request.requestId;
      const { postcodes, userLimit } = this.#options;
      const { postCode, userCode } = gated.request.body;
      const limited = userLimit?.refusal(userCode);
      if (limited !== undefined) return this.#refuse(order, limited);
      const known = postcodes.known(postCode);
      if (known !== undefined) return this.#route(order, gated, known);
      const { arrivedMs, deadlineWallMs } = order.message;
      // Half of the time is kept for the order itself.
      postcodes
        .check(postCode, arrivedMs + (deadlineWallMs - arrivedMs) / 2)
        .then((finding) => this.#route(order, gated, finding))
        .catch((error: unknown) => this.#onBug(order, error));
    } catch (error) {
      this.#onBug(order, error);
    }
  }

  #route(order: OrderOnStream, gated: GatedWrite, postcode: PostcodeFinding): void {
    const { configuration, router } = this.#options;
    const { payload, message } = order;
    const { deadlineWallMs } = message;
    order.inside?.forwarded();
    // Not given up when the stream breaks: the caller will ask for it again.
    router.route(orderCall(configuration, gated, { payload, deadlineWallMs, postcode }), (reply) => {
      if (reply.kind === 'refused') return this.#refuse(order, reply.refusal);
      order.inside?.answered();
      this.#answer(order, reply.payload, undefined);
    });
  }

  /** Refuses what was not let in, so not looked at. */
  #refuseUnread(order: OrderOnStream, of: Refusal): void {
    order.orderId = idAsSent(order.payload);
    this.#answer(order, keptStatusBytes(of), of.reason);
  }

  #onBug(order: OrderOnStream, error: unknown): void {
    this.#options.onProblem('MakeOrders failed', error);
    this.#refuse(order, INTERNAL);
  }

  #refuse(order: OrderOnStream, of: Refusal): void {
    order.inside?.leave();
    this.#answer(order, statusBytes(of), of.reason);
  }

  #answer({ number, orderId, message }: OrderOnStream, outcome: Uint8Array, refused: RefusalReason | undefined): void {
    const { meter, wallMs } = this.#options;
    meter?.settled('MakeOrders', refused ?? 'ok', wallMs() - message.arrivedMs);
    const isError = refused !== undefined;
    // Its orders are views of it: it is held until the last one is answered.
    if (--message.left === 0) this.#bytesInFlight -= message.bytes;
    if (!this.#isClosed) this.#answers.add({ number, orderId, outcome, isError }, outcome.length + ANSWER_BYTES);
  }

  #write(answers: AnswerBytes[]): boolean {
    if (this.#isClosed) return true;
    this.#inFlight -= answers.length;
    const mayGoOn = this.#call.write(answersMessage(answers));
    this.#resumeWhenAnswered();
    this.#endWhenAnswered();
    return mayGoOn;
  }

  #resumeWhenAnswered(): void {
    if (!this.#isPaused || this.#isEndingWithRefusal || this.#fullness > RESUME_AT) return;
    this.#isPaused = false;
    this.#call.resume();
  }

  get #isEndingWithRefusal(): boolean {
    return this.#ending !== undefined && this.#ending !== 'done';
  }

  #endWhenAnswered(): void {
    if (this.#isClosed || this.#ending === undefined || this.#inFlight > 0) return;
    const how = this.#ending;
    this.#close();
    if (how === 'done') this.#call.end();
    else this.#call.emit('error', statusOf(how));
  }

  #close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    // Nothing was done with these, and nobody hears what would be.
    this.#dropWaiting();
    this.#answers.clear();
    this.#onEnd();
  }

  /** Takes back what waits to be let in. */
  #dropWaiting(): OrderOnStream[] {
    const dropped = [...this.#waiting];
    this.#waiting.clear();
    for (const { wait } of dropped) wait?.giveUp();
    return dropped;
  }
}

function noOrders(problem: string): Refusal {
  const [field = ''] = problem.split(' ');
  if (field !== 'orders' || !problem.includes('entries')) {
    const message = `The message is no valid MakeOrdersRequest: ${problem}; send it as the proto file says. Nothing of it was done.`;
    return refusal('INVALID_FIELD', message, { field });
  }
  return fieldRefusal({
    field,
    problem: problem.slice(field.length + 1),
    nextStep: `send up to ${ORDERS_PER_MESSAGE_MAX} in one message; nothing of it was done`,
  });
}

/** The order_id of an order that was refused before it was taken apart, as far as it can be read. */
function idAsSent(payload: Buffer): string {
  try {
    const { order_id: orderId } = requestCodec.read(payload);
    const canonical = canonicalUuid(orderId);
    if (canonical !== undefined) return canonical;
    // Not through the middle of a surrogate pair.
    return Buffer.from(orderId.slice(0, BAD_ID_LENGTH_MAX)).toString();
  } catch {
    return '';
  }
}
