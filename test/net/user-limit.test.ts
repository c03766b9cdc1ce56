import { randomUUID } from 'node:crypto';
import { expect } from 'chai';
import { v7 as uuidV7 } from 'uuid';
import { UserBuckets } from '../../src/front-end/user-limit.js';
import { CallRefusedError, type NewOrder } from '../../src/ports/ordering-client.js';
import { FrontEndCounts } from '../../src/telemetry/front-end-metrics.js';
import { Rig, STAFF_TOKEN } from './support/rig.js';

describe('rate limit at the front end', () => {
  let rig: Rig;
  let counts: FrontEndCounts;
  let address: string;
  /** The time for the limit; stands still unless a test moves it. */
  let nowMs: number;
  before(async () => {
    rig = await Rig.start();
  });
  after(() => rig.stop());
  beforeEach(async () => {
    nowMs = 0;
    counts = new FrontEndCounts();
    const userLimit = new UserBuckets({ perUserPerSecond: 1, burst: 2, clock: { monotonicMs: () => nowMs } });
    address = (await rig.frontEnd({ userLimit, meter: counts })).address;
  });

  const order = (user: string): NewOrder => ({
    order_id: randomUUID(),
    user_code: user,
    lines: [{ item: 'Tomato Soup', quantity: 1, price_pence: 450 }],
    post_code: 'DH1 1JN',
  });
  const failure = async (call: Promise<unknown>): Promise<CallRefusedError> => {
    try {
      await call;
    } catch (error) {
      if (error instanceof CallRefusedError) return error;
      throw error;
    }
    throw new Error('the call was not refused');
  };
  const outcomes = (method: string): unknown =>
    Object.fromEntries(
      counts
        .methods()
        .find(([name]) => name === method)?.[1]
        .outcomes.entries() ?? [],
    );

  it('too many: RESOURCE_EXHAUSTED with RATE_LIMITED, nothing is done, the same id is placed later', async () => {
    const client = rig.client([address]);
    const before = rig.cluster.entries.length;
    await client.makeOrder(order('ann'));
    await client.getOrders({ user_code: 'ann' });
    const third = order('ann');
    const refused = await failure(client.makeOrder(third));
    expect([refused.status, refused.refusal.reason]).to.deep.equal(['RESOURCE_EXHAUSTED', 'RATE_LIMITED']);
    expect(refused.refusal.message).to.match(/same id, in 1000 ms/);
    expect((await failure(client.getOrders({ user_code: 'ann' }))).refusal.reason).to.equal('RATE_LIMITED');
    expect(rig.cluster.entries.length).to.equal(before + 1);
    // Others, and calls that name no user, go on.
    await client.makeOrder(order('bob'));
    await client.getMenu();
    nowMs += 1_000;
    expect((await client.makeOrder(third)).order.order_id).to.equal(third.order_id);
    expect(outcomes('MakeOrder')).to.deep.equal({ ok: 3, RATE_LIMITED: 1 });
  });

  it('streams: each order of a stream counts, and a refused one does not end it', async () => {
    const client = rig.client([address]);
    const orders = [order('eve'), order('eve'), order('eve'), order('adam')];
    const kinds: string[] = [];
    for await (const answer of client.makeOrders(orders))
      kinds[answer.number - 1] = answer.kind === 'placed' ? 'placed' : answer.error.refusal.reason;
    expect(kinds).to.deep.equal(['placed', 'placed', 'RATE_LIMITED', 'placed']);
    expect(outcomes('MakeOrders')).to.deep.equal({ ok: 3, RATE_LIMITED: 1 });
  });

  it('staff: their calls name no user and are not limited', async () => {
    const client = rig.client([address], { staffToken: STAFF_TOKEN });
    const { order: placed } = await client.makeOrder(order('zoe'));
    for (const step of ['accepted', 'preparing', 'ready', 'delivered'] as const)
      expect((await client.updateOrderStatus(uuidV7(), placed.order_id, step)).order.status).to.equal(step);
  });
});
