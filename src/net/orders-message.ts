import { MalformedError } from './wire-values.js';
import { WireReader } from './wire/wire-reader.js';
import { wireWriter } from './wire/wire-writer.js';

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

/**
 * Takes a MakeOrdersRequest apart; the orders themselves are not looked at. Returns what makes it none, for people, beginning with
 * the field; unknown fields are skipped.
 */
export function ordersIn(bytes: Buffer): OrdersMessage | string {
  try {
    return readOrders(new WireReader(bytes));
  } catch (error) {
    if (error instanceof MalformedError) return error.problem;
    throw error;
  }
}

function readOrders(reader: WireReader): OrdersMessage {
  const orders: Buffer[] = [];
  let deadlineMs = 0;
  while (reader.more()) {
    switch (reader.field()) {
      case 1: {
        const order = reader.bytes('orders');
        if (orders.length === ORDERS_PER_MESSAGE_MAX)
          throw new MalformedError(`orders has more than ${ORDERS_PER_MESSAGE_MAX} entries`);
        orders.push(order);
        break;
      }
      case 2:
        deadlineMs = reader.uint32('deadline_ms');
        break;
      default:
        reader.skip();
    }
  }
  return { orders, deadlineMs };
}

/** What stands around an order in a MakeOrdersRequest at most, and what else a message holds, bytes. */
export const ORDER_FRAME_BYTES_MAX = 6;

/** A MakeOrdersRequest of serialized orders; the inverse of `ordersIn`. */
export function ordersMessage({ orders, deadlineMs }: OrdersMessage): Buffer {
  const writer = wireWriter();
  for (const order of orders) writer.bytes(1, order);
  writer.natural(2, deadlineMs);
  return writer.take();
}

/** A MakeOrdersResponse of these answers. */
export function answersMessage(answers: readonly AnswerBytes[]): Buffer {
  const writer = wireWriter();
  for (const { number, orderId, outcome, isError } of answers) {
    writer.begin(1, 2);
    writer.natural(1, number);
    writer.text(2, orderId);
    writer.bytes(isError ? 4 : 3, outcome);
    writer.end();
  }
  return writer.take();
}
