import { credentials, Metadata, status, type ServiceError } from '@grpc/grpc-js';
import { randomUUID } from 'node:crypto';
import { expect } from 'chai';
import { Admission } from '../../src/front-end/admission.js';
import { refusalOf } from '../../src/net/error-details.js';
import type { ErrorInfo__Output } from '../../src/net/generated/google/rpc/ErrorInfo.js';
import type { RetryInfo__Output } from '../../src/net/generated/google/rpc/RetryInfo.js';
import type { Status__Output } from '../../src/net/generated/google/rpc/Status.js';
import type { FoodOrderingClient } from '../../src/net/generated/justhungry/v1/FoodOrdering.js';
import type { MakeOrderResponse__Output } from '../../src/net/generated/justhungry/v1/MakeOrderResponse.js';
import { messageCodec, protocol } from '../../src/net/proto-files.js';
import { CallRefusedError } from '../../src/ports/ordering-client.js';
import { until } from '../support/until.js';
import { HeldPostcodes } from './support/held-postcodes.js';
import { Rig } from './support/rig.js';

const clock = { monotonicMs: () => performance.now() };
const order = () => ({
  order_id: randomUUID(),
  user_code: 'ann',
  lines: [{ item: 'Tomato Soup', quantity: 1, price_pence: 450 }],
  post_code: 'DH1 1JN',
});

describe('overload', () => {
  let rig: Rig;
  beforeEach(async () => (rig = await Rig.start()));
  afterEach(() => rig.stop());

  const plainClient = (address: string): FoodOrderingClient => {
    const client = new protocol.FoodOrdering(address, credentials.createInsecure());
    rig.onStop(() => client.close());
    return client;
  };
  const make = (client: FoodOrderingClient, request = order(), deadlineMs = 5_000) => {
    let settle: (result: MakeOrderResponse__Output | ServiceError) => void = () => undefined;
    const answer = new Promise<MakeOrderResponse__Output | ServiceError>((resolve) => (settle = resolve));
    const call = client.MakeOrder(request, new Metadata(), { deadline: Date.now() + deadlineMs }, (error, response) => {
      const result = error ?? response;
      if (result !== undefined) settle(result);
    });
    return { cancel: () => call.cancel(), answer };
  };

  it('no room: RESOURCE_EXHAUSTED with ErrorInfo, RetryInfo and what to do; nothing was done, and the id is not spent', async () => {
    const held = new HeldPostcodes();
    const admission = new Admission({ clock, insideMax: 1, waitingMax: 0 });
    const client = plainClient((await rig.frontEnd({ admission, postcodes: held })).address);
    const first = make(client);
    await until(() => held.waiting === 1, 'the first order is inside');
    const entries = rig.cluster.entries.length;
    const request = order();
    const refused = (await make(client, request).answer) as ServiceError;
    expect(refused.code).to.equal(status.RESOURCE_EXHAUSTED);
    expect(refused.details).to.match(/nothing was done\. Wait 200 ms, then try again with the same id/);
    const [bytes] = refused.metadata.get('grpc-status-details-bin');
    const { code, details } = messageCodec<never, Status__Output>('google.rpc.Status').read(bytes as Buffer);
    expect(code).to.equal(status.RESOURCE_EXHAUSTED);
    const [info, retry] = details;
    expect([info?.type_url, retry?.type_url]).to.deep.equal([
      'type.googleapis.com/google.rpc.ErrorInfo',
      'type.googleapis.com/google.rpc.RetryInfo',
    ]);
    expect(
      messageCodec<never, ErrorInfo__Output>('google.rpc.ErrorInfo').read(info?.value ?? Buffer.alloc(0)),
    ).to.include({ reason: 'OVERLOADED', domain: 'just.hungry' });
    expect(
      messageCodec<never, RetryInfo__Output>('google.rpc.RetryInfo').read(retry?.value ?? Buffer.alloc(0)).retry_delay,
    ).to.include({ seconds: 0, nanos: 200_000_000 });
    expect(refusalOf(refused)?.retryDelayMs).to.equal(200);
    expect(rig.cluster.entries).to.have.length(entries);

    held.release();
    expect(await first.answer).to.have.nested.property('receipt.committed', true);
    const again = make(client, request);
    await until(() => held.waiting === 1, 'the second order is inside');
    held.release();
    expect(await again.answer).to.have.nested.property('order.order_id', request.order_id);
  });

  it('reads are turned away as well; health checks and watchers are not', async () => {
    const held = new HeldPostcodes();
    const admission = new Admission({ clock, insideMax: 1, waitingMax: 0 });
    const { address } = await rig.frontEnd({ admission, postcodes: held });
    const first = make(plainClient(address));
    await until(() => held.waiting === 1, 'the order is inside');
    const error = await rig
      .client([address], { deadlineMs: 100 })
      .getMenu()
      .catch((caught: unknown) => caught);
    expect(error).to.have.nested.property('refusal.reason', 'OVERLOADED');
    const ending = new AbortController();
    const watched = (async () => {
      for await (const event of rig.client([address]).watchOrders(0, 'ann', ending.signal)) return event;
      return undefined;
    })();
    held.release();
    await first.answer;
    expect(await watched).to.have.nested.property('order.user_code', 'ann');
    ending.abort();
  });

  it('customers who give up, and whose time is up, leave', async () => {
    const held = new HeldPostcodes();
    const admission = new Admission({ clock });
    const client = plainClient((await rig.frontEnd({ admission, postcodes: held })).address);
    const [gone, late] = [make(client), make(client, order(), 100)];
    await until(() => held.waiting === 2, 'both are inside');
    gone.cancel();
    expect(await gone.answer).to.have.property('code', status.CANCELLED);
    expect(await late.answer).to.have.property('code', status.DEADLINE_EXCEEDED);
    await until(() => admission.inside === 0, 'nobody is inside');
    held.release();
  });

  it('the client comes back when it was told to, within its deadline, and finds a place', async () => {
    const held = new HeldPostcodes();
    const admission = new Admission({ clock, insideMax: 1, waitingMax: 0 });
    const { address } = await rig.frontEnd({ admission, postcodes: held });
    const first = make(plainClient(address));
    await until(() => held.waiting === 1, 'the first order is inside');
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
    const second = rig.client([address]).makeOrder(order());
    await until(() => turnedAway === 2, 'it came back and was turned away again');
    held.release();
    await first.answer;
    await until(() => held.waiting === 1, 'it is inside');
    held.release();
    expect((await second).receipt.committed).to.equal(true);
  });

  it('the client at its deadline: told that there was too much to do, with the delay', async () => {
    const held = new HeldPostcodes();
    const admission = new Admission({ clock, insideMax: 1, waitingMax: 0 });
    const { address } = await rig.frontEnd({ admission, postcodes: held });
    const first = make(plainClient(address));
    await until(() => held.waiting === 1, 'the first order is inside');
    const error = await rig
      .client([address], { deadlineMs: 700 })
      .makeOrder(order())
      .catch((caught: unknown) => caught);
    if (!(error instanceof CallRefusedError)) throw new Error(`it was ${String(error)}`);
    expect(error.refusal).to.include({ reason: 'OVERLOADED', retryDelayMs: 200 });
    held.release();
    await first.answer;
  });

  it('more calls than one connection may have at once: held back by gRPC, and all are answered', async function () {
    this.timeout(60_000);
    const client = plainClient((await rig.frontEnd()).address);
    const answers = await Promise.all(Array.from({ length: 500 }, () => make(client, order(), 60_000).answer));
    expect(answers.filter((one) => 'receipt' in one)).to.have.length(500);
  });
});
