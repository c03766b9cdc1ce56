import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { setTimeout as pause } from 'node:timers/promises';
import { expect } from 'chai';
import { CallRefusedError, type NewOrder } from '../../src/ports/ordering-client.js';
import { clusterForSuite } from '../support/cluster-suite.js';
import type { Cluster } from '../support/cluster.js';
import { menuOf, newOrder } from '../support/customers.js';
import { Flood, type FloodOptions } from '../support/flood.js';
import type { ServerProcess } from '../support/server-process.js';
import { readTable } from '../support/table-files.js';
import { until } from '../support/until.js';

/** More than a front end takes in (8,192), so that some are turned away however fast the machine is. */
const CROWD = 10_240;
const TURNED_AWAY_MIN = 2_000;
const ACKNOWLEDGED_MIN = 1_000;
/** MiB that a process may take; it would take as much for each second that it let everybody in. */
const RSS_MIB_MAX = 1_000;
const HANG_MS = 10_000;
const PATIENCE_MS = 90_000;

const rssMiB = ({ pid }: ServerProcess): number =>
  Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'latin1'))?.[1]) / 1024;

/** How often each order is in the table of a replica. */
function rowsById(folder: string): Map<string, number> {
  const rows = new Map<string, number>();
  for (const { fields } of readTable(folder, 'orders.csv')) {
    const id = fields['order_id'] ?? '';
    rows.set(id, (rows.get(id) ?? 0) + 1);
  }
  return rows;
}

describe('faults: more than can be served', () => {
  const suite = clusterForSuite({ frontEnds: 1 });
  let flood: Flood | undefined;
  afterEach(() => flood?.close());

  const begin = (options: Omit<FloodOptions, 'address'>): Flood =>
    (flood = new Flood({ address: suite.cluster.frontEnd(0).address, ...options }));
  const plainOrder = async (cluster: Cluster): Promise<NewOrder> => {
    const free = (await menuOf(cluster)).filter(({ stock }) => stock === undefined);
    return newOrder('crowd', free);
  };
  /** Waits until all calls have ended, and judges what every replica kept. */
  const judge = async (cluster: Cluster, ended: Flood): Promise<void> => {
    ended.stop();
    await until(() => ended.underWay === 0, 'every call has ended', PATIENCE_MS);
    await cluster.level();
    for (const { id, folder } of cluster.replicas) {
      const rows = rowsById(folder);
      const lost = [...ended.acknowledged].filter((order) => rows.get(order) !== 1);
      expect(lost.slice(0, 5), `acknowledged, and not once in ${id}`).to.deep.equal([]);
      const done = [...ended.turnedAway].filter((order) => rows.has(order));
      expect(done.slice(0, 5), `turned away, and in ${id}`).to.deep.equal([]);
    }
  };

  it('a crowd that comes back at once: the view stands, what is acknowledged is kept once, what is turned away is not done', async () => {
    const { cluster } = suite;
    const order = await plainOrder(cluster);
    const before = await cluster.level();
    const sinceMs = Date.now();
    const crowd = begin({ customers: CROWD, order, deadlineMs: 15_000 });
    const { process } = cluster.frontEnd(0);
    let rssMax = 0;
    await until(
      () => {
        rssMax = Math.max(rssMax, rssMiB(process));
        return crowd.turnedAway.size >= TURNED_AWAY_MIN && crowd.acknowledged.size >= ACKNOWLEDGED_MIN;
      },
      () =>
        `${crowd.turnedAway.size} turned away, ${crowd.acknowledged.size} acknowledged, ${crowd.others.size} others`,
      PATIENCE_MS,
    );
    // Whoever asks in the midst of it is told when to come back, or served.
    const told = await until(async () => {
      const refused = await cluster
        .client([0], 150)
        .makeOrder({ ...order, order_id: randomUUID() })
        .catch((error: unknown) => error);
      return refused instanceof CallRefusedError && refused.refusal.reason === 'OVERLOADED' && refused.refusal;
    }, 'somebody is turned away');
    expect(told.retryDelayMs).to.be.within(200, 2_000);
    expect(told.message).to.match(/nothing was done\. Wait \d+ ms, then try again with the same id/);

    await judge(cluster, crowd);
    expect(rssMax).to.be.below(RSS_MIB_MAX);
    expect(cluster.viewsBegunSince(sinceMs)).to.deep.equal([]);
    expect((await cluster.statuses()).map((one) => one?.view)).to.deep.equal(before.map(({ view }) => view));

    const customers = await suite.customers();
    const afterMs = performance.now();
    await customers.acknowledges(50);
    await customers.stop();
    expect(suite.history.errorsSince(afterMs)).to.deep.equal([]);
  });

  it('a backup that hangs for 10 s under load: the others go on, the primary keeps little for it, and it becomes level', async () => {
    const { cluster } = suite;
    const order = await plainOrder(cluster);
    const [line] = order.lines;
    // Rows of some size: more than the primary keeps for one backup comes together soon.
    const large = { ...order, notes: 'n'.repeat(200), lines: line === undefined ? [] : [line] };
    await cluster.level();
    const primary = await cluster.primary();
    const [hanging] = cluster.others(primary);
    if (hanging === undefined) throw new Error('there are backups');
    const sinceMs = Date.now();
    const crowd = begin({ customers: 128, order: large, deadlineMs: 15_000 });
    await until(() => crowd.acknowledged.size >= 200, 'orders are acknowledged');
    await hanging.process.pause();
    const acknowledged = crowd.acknowledged.size;
    await pause(HANG_MS);
    expect(rssMiB(primary.process)).to.be.below(RSS_MIB_MAX);
    await until(() => crowd.acknowledged.size >= acknowledged + 500, 'orders go on without it');
    hanging.process.resume();
    await judge(cluster, crowd);
    expect(cluster.viewsBegunSince(sinceMs)).to.deep.equal([]);
    expect(crowd.turnedAway.size + crowd.others.size, 'nobody was told no').to.equal(0);
  });
});
