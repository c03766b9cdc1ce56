import { expect } from 'chai';
import fc from 'fast-check';
import type { MakeOrderRequest } from '../../src/net/generated/justhungry/v1/MakeOrderRequest.js';
import type { MakeOrderResponse } from '../../src/net/generated/justhungry/v1/MakeOrderResponse.js';
import type {
  MakeOrdersRequest,
  MakeOrdersRequest__Output,
} from '../../src/net/generated/justhungry/v1/MakeOrdersRequest.js';
import type { MakeOrdersResponse__Output } from '../../src/net/generated/justhungry/v1/MakeOrdersResponse.js';
import type { Status } from '../../src/net/generated/google/rpc/Status.js';
import { answersMessage, ordersIn, ORDERS_PER_MESSAGE_MAX, ordersMessage } from '../../src/net/orders-message.js';
import { messageCodec } from '../../src/net/proto-files.js';
import { wireProblem, wireShape } from '../../src/net/wire-check.js';
import { TOO_MANY_BYTES } from './support/wire-oracle.js';

const order = messageCodec<MakeOrderRequest, unknown>('justhungry.v1.MakeOrderRequest');
const request = messageCodec<MakeOrdersRequest, MakeOrdersRequest__Output>('justhungry.v1.MakeOrdersRequest');
const response = messageCodec<never, MakeOrdersResponse__Output>('justhungry.v1.MakeOrdersResponse');
const placed = messageCodec<MakeOrderResponse, unknown>('justhungry.v1.MakeOrderResponse');
const status = messageCodec<Status, unknown>('google.rpc.Status');

const texts = fc.string({ unit: 'binary', maxLength: 300 }).map((text) => Buffer.from(text).toString());
const orders = fc.array(fc.record({ order_id: texts, user_code: texts, notes: texts }), { maxLength: 20 });
const uint32 = fc.nat({ max: 0xffffffff });

/** The codec is generic and slow, and knows the proto file: what is written by hand must be what it reads and writes. */
describe('messages of orders', () => {
  it('requests: taken apart as the codec wrote them, and put together as it reads them', () => {
    fc.assert(
      fc.property(orders, uint32, (wanted, deadlineMs) => {
        const found = ordersIn(request.write({ orders: wanted, deadline_ms: deadlineMs }));
        if (typeof found === 'string') throw new Error(found);
        expect(found.deadlineMs).to.equal(deadlineMs);
        expect(found.orders.map((bytes) => bytes.toString('hex'))).to.deep.equal(
          wanted.map((one) => order.write(one).toString('hex')),
        );
        expect(request.read(ordersMessage(found))).to.deep.equal(
          request.read(request.write({ orders: wanted, deadline_ms: deadlineMs })),
        );
      }),
    );
  });

  it('requests: any bytes are taken or refused as the wire check of all messages does, and never throw', () => {
    // The orders are judged one by one: here they are any bytes, like a field that is not known.
    const shape = new Map(
      [...wireShape('justhungry.v1.MakeOrdersRequest')].map(([number, field]) => [
        number,
        { ...field, message: undefined },
      ]),
    );
    const pieces = fc.array(
      fc.oneof(
        fc.constantFrom(
          [0x0a, 0],
          [0x0a, 3, 1, 2, 3],
          [0x10, 0x88, 0x27],
          [0x50, 1],
          [0x0a, 0xff],
          [0x10, 0x80],
          [0x08, 1],
          [0x12, 0],
          [0x59],
          [0x03],
        ),
        fc.uint8Array({ maxLength: 12 }).map((bytes) => [...bytes]),
      ),
      { maxLength: 6 },
    );
    fc.assert(
      fc.property(pieces, (parts) => {
        const bytes = Buffer.from(parts.flat());
        const found = ordersIn(bytes);
        if (typeof found === 'string' && TOO_MANY_BYTES.test(found)) return;
        expect(typeof found === 'string', JSON.stringify(found)).to.equal(wireProblem(bytes, shape) !== undefined);
      }),
      { numRuns: 2000 },
    );
  });

  it('requests: refuse (more orders than the maximum)', () => {
    const most = Buffer.alloc(ORDERS_PER_MESSAGE_MAX * 2, Buffer.from([0x0a, 0]));
    expect(ordersIn(most)).to.have.property('orders').with.length(ORDERS_PER_MESSAGE_MAX);
    expect(ordersIn(Buffer.concat([most, Buffer.from([0x0a, 0])]))).to.equal('orders has more than 1000 entries');
  });

  it('answers: as the codec reads them (numbers up to 2^53, any text, responses and errors)', () => {
    const answers = fc.array(
      fc.record({
        number: fc.integer({ min: 1, max: Number.MAX_SAFE_INTEGER }),
        orderId: texts,
        isError: fc.boolean(),
        text: texts,
      }),
      { maxLength: 20 },
    );
    fc.assert(
      fc.property(answers, (wanted) => {
        const bytes = answersMessage(
          wanted.map(({ text, isError, ...one }) => ({
            ...one,
            isError,
            outcome: isError ? status.write({ code: 3, message: text }) : placed.write({ order: { notes: text } }),
          })),
        );
        const read = response.read(bytes).answers.map(({ number, order_id, outcome, response: done, error }) => ({
          number,
          orderId: order_id,
          isError: outcome === 'error',
          text: outcome === 'error' ? error?.message : done?.order?.notes,
        }));
        expect(read).to.deep.equal(wanted);
      }),
    );
  });
});
