import { v7 as uuidV7 } from 'uuid';
import { expect } from 'chai';
import {
  CallRefusedError,
  type NewOrder,
  type OrderingClient,
  type OrderView,
} from '../../src/ports/ordering-client.js';
import { clusterForSuite } from '../support/cluster-suite.js';
import type { Cluster } from '../support/cluster.js';
import { menuOf, newOrder } from '../support/customers.js';
import { readTable } from '../support/table-files.js';
import { until } from '../support/until.js';

/** ms for a test on a busy machine. */
const TIMEOUT_MS = 60_000;

/** Nobody hears anybody, but each front end the replica of its number. */
function breakApart(cluster: Cluster): void {
  for (const from of cluster.replicas) for (const to of cluster.others(from)) cluster.silence(from, to);
  for (const [number, frontEnd] of cluster.frontEnds.entries())
    for (const to of cluster.replicas) if (to.index !== number) cluster.silence(frontEnd, to);
}

/** Places an order, asking again with the same id for as long as its outcome is not known. */
async function place(client: OrderingClient, order: NewOrder): Promise<OrderView> {
  return until(async () => (await client.makeOrder(order)).order, `order ${order.order_id} is taken`);
}

async function reasonOf(call: Promise<unknown>): Promise<string> {
  try {
    await call;
  } catch (error) {
    if (error instanceof CallRefusedError) return `${error.status} ${error.refusal.reason}`;
    throw error;
  }
  return 'not refused';
}

describe('faults: orders without a majority', () => {
  const suite = clusterForSuite({ hasProxies: true, whenAlone: 'keep-ordering' });

  it('two isolated replicas take orders, also the same one; one is killed; after healing each order is there once', async function () {
    this.timeout(TIMEOUT_MS);
    const { cluster } = suite;
    const menu = await menuOf(cluster);
    await cluster.level();
    const sides = [cluster.client([0]), cluster.client([1])] as const;
    const before = await place(sides[0], newOrder('ann', menu));
    expect(before.unconfirmed).to.equal(false);
    // Each side knows it committed.
    await cluster.level();
    const order = (): NewOrder => newOrder('ann', menu);

    breakApart(cluster);
    // Before, a primary that has not noticed yet would write them to its log as well, and that may survive with its own time.
    await until(async () => {
      const all = await cluster.statuses();
      return all.every((one) => one?.takesAlone === true);
    }, 'all replicas take orders alone');
    const shared = order();
    const taken = new Map<string, OrderView>();
    for (const [number, side] of sides.entries()) {
      const own = [order(), order(), order()];
      for (const one of [...own, shared]) {
        const answer = await place(side, one);
        expect(answer).to.deep.include({ order_id: one.order_id, unconfirmed: true, op: 0, status: 'placed' });
        if (!taken.has(one.order_id)) taken.set(one.order_id, answer);
      }
      const { receipt } = await side.makeOrder(own[0] ?? shared);
      expect(receipt, 'a repeat').to.include({ op: 0, copies: 1, committed: false });
      const { orders } = await side.getOrders({ user_code: 'ann', consistency: 'any' });
      const held = orders.filter(({ unconfirmed }) => unconfirmed).map(({ order_id }) => order_id);
      expect(held, 'newest first').to.deep.equal([...own, shared].map(({ order_id }) => order_id).reverse());
      expect(orders.at(-1)).to.include({ order_id: before.order_id, unconfirmed: false });
      const waiting = await cluster.outbox(number);
      expect(waiting.map(({ order_id }) => order_id)).to.deep.equal(held.toReversed());
    }
    expect(taken.size).to.equal(7);
    const [first] = sides;
    const otherContent = { ...shared, lines: shared.lines.map((line) => ({ ...line, quantity: line.quantity + 1 })) };
    expect(await reasonOf(first.makeOrder(otherContent))).to.equal('ALREADY_EXISTS ID_REUSED');
    expect(await reasonOf(first.cancelOrder(uuidV7(), shared.order_id))).to.equal('UNAVAILABLE UNCONFIRMED');
    // Nobody is put off with one disk who asks for two; what the silent replicas will make of it is not known.
    const safer = { ...newOrder('careful bob', menu), write_concern: 'majority' };
    expect(await reasonOf(first.makeOrder(safer, 1_500))).to.equal('DEADLINE_EXCEEDED OUTCOME_UNKNOWN');
    expect((await cluster.outbox(0)).map(({ order_id }) => order_id)).to.not.include(safer.order_id);

    // What it promised survives the process.
    const holder = cluster.replica(0);
    await holder.process.kill();
    await holder.process.start();
    const again = await place(first, shared);
    expect(again).to.deep.equal(taken.get(shared.order_id));

    cluster.openWays();
    await cluster.level();
    const { orders } = await cluster.client().getOrders({ user_code: 'ann', page_size: 100 });
    const placed = new Map(orders.map((one) => [one.order_id, one]));
    expect(orders).to.have.length(taken.size + 1);
    expect([...placed.keys()]).to.have.members([before.order_id, ...taken.keys()]);
    for (const [id, answer] of taken) {
      const one = placed.get(id);
      expect(one).to.deep.include({ unconfirmed: false, status: 'placed', total_pence: answer.total_pence });
      // The one that was taken on both sides has the time of one of them.
      if (id !== shared.order_id) expect(one?.placed_at, 'its first time').to.equal(answer.placed_at);
      expect(one?.op).to.be.greaterThan(before.op);
    }
    for (const { index, folder } of cluster.replicas) {
      expect(await cluster.outbox(index)).to.deep.equal([]);
      const rows = readTable(folder, 'orders.csv');
      expect(rows, folder).to.deep.equal(readTable(cluster.replica(0).folder, 'orders.csv'));
    }
  });
});
