import { type ServiceError, status } from '@grpc/grpc-js';
import { expect } from 'chai';
import { refusalOf } from '../../src/net/error-details.js';
import type { MakeOrderRequest } from '../../src/net/generated/justhungry/v1/MakeOrderRequest.js';
import type { MakeOrdersResponse__Output } from '../../src/net/generated/justhungry/v1/MakeOrdersResponse.js';
import type { OrderAnswer__Output } from '../../src/net/generated/justhungry/v1/OrderAnswer.js';
import { ORDERS_IN_FLIGHT_MAX } from '../../src/net/order-streams.js';
import { until } from './support/addresses.js';
import { postcodes, Rig } from './support/rig.js';
import { codec, good, refusedWith, soup, Till } from './support/till.js';

describe('streams of orders', () => {
  let rig: Rig;
  let address: string;
  const tills: Till[] = [];
  const till = (at = address, options?: { deadline?: number }): Till => {
    const opened = new Till(at, options);
    tills.push(opened);
    return opened;
  };

  beforeEach(async () => {
    rig = await Rig.start();
    ({ address } = await rig.frontEnd());
  });
  afterEach(async () => {
    for (const { call, client } of tills.splice(0)) {
      call.cancel();
      client.close();
    }
    await rig.stop();
    expect(rig.problems, 'bugs that callers saw as INTERNAL').to.deep.equal([]);
  });

  it('orders: each is answered with its number and id; those of one message go on and come back as one', async () => {
    const stream = till().read();
    // The first one finds the primary.
    stream.send([good()]);
    await stream.answered(1);
    const orders = Array.from({ length: 100 }, () => good());
    stream.send(orders);
    const numbers = (await stream.answered(101)).map(({ number }) => number);
    expect(numbers.toSorted((a, b) => a - b)).to.deep.equal(Array.from({ length: 101 }, (_, at) => at + 1));
    for (const [index, { order_id }] of orders.entries()) {
      const { number, response } = stream.byId(order_id);
      expect(number).to.equal(index + 2);
      expect(response?.order).to.include({ order_id, status: 'ORDER_STATUS_PLACED', total_pence: 450 });
      expect(response?.receipt).to.include({ committed: true, copies: 2 });
    }
    expect(rig.cluster.replicas[0]?.batches, 'what reached the replica').to.deep.equal([1, 100]);
    expect(stream.messages.length, 'messages of answers').to.be.lessThan(20);
  });

  it('refused amid good ones: each as the unary call is, and the stream goes on', async () => {
    const stream = till().read();
    const known = good({ order_id: '018f2b6e-7c4d-7a3b-9d2e-1f0a2b3c4d5e' });
    const cases: readonly (readonly [MakeOrderRequest, readonly unknown[]])[] = [
      [known, ['placed']],
      [good({ order_id: 'none' }), ['INVALID_ARGUMENT', 'INVALID_FIELD', { field: 'order_id' }]],
      [good({ order_id: '' }), ['INVALID_ARGUMENT', 'INVALID_FIELD', { field: 'order_id' }]],
      [good({ user_code: '' }), ['INVALID_ARGUMENT', 'INVALID_FIELD', { field: 'user_code' }]],
      [good({ lines: [] }), ['INVALID_ARGUMENT', 'INVALID_FIELD', { field: 'lines' }]],
      [good({ lines: [soup, soup] }), ['INVALID_ARGUMENT', 'INVALID_FIELD', { field: 'lines[1].item' }]],
      [good({ write_concern: '4' }), ['INVALID_ARGUMENT', 'INVALID_FIELD', { field: 'write_concern' }]],
      [{}, ['INVALID_ARGUMENT', 'INVALID_FIELD', { field: 'order_id' }]],
      [good({ lines: [{ ...soup, price_pence: 1 }] }), ['FAILED_PRECONDITION', 'PRICE_CHANGED']],
      [good({ lines: [{ ...soup, item: 'Gold' }] }), ['NOT_FOUND', 'UNKNOWN_ITEM']],
      [good({ post_code: 'DH1 1ZZ' }), ['FAILED_PRECONDITION', 'POSTCODE_UNKNOWN']],
      [good({ post_code: 'elsewhere' }), ['FAILED_PRECONDITION', 'POSTCODE_MALFORMED']],
      [{ ...known, user_code: 'other' }, ['ALREADY_EXISTS', 'ID_REUSED']],
      [{ ...known, order_id: known.order_id?.toUpperCase() ?? '' }, ['placed']],
      [good(), ['placed']],
    ];
    stream.send(cases.map(([order]) => order));
    const answers = (await stream.answered(cases.length)).toSorted((a, b) => a.number - b.number);
    for (const [index, [order, expected]] of cases.entries()) {
      const answer = answers[index] as OrderAnswer__Output;
      expect(refusedWith(answer).slice(0, expected.length), `order ${index + 1}`).to.deep.equal(expected);
      expect(answer.order_id).to.equal(order.order_id?.toLowerCase() ?? '');
    }
    expect(answers[13]?.response).to.deep.equal(answers[0]?.response);
    expect(rig.cluster.ordering.query({ body: { kind: 'counts' } })).to.have.nested.property('body.orders', 2);
  });

  it('garbage: an order that is none is answered; a message that is none ends the stream, after what came before', async () => {
    const stream = till().read();
    const [first, second] = [good(), good()];
    const one = codec.write({ orders: [first] });
    // Field 1 with three bytes that are no order, and with one that is cut off in the middle.
    stream.call.write(
      Buffer.concat([one, Buffer.from([0x0a, 3, 0xff, 0xff, 0xff]), codec.write({ orders: [second] })]),
    );
    await stream.answered(3);
    const bad = stream.answers.find(({ number }) => number === 2) as OrderAnswer__Output;
    expect(refusedWith(bad).slice(0, 2)).to.deep.equal(['INVALID_ARGUMENT', 'INVALID_FIELD']);
    expect(bad.order_id).to.equal('');
    stream.send([good()]);
    stream.call.write(one.subarray(0, -2));
    stream.send([good()]);
    const ended = await stream.end();
    expect(ended.code).to.equal(status.INVALID_ARGUMENT);
    expect(ended.details).to.match(
      /^The message is no valid MakeOrdersRequest: orders is cut short; .*Nothing of it was done/,
    );
    expect(stream.answers).to.have.length(4);
  });

  const ends: readonly (readonly [string, () => Buffer, keyof typeof status, string])[] = [
    [
      'too many orders',
      () => codec.write({ orders: Array.from({ length: 1001 }, () => good()) }),
      'INVALID_ARGUMENT',
      'INVALID_FIELD',
    ],
    [
      'half a million orders of nothing',
      () => Buffer.alloc(1 << 20, Buffer.from([0x0a, 0])),
      'INVALID_ARGUMENT',
      'INVALID_FIELD',
    ],
    ['another type', () => Buffer.from([0x08, 1]), 'INVALID_ARGUMENT', 'INVALID_FIELD'],
    ['over 1 MiB', () => Buffer.alloc((1 << 20) + 1), 'RESOURCE_EXHAUSTED', 'MESSAGE_TOO_LARGE'],
  ];
  for (const [what, message, code, reason] of ends) {
    it(`message: nothing of it is done, and the stream ends (${what})`, async () => {
      const stream = till().read();
      stream.send([good()]);
      stream.call.write(message());
      const ended = await stream.end();
      expect([status[ended.code], refusalOf(ended as ServiceError)?.reason]).to.deep.equal([code, reason]);
      expect(stream.answers).to.have.length(1);
      expect(rig.cluster.ordering.query({ body: { kind: 'counts' } })).to.have.nested.property('body.orders', 1);
    });
  }

  it('message: unknown fields and no orders at all are nothing', async () => {
    const stream = till().read();
    stream.call.write(Buffer.alloc(0));
    stream.call.write(Buffer.concat([Buffer.from([0x50, 1, 0x5a, 2, 1, 1]), codec.write({ orders: [good()] })]));
    expect(refusedWith((await stream.answered(1))[0] as OrderAnswer__Output)).to.deep.equal(['placed']);
  });

  it('half-close: everything in flight is answered, then the stream ends with OK', async () => {
    let release = (): void => undefined;
    const held = new Promise<void>((resolve) => (release = resolve));
    const slow = {
      ...postcodes,
      check: async (code: string, at: number) => held.then(() => postcodes.check(code, at)),
    };
    const stream = till((await rig.frontEnd({ postcodes: slow })).address).read();
    stream.send([good(), good({ user_code: '' }), good()]);
    stream.call.end();
    await stream.answered(1);
    expect(stream.ended).to.equal(undefined);
    release();
    expect((await stream.end()).code).to.equal(status.OK);
    expect(stream.answers).to.have.length(3);
  });

  it('cancelled: answers are dropped, the orders are placed, and asked again they are the same', async () => {
    let release = (): void => undefined;
    const held = new Promise<void>((resolve) => (release = resolve));
    let asked = 0;
    const slow = {
      ...postcodes,
      async check(code: string, at: number) {
        asked++;
        await held;
        return postcodes.check(code, at);
      },
    };
    const { address: at } = await rig.frontEnd({ postcodes: slow });
    const stream = till(at).read();
    const orders = [good(), good()];
    stream.send(orders);
    await until(() => asked === 2);
    stream.call.cancel();
    await stream.end();
    release();
    await until(() => rig.cluster.entries.length === 3);
    const again = till(at).read();
    again.send(orders);
    for (const answer of await again.answered(2)) expect(refusedWith(answer)).to.deep.equal(['placed']);
    expect(rig.cluster.entries).to.have.length(3);
  });

  it('deadline: each order has its own, of the message or of the stream', async () => {
    for (const replica of rig.cluster.replicas) replica.mode = 'silent';
    const stream = till().read();
    stream.send([good()], 60_000);
    stream.send([good()], 150);
    const [answer] = await stream.answered(1);
    expect(answer?.number).to.equal(2);
    expect(refusedWith(answer as OrderAnswer__Output).slice(0, 2)).to.deep.equal([
      'DEADLINE_EXCEEDED',
      'OUTCOME_UNKNOWN',
    ]);
    const short = till(address, { deadline: Date.now() + 400 }).read();
    short.send([good()]);
    expect(refusedWith((await short.answered(1))[0] as OrderAnswer__Output)[1]).to.equal('OUTCOME_UNKNOWN');
  });

  it('a reader that does not read: it is not read from, and goes on when it reads', async () => {
    const stream = till();
    // Until it has begun to read, grpc-js would take in everything for it.
    stream.call.once('data', ({ answers }: MakeOrdersResponse__Output) => {
      stream.answers.push(...answers);
      stream.call.pause();
    });
    const perMessage = 500;
    const notes = 'x'.repeat(200);
    const total = 20_000;
    let written = 0;
    const write = (): void => {
      while (written < total) {
        written += perMessage;
        if (!stream.call.write(codec.write({ orders: Array.from({ length: perMessage }, () => good({ notes })) })))
          break;
      }
      if (written === total) stream.call.end();
    };
    stream.call.on('drain', write);
    write();
    const placed = (): number => rig.cluster.entries.length - 1;
    // It comes to a stop by itself, far from the end.
    await until(() => placed() > 0);
    let before = -1;
    for (let looks = 0; looks < 4; looks++) {
      if (placed() !== before) looks = 0;
      before = placed();
      await new Promise((resolve) => setTimeout(resolve, 200));
    }
    expect(placed()).to.be.lessThan(total / 2);
    stream.read().call.resume();
    await until(() => stream.ended !== undefined);
    expect([stream.ended?.code, stream.answers.length]).to.deep.equal([status.OK, total]);
    expect(new Set(stream.answers.map(({ number }) => number)).size).to.equal(total);
  }).timeout(60_000);

  it('in flight: no more than the maximum, and one message, wait for replicas that are silent', async () => {
    for (const replica of rig.cluster.replicas) replica.mode = 'silent';
    const stream = till().read();
    for (let message = 0; message < 5; message++)
      stream.send(
        Array.from({ length: 999 }, () => good()),
        5_000,
      );
    const seen = (): number =>
      new Set(
        rig.cluster.replicas.flatMap(({ seen: calls }) =>
          calls.map((call) => (call.kind === 'write' ? call.request.requestId : '')),
        ),
      ).size;
    // It comes to a stop by itself, before the first is answered: an answer lets others in.
    await until(() => seen() > 0);
    let before = 0;
    for (let looks = 0; looks < 3; looks++) {
      if (seen() !== before) looks = 0;
      before = seen();
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
    expect(stream.answers.length, 'answers while they were counted').to.equal(0);
    // The third message reaches the maximum; the fourth is read when half of these are answered.
    expect(before)
      .to.be.greaterThan(0)
      .and.lessThan(ORDERS_IN_FLIGHT_MAX + 999);
    await stream.answered(5 * 999);
  }).timeout(40_000);

  it('a front end that stops: answers what it has, and says where to go on', async () => {
    const stopping = await rig.frontEnd();
    const stream = till(stopping.address).read();
    stream.send([good()]);
    await stream.answered(1);
    await stopping.stop(1_000);
    const ended = await stream.end();
    expect([ended.code, refusalOf(ended as ServiceError)?.reason]).to.deep.equal([status.UNAVAILABLE, 'STOPPING']);
  });
});
