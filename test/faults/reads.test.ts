import { randomUUID } from 'node:crypto';
import { expect } from 'chai';
import type { OrderingClient } from '../../src/ports/ordering-client.js';
import { clusterForSuite } from '../support/cluster-suite.js';
import { commandJson } from '../support/command.js';
import { until } from '../support/until.js';

interface Reads {
  readonly primary: string;
  readonly replicas: readonly { readonly id: string; readonly reads: number | null }[];
}

/** A customer who orders and reads back, and remembers only the last op that an answer named. */
class Session {
  readonly orders: string[] = [];
  readonly readFrom = new Set<string>();
  #lastOp = 0;

  constructor(
    readonly client: OrderingClient,
    readonly user: string,
  ) {}

  async order(): Promise<void> {
    const order_id = randomUUID();
    const lines = [{ item: 'Dal Tadka', quantity: 1, price_pence: 695 }];
    const { receipt } = await this.client.makeOrder({ order_id, user_code: this.user, lines, post_code: 'DH1 3LE' });
    this.orders.push(order_id);
    this.#lastOp = receipt.op;
  }

  /** Reads as a session; throws when something is missing that this session has seen, or written. */
  async read(): Promise<void> {
    const wish = { consistency: 'session', minOp: this.#lastOp } as const;
    const { orders, as_of: asOf } = await this.client.getOrders({ user_code: this.user, page_size: 500, ...wish });
    expect(asOf.op, 'never back in time').to.be.at.least(this.#lastOp);
    const seen = new Set(orders.map(({ order_id }) => order_id));
    for (const id of this.orders) expect(seen.has(id), `own order ${id} at ${asOf.replica}`).to.equal(true);
    this.#lastOp = asOf.op;
    this.readFrom.add(asOf.replica);
  }
}

describe('faults: reads that any replica may answer', () => {
  const suite = clusterForSuite({ hasProxies: true });
  const reads = () => commandJson<Reads>(suite.cluster.configurationOf(), 'status');
  const newSession = (user: string, frontEnd: number) => new Session(suite.cluster.client([frontEnd]), user);

  it('session: the backups answer, evenly; everybody sees what they wrote, over both front ends and a kill; status counts', async () => {
    const { cluster } = suite;
    const sessions = Array.from({ length: 6 }, (_, number) => newSession(`user${number}`, number % 2));
    const spend = (turns: number) =>
      Promise.all(
        sessions.map(async (session) => {
          for (let turn = 0; turn < turns; turn++) {
            await session.order();
            for (let read = 0; read < 4; read++) await session.read();
          }
        }),
      );
    await spend(1);
    const before = await reads();
    await spend(10);
    const after = await reads();
    expect(after.primary).to.equal(before.primary);
    const counted = after.replicas.map(({ id, reads: count }) => {
      return { id, count: (count ?? 0) - (before.replicas.find((one) => one.id === id)?.reads ?? 0) };
    });
    const byBackups = counted.filter(({ id }) => id !== after.primary).map(({ count }) => count);
    expect(byBackups[0], JSON.stringify(counted)).to.be.within(60, 180);
    expect(byBackups[1], JSON.stringify(counted)).to.be.within(60, 180);
    expect(counted.find(({ id }) => id === after.primary)?.count, JSON.stringify(counted)).to.equal(0);

    const [backup] = cluster.others(await cluster.primary());
    await backup?.process.kill();
    await spend(3);
    await backup?.process.start();
    if (backup !== undefined) await cluster.joined(backup);
    await spend(3);
    for (const session of sessions) expect(session.orders).to.have.length(17);
  });

  it('a backup that is cut off: any tells that it may be incomplete, and since when; a session goes elsewhere', async () => {
    const { cluster } = suite;
    const primary = await cluster.primary();
    const [cut] = cluster.others(primary);
    if (cut === undefined) throw new Error('there are backups');
    const session = newSession('ann', 0);
    await session.order();
    await cluster.level();
    for (const other of cluster.others(cut)) {
      cluster.silence(other, cut);
      cluster.silence(cut, other);
    }
    await until(async () => {
      const { as_of: asOf } = await session.client.getMotd({ consistency: 'any' });
      return asOf.replica === cut.id && !asOf.complete && asOf;
    }, 'the one that is cut off answers, and says so');
    const cutAtMs = Date.now();
    for (let turn = 0; turn < 4; turn++) {
      await session.order();
      await session.read();
    }
    const old = await until(async () => {
      const { as_of: asOf } = await session.client.getMotd({ consistency: 'any' });
      return asOf.replica === cut.id && asOf;
    }, 'it answers still');
    expect(old.complete).to.equal(false);
    expect(Date.parse(old.time), 'last level').to.be.lessThan(cutAtMs);
    cluster.openWays();
    await cluster.joined(cut);
    await suite.cluster.level();
  });
});
