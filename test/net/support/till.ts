import { type ClientDuplexStream, credentials, type StatusObject, status } from '@grpc/grpc-js';
import { expect } from 'chai';
import { randomUUID } from 'node:crypto';
import { toldRefusal } from '../../../src/net/error-details.js';
import type { MakeOrderRequest } from '../../../src/net/generated/justhungry/v1/MakeOrderRequest.js';
import type { MakeOrdersRequest } from '../../../src/net/generated/justhungry/v1/MakeOrdersRequest.js';
import type { MakeOrdersResponse__Output } from '../../../src/net/generated/justhungry/v1/MakeOrdersResponse.js';
import type { OrderAnswer__Output } from '../../../src/net/generated/justhungry/v1/OrderAnswer.js';
import { messageCodec, protocol } from '../../../src/net/proto-files.js';
import { until } from './addresses.js';

/** A line of the rig's menu. */
export const soup = { item: 'Tomato Soup', quantity: 1, price_pence: 450 };
/** An order that is placed. */
export const good = (changes: Partial<MakeOrderRequest> = {}): MakeOrderRequest => ({
  order_id: randomUUID(),
  user_code: 'till',
  lines: [soup],
  post_code: 'DH1 1JN',
  ...changes,
});
/** Messages of a stream. */
export const codec = messageCodec<MakeOrdersRequest, never>('justhungry.v1.MakeOrdersRequest');

/** One stream as a till opens it, with everything it was told; messages leave as bytes. */
export class Till {
  readonly answers: OrderAnswer__Output[] = [];
  readonly messages: number[] = [];
  ended: StatusObject | undefined;
  readonly call: ClientDuplexStream<Buffer, MakeOrdersResponse__Output>;
  readonly client: InstanceType<typeof protocol.FoodOrdering>;

  constructor(address: string, options: { deadline?: number } = {}) {
    this.client = new protocol.FoodOrdering(address, credentials.createInsecure(), {
      'grpc.use_local_subchannel_pool': 1,
    });
    const { path, responseDeserialize } = protocol.FoodOrdering.service.MakeOrders;
    this.call = this.client.makeBidiStreamRequest(path, (bytes: Buffer) => bytes, responseDeserialize, options);
    this.call.on('error', () => undefined);
    this.call.on('status', (ended: StatusObject) => (this.ended = ended));
  }

  read(): this {
    this.call.on('data', ({ answers }: MakeOrdersResponse__Output) => {
      this.messages.push(answers.length);
      this.answers.push(...answers);
    });
    return this;
  }

  send(orders: MakeOrderRequest[], deadlineMs = 0): void {
    this.call.write(codec.write({ orders, deadline_ms: deadlineMs }));
  }

  async answered(count: number): Promise<OrderAnswer__Output[]> {
    await until(() => this.answers.length >= count || this.ended !== undefined);
    expect(this.answers, `answers; the stream ended with ${this.ended?.details}`).to.have.length(count);
    return this.answers;
  }

  async end(): Promise<StatusObject> {
    await until(() => this.ended !== undefined);
    return this.ended as StatusObject;
  }

  byId(id: string | undefined): OrderAnswer__Output {
    const found = this.answers.find(({ order_id }) => order_id === id);
    if (found === undefined) throw new Error(`no answer for ${id}`);
    return found;
  }
}

/** Status, reason and details of an answer that is none. */
export function refusedWith({ error }: OrderAnswer__Output): readonly unknown[] {
  if (error === null || error === undefined) return ['placed'];
  const told = toldRefusal(error, error.message);
  return [status[error.code], told?.reason, told?.details];
}
