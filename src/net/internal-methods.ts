import type { AnswerOf, ReplyOf } from '../services/ordering/replies.js';
import type { CheckedVerdict } from '../services/ordering/postcode-verdict.js';
import type { ListEventsRequest__Output } from './generated/justhungry/v1/ListEventsRequest.js';
import type { ListEventsResponse } from './generated/justhungry/v1/ListEventsResponse.js';
import type { ListUncheckedRequest__Output } from './generated/justhungry/v1/ListUncheckedRequest.js';
import type { ListUncheckedResponse } from './generated/justhungry/v1/ListUncheckedResponse.js';
import type { RecheckPostcodeRequest__Output } from './generated/justhungry/v1/RecheckPostcodeRequest.js';
import type { RecheckPostcodeResponse } from './generated/justhungry/v1/RecheckPostcodeResponse.js';
import type { WatchOrdersResponse } from './generated/justhungry/v1/WatchOrdersResponse.js';
import { gatedRead, gatedWrite, method, type OrderingMethod } from './method.js';
import { verdictOfWire } from './ordering-enums.js';
import { wireOrder, wireOrderEvent, wireReceipt } from './ordering-responses.js';
import { messageCodec } from './proto-files.js';

const watched = messageCodec<WatchOrdersResponse, unknown>('justhungry.v1.WatchOrdersResponse');

/** What front ends ask for themselves: events for WatchOrders, postcodes to check again. */
export const internalMethods: readonly OrderingMethod[] = [
  method<ListEventsRequest__Output, ListEventsResponse, AnswerOf['events']>('read', {
    name: 'ListEvents',
    access: 'internal',
    decode({ from_op, limit, user_code, min_op }) {
      const filter = user_code === undefined ? {} : { userCode: user_code };
      // Committed events only, from any replica that has come so far: the asker waits for the op it has not seen.
      return gatedRead(
        { kind: 'events', fromOp: from_op, limit, ...filter },
        { consistency: 'CONSISTENCY_SESSION', min_op },
      );
    },
    respond: ({ events, nextOp }, { asOf }) => ({
      events: events.map((event) => ({
        op: event.op,
        user_code: event.order.userCode,
        response: watched.write({ event: wireOrderEvent(event) }),
      })),
      next_op: nextOp,
      as_of_op: asOf?.op ?? 0,
    }),
  }),
  method<ListUncheckedRequest__Output, ListUncheckedResponse, AnswerOf['unchecked']>('read', {
    name: 'ListUnchecked',
    access: 'internal',
    decode: ({ limit }) =>
      gatedRead({ kind: 'unchecked', limit }, { consistency: 'CONSISTENCY_UNSPECIFIED', min_op: 0 }),
    respond: ({ orders }) => ({ orders: orders.map(wireOrder) }),
  }),
  method<RecheckPostcodeRequest__Output, RecheckPostcodeResponse, ReplyOf['recheckPostcode']>('write', {
    name: 'RecheckPostcode',
    access: 'internal',
    decode({ request_id, order_id, verdict: wireVerdict }, context) {
      // An unknown verdict goes on to the validation, which names the field.
      const verdict = (verdictOfWire(wireVerdict) ?? 'unchecked') as CheckedVerdict;
      return gatedWrite(request_id, { kind: 'recheckPostcode', orderId: order_id, verdict }, context);
    },
    respond: ({ order }, { receipt }) => ({
      order: wireOrder(order),
      receipt: receipt === undefined ? null : wireReceipt(receipt),
    }),
  }),
];
