import { replicaIndex } from '../base/numbers.js';
import { refusal } from '../base/refusal.js';
import type { GetOrdersRequest } from './generated/justhungry/v1/GetOrdersRequest.js';
import type { GetOrdersResponse__Output } from './generated/justhungry/v1/GetOrdersResponse.js';
import type { MakeOrderRequest } from './generated/justhungry/v1/MakeOrderRequest.js';
import type { MakeOrderResponse__Output } from './generated/justhungry/v1/MakeOrderResponse.js';
import { WIRE_CONSISTENCY } from './ordering-enums.js';
import { asOfView, orderView, receiptView } from './ordering-views.js';
import { messageCodec } from './proto-files.js';
import { createRequestLinks } from './request-links.js';
import { CallRefusedError, type OrderingClient } from '../ports/ordering-client.js';
import type { ForwardedReply } from '../ports/request-links.js';

const codecs = {
  MakeOrder: {
    request: messageCodec<MakeOrderRequest, never>('justhungry.v1.MakeOrderRequest'),
    response: messageCodec<never, MakeOrderResponse__Output>('justhungry.v1.MakeOrderResponse'),
  },
  GetOrders: {
    request: messageCodec<GetOrdersRequest, never>('justhungry.v1.GetOrdersRequest'),
    response: messageCodec<never, GetOrdersResponse__Output>('justhungry.v1.GetOrdersResponse'),
  },
};

/** Orders and reads at one replica, whatever it is: past all front ends, over its Requests service. For drills and tests. */
export type DirectClient = Pick<OrderingClient, 'makeOrder' | 'getOrders' | 'close'>;

/** Opens a direct way to a replica; resolves when it is open. A call is never asked again elsewhere. */
export async function directClient(
  { id, address }: { readonly id: string; readonly address: string },
  token: string,
  deadlineMs: number,
): Promise<DirectClient> {
  const links = createRequestLinks({ replicas: [{ id, address }], token });
  const only = replicaIndex(0);
  if (!links.isUp(only))
    await new Promise<void>((resolve) => {
      const endListening = links.onChange((_replica, isUp) => {
        if (!isUp) return;
        endListening();
        resolve();
      });
    });

  const ask = async (method: string, payload: Buffer, extra: object = {}): Promise<Buffer> => {
    const deadlineWallMs = Date.now() + deadlineMs;
    const call = { method, payload, deadlineWallMs, isStaff: false, ...extra };
    const reply = await new Promise<ForwardedReply | 'late'>((resolve) => {
      const timer = setTimeout(() => resolve('late'), deadlineMs);
      links.send(only, call, { isRelayWanted: false }, (answer) => {
        clearTimeout(timer);
        resolve(answer);
      });
    });
    if (reply === 'late' || reply.kind === 'dropped' || reply.kind === 'linkDown') {
      const how = reply === 'late' ? reply : reply.kind;
      throw new CallRefusedError(refusal('OUTCOME_UNKNOWN', `${how} at ${id}`), 'UNKNOWN');
    }
    if (reply.kind === 'refused') throw new CallRefusedError(reply.refusal, 'REFUSED');
    return Buffer.from(reply.payload);
  };

  return {
    async makeOrder({ lines, contact, ...order }) {
      const request = { ...order, lines: [...lines], contact: contact ?? null };
      const postcode = { verdict: 'valid', normalised: order.post_code, reason: '' };
      const payload = await ask('MakeOrder', codecs.MakeOrder.request.write(request), { postcode });
      const { order: placed, receipt } = codecs.MakeOrder.response.read(payload);
      return { order: orderView(placed), receipt: receiptView(receipt) };
    },
    async getOrders({ user_code, page_size = 0, consistency = 'linearizable', minOp = 0 }) {
      const request = { user_code, page_size, min_op: minOp, consistency: WIRE_CONSISTENCY[consistency] };
      const payload = await ask('GetOrders', codecs.GetOrders.request.write(request));
      const { orders, next_page_token, as_of } = codecs.GetOrders.response.read(payload);
      return { orders: orders.map(orderView), next_page_token, as_of: asOfView(as_of) };
    },
    close: () => links.close(),
  };
}
