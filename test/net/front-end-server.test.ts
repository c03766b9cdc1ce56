import { expect } from 'chai';
import { randomUUID } from 'node:crypto';
import { createServer, type AddressInfo, type Socket } from 'node:net';
import { v7 } from 'uuid';
import { replicaIndex } from '../../src/base/numbers.js';
import { CallRefusedError, type NewOrder, type OrderingClient } from '../../src/ports/ordering-client.js';
import { until } from './support/addresses.js';
import { Rig, STAFF_TOKEN } from './support/rig.js';

const order = (changes: Partial<NewOrder> = {}): NewOrder => ({
  order_id: randomUUID(),
  user_code: 'ann',
  lines: [{ item: 'Tomato Soup', quantity: 2, price_pence: 450 }],
  post_code: 'dh1 1jn',
  ...changes,
});

async function refused(call: Promise<unknown>): Promise<CallRefusedError> {
  try {
    await call;
  } catch (error) {
    if (error instanceof CallRefusedError) return error;
    throw error;
  }
  throw new Error('the call was not refused');
}

describe('front end server', () => {
  let rig: Rig;
  let client: OrderingClient;
  let staff: OrderingClient;
  let address: string;

  beforeEach(async () => {
    rig = await Rig.start();
    ({ address } = await rig.frontEnd());
    client = rig.client([address]);
    staff = rig.client([address], { staffToken: STAFF_TOKEN });
  });
  afterEach(async () => {
    await rig.stop();
    expect(rig.problems, 'bugs that customers saw as INTERNAL').to.deep.equal([]);
  });

  it('orders: placed, listed, with history (through the primary)', async () => {
    const asked = order({ notes: 'ring "twice", please 🍜', contact: { name: 'Ann', phone: '', address: 'a,b' } });
    const { order: placed, receipt } = await client.makeOrder(asked);
    expect(placed).to.include({ order_id: asked.order_id, status: 'placed', total_pence: 900, post_code: 'DH1 1JN' });
    expect(placed.notes).to.equal(asked.notes);
    expect(receipt).to.include({ op: 2, copies: 2, committed: true });
    const listed = await client.getOrders({ user_code: 'ann' });
    expect(listed.orders).to.deep.equal([placed]);
    expect(listed.as_of).to.include({ replica: 'one', complete: true });
    const one = await client.getOrder(asked.order_id);
    expect(one.history.map(({ status }) => status)).to.deep.equal(['placed']);
    expect((await client.getMenu()).items.map(({ item, stock }) => [item, stock])).to.deep.equal([
      ['Tomato Soup', undefined],
      ['Fish Pie', 5],
    ]);
    expect((await client.getMotd()).motd).to.equal('Welcome');
  });

  it('orders: the same id again gives the same order; other content is refused', async () => {
    const asked = order();
    const first = await client.makeOrder(asked);
    expect((await client.makeOrder({ ...asked, post_code: ' DH1 1JN ' })).order).to.deep.equal(first.order);
    const error = await refused(client.makeOrder({ ...asked, user_code: 'bob' }));
    expect(error.refusal.reason).to.equal('ID_REUSED');
    expect(error.status).to.equal('ALREADY_EXISTS');
  });

  it('postcodes: validated, and refused by the primary after the id was looked up', async () => {
    expect(await client.validatePostcode('dh1 1jn')).to.deep.equal({
      verdict: 'valid',
      normalised: 'DH1 1JN',
      reason: '',
    });
    expect((await client.validatePostcode('nonsense')).verdict).to.equal('malformed');
    expect((await refused(client.makeOrder(order({ post_code: 'nonsense' })))).refusal.reason).to.equal(
      'POSTCODE_MALFORMED',
    );
    expect((await refused(client.makeOrder(order({ post_code: 'DH1 1ZZ' })))).refusal.reason).to.equal(
      'POSTCODE_UNKNOWN',
    );
  });

  it('staff: the token decides who may do what', async () => {
    const first = (await client.makeOrder(order())).order;
    const wrong = rig.client([address], { staffToken: 'guess' });
    expect((await refused(client.updateOrderStatus(v7(), first.order_id, 'accepted'))).status).to.equal(
      'UNAUTHENTICATED',
    );
    expect((await refused(wrong.updateOrderStatus(v7(), first.order_id, 'accepted'))).status).to.equal(
      'PERMISSION_DENIED',
    );
    expect((await refused(wrong.cancelOrder(v7(), first.order_id))).refusal.reason).to.equal('TOKEN_WRONG');
    expect((await staff.updateOrderStatus(v7(), first.order_id, 'accepted')).order.status).to.equal('accepted');
    expect((await refused(client.cancelOrder(v7(), first.order_id))).status).to.equal('FAILED_PRECONDITION');
    expect((await staff.cancelOrder(v7(), first.order_id)).order.status).to.equal('cancelled');
    const second = (await client.makeOrder(order())).order;
    expect((await client.cancelOrder(v7(), second.order_id)).order.status).to.equal('cancelled');
    expect((await staff.setMotd(v7(), 'Line\nby line')).motd_version).to.equal(2);
    const items = [{ item: 'Tea', price_pence: 200, category: '', description: '', allergens: [], stock: 3 }];
    expect((await staff.setMenu(v7(), items, 1)).menu_version).to.equal(2);
    expect((await client.getMenu()).items).to.deep.equal(items);
    expect((await refused(staff.setMenu(v7(), items, 1))).refusal.reason).to.equal('MENU_VERSION_CHANGED');
  });

  it('failover: a stopped primary costs no customer an error', async () => {
    await client.makeOrder(order());
    const calls = Array.from({ length: 20 }, () => client.makeOrder(order()));
    await rig.stopReplica(0);
    const during = Array.from({ length: 20 }, () => client.makeOrder(order()));
    rig.cluster.primary = replicaIndex(1);
    const all = await Promise.all([...calls, ...during]);
    expect(new Set(all.map(({ receipt }) => receipt.op)).size).to.equal(40);
    expect((await client.getOrders({ user_code: 'ann' })).orders).to.have.length(41);
  });

  it('failover: a hung primary costs no customer an error', async () => {
    await client.makeOrder(order());
    const [hung] = rig.cluster.replicas;
    if (hung !== undefined) hung.mode = 'silent';
    const call = client.makeOrder(order());
    await until(() => (hung?.seen.length ?? 0) > 1);
    rig.cluster.primary = replicaIndex(2);
    expect((await call).receipt.op).to.equal(3);
    expect((await client.makeOrder(order())).receipt.op).to.equal(4);
  });

  it('relay: a front end that reaches only a backup still orders', async () => {
    const { address: lonely } = await rig.frontEnd({ reachable: [1] });
    const cutOff = rig.client([lonely]);
    expect((await cutOff.makeOrder(order())).receipt.op).to.equal(2);
    expect((await cutOff.getMotd()).as_of.replica).to.equal('one');
  });

  it('below a majority: refused at once, read with any', async () => {
    for (const replica of rig.cluster.replicas) replica.mode = 'NO_QUORUM';
    const error = await refused(client.makeOrder(order()));
    expect([error.status, error.refusal.reason]).to.deep.equal(['UNAVAILABLE', 'NO_QUORUM']);
  });

  it('keep-ordering: an order is taken by a replica alone, and is told to be unconfirmed', async () => {
    const { address: keeping } = await rig.frontEnd({ whenAlone: 'keep-ordering' });
    const customer = rig.client([keeping]);
    for (const replica of rig.cluster.replicas) replica.mode = 'NO_QUORUM';
    for (const replica of rig.cluster.replicas) replica.takesAlone = replica.index === 1;
    const asked = order({ write_concern: '1' });
    const { order: taken, receipt } = await customer.makeOrder(asked);
    expect(taken).to.include({ order_id: asked.order_id, unconfirmed: true, op: 0, status: 'placed' });
    expect(receipt).to.deep.equal({ op: 0, view: 3, copies: 1, committed: false, chain: '' });
    expect((await customer.makeOrder(order())).order.unconfirmed).to.equal(true);
    expect(rig.cluster.replicas[1]?.held.map(({ requestId }) => requestId)).to.include(asked.order_id);
    // Asked for by name, two disks are two disks.
    const error = await refused(customer.makeOrder(order({ write_concern: 'majority' })));
    expect(error.refusal.reason).to.equal('NO_QUORUM');
    // Nothing but orders, and nothing where the front end is not told to.
    expect((await refused(customer.cancelOrder(v7(), asked.order_id))).refusal.reason).to.equal('NO_QUORUM');
    expect((await refused(client.makeOrder(order()))).refusal.reason).to.equal('NO_QUORUM');
    expect(rig.cluster.replicas[1]?.held).to.have.length(2);
  });

  it('no primary: told at the deadline that nothing was done', async () => {
    rig.cluster.primary = undefined;
    const error = await refused(client.makeOrder(order(), 1_500));
    expect([error.status, error.refusal.reason]).to.deep.equal(['UNAVAILABLE', 'NO_PRIMARY']);
  });

  it('dropped: told at the deadline that the outcome is unknown', async () => {
    for (const replica of rig.cluster.replicas) replica.mode = 'drop';
    const error = await refused(client.makeOrder(order(), 300));
    expect([error.status, error.refusal.reason]).to.deep.equal(['DEADLINE_EXCEEDED', 'OUTCOME_UNKNOWN']);
  });

  it('reads with any: spread over the replicas', async () => {
    const seen = new Set<string>();
    for (let count = 0; count < 6; count++) {
      seen.add((await client.getMotd({ consistency: 'any' })).as_of.replica);
    }
    expect([...seen].toSorted()).to.deep.equal(['one', 'three', 'two']);
  });

  it('several front ends: a dead one is passed over, with the same id', async () => {
    const { address: other } = await rig.frontEnd();
    const both = rig.client(['127.0.0.1:1', other]);
    expect((await both.makeOrder(order())).receipt.op).to.equal(2);
    const none = rig.client(['127.0.0.1:1'], { deadlineMs: 200 });
    const error = await refused(none.makeOrder(order()));
    expect([error.status, error.refusal.reason]).to.deep.equal(['UNAVAILABLE', 'NO_PRIMARY']);
  });

  it('several: a front end that takes calls and never answers is passed over, and the order is placed once', async () => {
    const open = new Set<Socket>();
    const hung = createServer((socket) => open.add(socket.on('error', () => undefined)));
    await new Promise<void>((resolve) => hung.listen(0, '127.0.0.1', resolve));
    const { port } = hung.address() as AddressInfo;
    const both = rig.client([`127.0.0.1:${port}`, address], { deadlineMs: 20_000 });
    const asked = order({ user_code: 'bob' });
    const { order: placed } = await both.makeOrder(asked, 2_000);
    expect(placed.order_id).to.equal(asked.order_id);
    expect((await client.getOrders({ user_code: 'bob' })).orders).to.have.length(1);
    for (const socket of open) socket.destroy();
    hung.close();
  });

  it('watch: each event once, the past and the present, over failovers and front ends', async () => {
    const second = await rig.frontEnd();
    const watcher = rig.client([second.address, address], { staffToken: STAFF_TOKEN });
    const ending = new AbortController();
    const seen: number[] = [];
    const watching = (async () => {
      for await (const event of watcher.watchOrders(0, undefined, ending.signal)) seen.push(event.op);
    })();
    const ops: number[] = [];
    const place = async (): Promise<void> => {
      ops.push((await client.makeOrder(order())).receipt.op);
    };
    await place();
    await until(() => seen.length === 1);
    rig.cluster.coreEntry();
    await place();
    await until(() => seen.length === 2);
    await rig.stopReplica(0);
    rig.cluster.primary = replicaIndex(1);
    await place();
    await until(() => seen.length === 3);
    await second.stop(0);
    await place();
    await until(() => seen.length === 4);
    ending.abort();
    await watching;
    expect(seen).to.deep.equal(ops);
  });

  it('watch: one user sees only their own; all need the staff token; far ahead disturbs nobody', async () => {
    const ending = new AbortController();
    const seen: string[] = [];
    const far = (async () => {
      for await (const event of client.watchOrders(1_000_000, 'bob', ending.signal)) seen.push(`far ${event.op}`);
    })();
    const watching = (async () => {
      for await (const event of client.watchOrders(0, 'bob', ending.signal)) seen.push(event.order.user_code);
    })();
    await client.makeOrder(order({ user_code: 'ann' }));
    await client.makeOrder(order({ user_code: 'bob' }));
    await until(() => seen.length === 1);
    const late = (async () => {
      for await (const event of client.watchOrders(3, 'bob', ending.signal)) seen.push(event.order.user_code);
    })();
    await until(() => seen.length === 2);
    await client.makeOrder(order({ user_code: 'ann' }));
    await client.makeOrder(order({ user_code: 'bob' }));
    await until(() => seen.length === 4);
    ending.abort();
    await Promise.all([watching, far, late]);
    expect(seen).to.deep.equal(['bob', 'bob', 'bob', 'bob']);
    const events = client.watchOrders(0, undefined, new AbortController().signal)[Symbol.asyncIterator]();
    expect((await refused(events.next())).status).to.equal('UNAUTHENTICATED');
  });
});
