import { v7 as uuidV7 } from 'uuid';
import type { CallRouter } from '../ports/front-end.js';
import type { UncheckedOrders } from '../ports/unchecked-orders.js';
import type { ListUncheckedRequest } from './generated/justhungry/v1/ListUncheckedRequest.js';
import type { ListUncheckedResponse__Output } from './generated/justhungry/v1/ListUncheckedResponse.js';
import type { RecheckPostcodeRequest } from './generated/justhungry/v1/RecheckPostcodeRequest.js';
import { WIRE_VERDICT } from './ordering-enums.js';
import { messageCodec } from './proto-files.js';

/** How long a question or a record may take, ms. */
const DEADLINE_MS = 5_000;

const listRequest = messageCodec<ListUncheckedRequest, unknown>('justhungry.v1.ListUncheckedRequest');
const listResponse = messageCodec<object, ListUncheckedResponse__Output>('justhungry.v1.ListUncheckedResponse');
const recheckRequest = messageCodec<RecheckPostcodeRequest, unknown>('justhungry.v1.RecheckPostcodeRequest');

/** The unchecked orders as a front end reaches them, over its router. */
export function createUncheckedOrders(router: CallRouter): UncheckedOrders {
  function ask(method: string, payload: Uint8Array, isWrite: boolean): Promise<Uint8Array> {
    const deadlineWallMs = Date.now() + DEADLINE_MS;
    return new Promise((resolve, reject) => {
      router.route({ method, payload, deadlineWallMs, isStaff: true, target: 'primary', isWrite }, (reply) => {
        if (reply.kind === 'ok') resolve(reply.payload);
        else reject(new Error(`${reply.refusal.reason}: ${reply.refusal.message}`));
      });
    });
  }
  return {
    async list(limit) {
      const payload = await ask('ListUnchecked', listRequest.write({ limit }), false);
      const { orders } = listResponse.read(Buffer.from(payload));
      return orders.map(({ order_id, post_code }) => ({ orderId: order_id, postCode: post_code }));
    },
    async record(orderId, verdict) {
      const request = { request_id: uuidV7(), order_id: orderId, verdict: WIRE_VERDICT[verdict] };
      await ask('RecheckPostcode', recheckRequest.write(request), true);
    },
  };
}
