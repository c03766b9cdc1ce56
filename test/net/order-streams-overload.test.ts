import { credentials, Metadata, type ServiceError, status } from '@grpc/grpc-js';
import { expect } from 'chai';
import { randomUUID } from 'node:crypto';
import { refusal } from '../../src/base/refusal.js';
import { Admission } from '../../src/front-end/admission.js';
import { refusalOf, toldRefusal } from '../../src/net/error-details.js';
import { ORDERS_IN_FLIGHT_MAX, ORDERS_WAITING_MAX } from '../../src/net/order-streams.js';
import type { FoodOrderingClient } from '../../src/net/generated/justhungry/v1/FoodOrdering.js';
import { protocol } from '../../src/net/proto-files.js';
import type { CallAdmission } from '../../src/ports/front-end.js';
import type { NewOrder, StreamedOrder } from '../../src/ports/ordering-client.js';
import { until } from './support/addresses.js';
import { HeldPostcodes } from './support/held-postcodes.js';
import { Rig } from './support/rig.js';
import { good, refusedWith, soup, Till } from './support/till.js';

const clock = { monotonicMs: () => performance.now() };
/** Orders for it have no answer until the test says so. */
const HELD = 'DH1 1AA';
const held = () => good({ post_code: HELD });
const newOrder = (): NewOrder => ({
  order_id: randomUUID(),
  user_code: 'ann',
  lines: [soup],
  post_code: 'DH1 1JN',
});
/** Enough on any machine, where no deadline is meant to pass. */
const PATIENT_MS = 60_000;
/** Calls that one connection may have at once. */
const CALLS_PER_CONNECTION = 128;

async function all(answers: AsyncIterable<StreamedOrder>): Promise<StreamedOrder[]> {
  const found: StreamedOrder[] = [];
  for await (const answer of answers) found.push(answer);
  return found;
}
const outcomeOf = (answer: StreamedOrder): string =>
  answer.kind === 'placed' ? answer.kind : answer.error.refusal.reason;

describe('streams of orders: overload', () => {
  let rig: Rig;
  let postcodes: HeldPostcodes;
  beforeEach(async () => {
    rig = await Rig.start();
    postcodes = new HeldPostcodes(HELD);
  });
  afterEach(async () => {
    await rig.stop();
    expect(rig.problems, 'bugs that callers saw as INTERNAL').to.deep.equal([]);
  });
  const till = (address: string): Till => {
    const opened = new Till(address);
    rig.onStop(() => {
      opened.call.cancel();
      opened.client.close();
    });
    return opened.read();
  };

  it('a stream that takes all places: it is not read from, and unary calls are answered beside it', async () => {
    const admission = new Admission({ clock });
    const { address } = await rig.frontEnd({ admission, postcodes });
    const stream = till(address);
    for (let message = 0; message < 3; message++) stream.send(Array.from({ length: 900 }, held), PATIENT_MS);
    await until(() => admission.inside === 512 && admission.waiting === 2 * 900 - 512);
    const client = rig.client([address], { deadlineMs: PATIENT_MS });
    const placed = await Promise.all(Array.from({ length: 200 }, () => client.makeOrder(newOrder())));
    expect(placed.filter(({ receipt }) => receipt.committed)).to.have.length(200);
    expect([admission.inside, admission.waiting], 'two messages were read').to.deep.equal([512, 2 * 900 - 512]);
    expect(admission.waiting).to.be.within(ORDERS_WAITING_MAX, ORDERS_IN_FLIGHT_MAX - 512);
    const release = setInterval(() => postcodes.release(), 5);
    for (const answer of await stream.answered(2_700)) expect(refusedWith(answer)).to.deep.equal(['placed']);
    clearInterval(release);
    expect([admission.inside, admission.waiting]).to.deep.equal([0, 0]);
  }).timeout(60_000);

  it('a full stream beside unary calls, both with all they can send: both get on', async () => {
    const admission = new Admission({ clock });
    const { address } = await rig.frontEnd({ admission });
    const client = rig.client([address], { deadlineMs: PATIENT_MS });
    const orders = Array.from({ length: 4 * ORDERS_IN_FLIGHT_MAX }, newOrder);
    let isStreaming = true;
    let beside = 0;
    const customers = Array.from({ length: 100 }, async () => {
      for (; isStreaming; beside++) await client.makeOrder(newOrder());
    });
    const streamed = await all(client.makeOrders(orders, { windowMax: ORDERS_IN_FLIGHT_MAX, deadlineMs: PATIENT_MS }));
    isStreaming = false;
    await Promise.all(customers);
    expect(new Set(streamed.map(outcomeOf))).to.deep.equal(new Set(['placed']));
    expect(streamed).to.have.length(orders.length);
    expect(beside, 'unary orders meanwhile').to.be.greaterThan(100);
  }).timeout(60_000);

  it('unary calls that take all places: the orders of a stream are answered beside them', async () => {
    const admission = new Admission({ clock });
    const { address } = await rig.frontEnd({ admission, postcodes });
    const connections = Array.from({ length: Math.ceil(600 / CALLS_PER_CONNECTION) }, () => {
      const options = { 'grpc.use_local_subchannel_pool': 1 };
      return new protocol.FoodOrdering(address, credentials.createInsecure(), options);
    });
    rig.onStop(() => connections.forEach((one) => one.close()));
    const answers = Array.from({ length: 600 }, (_, index) => {
      const own = connections[index % connections.length] as FoodOrderingClient;
      return new Promise<ServiceError | null>((resolve) =>
        own.MakeOrder(held(), new Metadata(), { deadline: Date.now() + PATIENT_MS }, (error) => resolve(error)),
      );
    });
    await until(() => admission.inside === 512 && admission.waiting > 0);
    const streamed = await all(
      rig.client([address]).makeOrders(Array.from({ length: 300 }, newOrder), { deadlineMs: PATIENT_MS }),
    );
    expect(streamed.map(outcomeOf)).to.deep.equal(streamed.map(() => 'placed'));
    expect(streamed).to.have.length(300);
    const release = setInterval(() => postcodes.release(), 5);
    const refused = (await Promise.all(answers)).filter((error) => error !== null);
    clearInterval(release);
    // Who waited in vain was told so; nobody else was refused.
    for (const error of refused) expect(refusalOf(error)?.reason).to.equal('OVERLOADED');
    expect(refused.length).to.be.at.most(600 - 512);
  }).timeout(60_000);

  it('no place in time: each order is told so with RetryInfo, nothing was done, and its id is not spent', async () => {
    const admission = new Admission({ clock, insideMax: 1 });
    const { address } = await rig.frontEnd({ admission, postcodes });
    const stream = till(address);
    stream.send([held()], PATIENT_MS);
    await until(() => admission.inside === 1);
    const orders = [good(), good({ order_id: '018F2B6E-7C4D-7A3B-9D2E-1F0A2B3C4D5E' })];
    stream.send(orders, 200);
    await stream.answered(2);
    for (const { order_id: id } of orders) {
      const answer = stream.byId(id?.toLowerCase());
      expect(refusedWith(answer).slice(0, 2)).to.deep.equal(['RESOURCE_EXHAUSTED', 'OVERLOADED']);
      const told = answer.error ? toldRefusal(answer.error, answer.error.message) : undefined;
      expect(told?.retryDelayMs).to.be.within(200, 2_000);
      expect(told?.message).to.match(/nothing was done\. Wait \d+ ms, then try again with the same id/);
    }
    expect(rig.cluster.entries, 'but the founding one').to.have.length(1);
    postcodes.release();
    await stream.answered(3);
    stream.send(orders, PATIENT_MS);
    for (const { number, ...answer } of await stream.answered(5))
      if (number > 3) expect(refusedWith({ number, ...answer })).to.deep.equal(['placed']);
  });

  it('the client: hands in what was turned away when it was told to, with the same ids, and each is placed once', async () => {
    const admission = new Admission({ clock, insideMax: 1 });
    const { address } = await rig.frontEnd({ admission, postcodes });
    const stream = till(address);
    stream.send([held()], PATIENT_MS);
    await until(() => admission.inside === 1);
    let turnedAway = 0;
    const enter = admission.enter.bind(admission);
    admission.enter = (entrant, leftMs) => {
      const onDecision = entrant.onDecision.bind(entrant);
      entrant.onDecision = (decision) => {
        if ('reason' in decision) turnedAway++;
        onDecision(decision);
      };
      return enter(entrant, leftMs);
    };
    const orders = Array.from({ length: 20 }, newOrder);
    const answers = all(rig.client([address]).makeOrders(orders, { deadlineMs: 5_000 }));
    await until(() => turnedAway === orders.length);
    postcodes.release();
    expect((await answers).map(outcomeOf)).to.deep.equal(orders.map(() => 'placed'));
    await stream.answered(1);
    expect(rig.cluster.entries).to.have.length(1 + 1 + orders.length);
  }).timeout(20_000);

  it('the client: told that there was too much to do where it may not come back before the deadline', async () => {
    const full: CallAdmission = {
      enter(entrant) {
        entrant.onDecision({ ...refusal('OVERLOADED', 'nothing was done'), retryDelayMs: 2 * PATIENT_MS });
        return undefined;
      },
    };
    const { address } = await rig.frontEnd({ admission: full });
    const answers = await all(rig.client([address]).makeOrders([newOrder(), newOrder()], { deadlineMs: PATIENT_MS }));
    for (const answer of answers) {
      if (answer.kind === 'placed') throw new Error('it was placed');
      expect(answer.error.refusal).to.include({ reason: 'OVERLOADED', retryDelayMs: 2 * PATIENT_MS });
      expect(answer.error.status).to.equal('RESOURCE_EXHAUSTED');
    }
    expect(answers).to.have.length(2);
  });

  it('a front end that stops: what waited to be let in is told to go elsewhere, what was inside is answered', async () => {
    const admission = new Admission({ clock, insideMax: 1 });
    const stopping = await rig.frontEnd({ admission, postcodes });
    const stream = till(stopping.address);
    stream.send([held(), good(), good()], PATIENT_MS);
    await until(() => admission.inside === 1 && admission.waiting === 2);
    const stopped = stopping.stop(5_000);
    const told = await stream.answered(2);
    expect(told.map(({ number }) => number)).to.deep.equal([2, 3]);
    for (const answer of told) expect(refusedWith(answer).slice(0, 2)).to.deep.equal(['UNAVAILABLE', 'STOPPING']);
    expect(admission.waiting).to.equal(0);
    postcodes.release();
    const ended = await stream.end();
    await stopped;
    expect(stream.answers.map((answer) => refusedWith(answer)[0])).to.include('placed');
    expect([ended.code, refusalOf(ended as ServiceError)?.reason]).to.deep.equal([status.UNAVAILABLE, 'STOPPING']);
  });

  it('a caller that goes: what waited to be let in is forgotten, with nothing done', async () => {
    const admission = new Admission({ clock, insideMax: 1 });
    const { address } = await rig.frontEnd({ admission, postcodes });
    const stream = till(address);
    stream.send([held(), good(), good()], PATIENT_MS);
    await until(() => admission.inside === 1 && admission.waiting === 2);
    stream.call.cancel();
    await until(() => admission.waiting === 0);
    postcodes.release();
    await until(() => admission.inside === 0);
    expect(rig.cluster.entries, 'the founding one and the one inside').to.have.length(2);
  });
});
