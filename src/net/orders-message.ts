/*
 * The messages of MakeOrders as a front end handles them: orders and answers pass as the bytes they came as, and what stands
 * around them is read and written here by hand. On the way of every order a generic codec costs more than all else in a front end.
 */

/** Orders in one message at most. */
export const ORDERS_PER_MESSAGE_MAX = 1000;

/** What a MakeOrdersRequest holds: the bytes of each MakeOrderRequest (views of the message), and the time for them, ms; 0: the usual. */
export interface OrdersMessage {
  readonly orders: readonly Buffer[];
  readonly deadlineMs: number;
}

/** One answer of a MakeOrdersResponse. */
export interface AnswerBytes {
  /** From 1; a safe integer. */
  readonly number: number;
  readonly orderId: string;
  /** A serialized MakeOrderResponse, or with `isError` a google.rpc.Status. */
  readonly outcome: Uint8Array;
  readonly isError: boolean;
}

const VARINT = 0;
const FIXED64 = 1;
const LENGTH_DELIMITED = 2;
const FIXED32 = 5;
const tag = (field: number, wireType: number): number => (field << 3) | wireType;

const ORDERS = tag(1, LENGTH_DELIMITED);
const DEADLINE_MS = tag(2, VARINT);
const ANSWERS = tag(1, LENGTH_DELIMITED);
const NUMBER = tag(1, VARINT);
const ORDER_ID = tag(2, LENGTH_DELIMITED);
const RESPONSE = tag(3, LENGTH_DELIMITED);
const ERROR = tag(4, LENGTH_DELIMITED);

/**
 * Takes a MakeOrdersRequest apart; the orders themselves are not looked at. Returns what makes it none, for people, beginning with
 * the field; unknown fields are skipped.
 */
export function ordersIn(bytes: Buffer): OrdersMessage | string {
  const orders: Buffer[] = [];
  let deadlineMs = 0;
  const reader = new Reader(bytes);
  while (reader.at < bytes.length) {
    const found = reader.varint();
    if (found === undefined || found < 8 || found > 0xffffffff) return 'a field has no valid number';
    const isOrders = found === ORDERS;
    if (!isOrders && Math.floor(found / 8) === ORDERS >> 3) return 'orders has another type';
    if (found !== DEADLINE_MS && Math.floor(found / 8) === DEADLINE_MS >> 3) return 'deadline_ms has another type';
    const name = isOrders ? 'orders' : found === DEADLINE_MS ? 'deadline_ms' : 'an unknown field';
    switch (found % 8) {
      case VARINT: {
        const value = reader.varint();
        if (value === undefined) return `${name} is cut short`;
        // A uint32: what is beyond its 32 bits is cut off.
        if (found === DEADLINE_MS) deadlineMs = value % 2 ** 32;
        break;
      }
      case FIXED64:
        reader.at += 8;
        break;
      case FIXED32:
        reader.at += 4;
        break;
      case LENGTH_DELIMITED: {
        const length = reader.varint();
        if (length === undefined || length > bytes.length - reader.at) return `${name} is cut short`;
        const from = reader.at;
        reader.at += length;
        if (!isOrders) break;
        if (orders.length === ORDERS_PER_MESSAGE_MAX) return `orders has more than ${ORDERS_PER_MESSAGE_MAX} entries`;
        orders.push(bytes.subarray(from, reader.at));
        break;
      }
      default:
        return `${name} has an unknown type`;
    }
    if (reader.at > bytes.length) return `${name} is cut short`;
  }
  return { orders, deadlineMs };
}

class Reader {
  at = 0;
  constructor(readonly bytes: Uint8Array) {}

  /** Its value, exact up to 2^53; `undefined` when it is longer than 10 bytes or cut short. */
  varint(): number | undefined {
    let value = 0;
    let scale = 1;
    for (let length = 0; length < 10; length++) {
      const byte = this.bytes[this.at++];
      if (byte === undefined) return undefined;
      value += (byte & 0x7f) * scale;
      if (byte < 0x80) return value;
      scale *= 128;
    }
    return undefined;
  }
}

/** What stands around an order in a MakeOrdersRequest at most, and what else a message holds, bytes. */
export const ORDER_FRAME_BYTES_MAX = 6;

/** A MakeOrdersRequest of serialized orders; the inverse of `ordersIn`. */
export function ordersMessage({ orders, deadlineMs }: OrdersMessage): Buffer {
  const parts = orders.flatMap((order) => [fieldHead(ORDERS, order.length), order]);
  return Buffer.concat(deadlineMs === 0 ? parts : [...parts, fieldHead(DEADLINE_MS, deadlineMs)]);
}

function fieldHead(fieldTag: number, value: number): Buffer {
  const head = Buffer.allocUnsafe(1 + varintLength(value));
  head[0] = fieldTag;
  writeVarint(head, 1, value);
  return head;
}

/** A MakeOrdersResponse of these answers. */
export function answersMessage(answers: readonly AnswerBytes[]): Buffer {
  let bytes = 0;
  const lengths = answers.map(({ number, orderId, outcome }) => {
    const idLength = Buffer.byteLength(orderId);
    const length =
      1 +
      varintLength(number) +
      1 +
      varintLength(idLength) +
      idLength +
      1 +
      varintLength(outcome.length) +
      outcome.length;
    bytes += 1 + varintLength(length) + length;
    return length;
  });
  const buffer = Buffer.allocUnsafe(bytes);
  let at = 0;
  for (const [index, { number, orderId, outcome, isError }] of answers.entries()) {
    buffer[at++] = ANSWERS;
    at = writeVarint(buffer, at, lengths[index] ?? 0);
    buffer[at++] = NUMBER;
    at = writeVarint(buffer, at, number);
    buffer[at++] = ORDER_ID;
    // An id of a well-formed order is ASCII; others are at most 100 characters, so at most 400 bytes.
    const idLength = Buffer.byteLength(orderId);
    at = writeVarint(buffer, at, idLength);
    at += buffer.write(orderId, at, idLength, 'utf8');
    buffer[at++] = isError ? ERROR : RESPONSE;
    at = writeVarint(buffer, at, outcome.length);
    buffer.set(outcome, at);
    at += outcome.length;
  }
  return buffer;
}

function varintLength(value: number): number {
  let length = 1;
  for (let rest = value; rest >= 128; rest = Math.floor(rest / 128)) length++;
  return length;
}

function writeVarint(buffer: Buffer, from: number, value: number): number {
  let at = from;
  let rest = value;
  while (rest >= 128) {
    buffer[at++] = (rest % 128) | 128;
    rest = Math.floor(rest / 128);
  }
  buffer[at++] = rest;
  return at;
}
