import { readdirSync, rmSync } from 'node:fs';
import path from 'node:path';
import { expect } from 'chai';
import { clusterForSuite } from '../support/cluster-suite.js';
import type { Replica } from '../support/cluster.js';
import { menuOf, newOrder } from '../support/customers.js';
import type { Named } from '../support/history.js';
import { until } from '../support/until.js';

describe('faults: files of a replica that are lost', () => {
  const suite = clusterForSuite();

  const damageTold = ({ process }: Replica, sinceMs: number, file: string): boolean =>
    process
      .log()
      .some(({ time, damage }) => time >= sinceMs && Array.isArray(damage) && JSON.stringify(damage).includes(file));

  for (const [what, file] of [
    ['orders.csv', 'orders.csv'],
    ['the journal', 'journal'],
  ] as const)
    it(`${what} of the primary deleted while it runs: it says so and stops, others serve, it repairs itself`, async () => {
      const { cluster, history } = suite;
      const beginMs = performance.now();
      const customers = await suite.customers();
      const damaged = await cluster.primary();
      const sinceMs = Date.now();
      rmSync(path.join(damaged.folder, file), { recursive: true });
      // It ends by itself; under `start` the supervisor then starts it again.
      await until(() => !damaged.process.isRunning, `${damaged.id} notices that ${file} is gone`);
      expect(damageTold(damaged, sinceMs, file), 'its log names the file').to.equal(true);
      await customers.acknowledges(50);
      expect((await cluster.primary()).id).to.not.equal(damaged.id);
      await damaged.process.start();
      await customers.acknowledges(20);
      await customers.stop();
      expect(history.errorsSince(beginMs)).to.deep.equal([]);
      await suite.check();
    });

  it('a folder wiped while its replica is down: it votes for nothing before it has recovered, then is level', async () => {
    const { cluster, history } = suite;
    const customers = await suite.customers();
    await customers.acknowledges(50);
    await customers.stop();
    await cluster.level();
    const primary = await cluster.primary();
    const [wiped, other] = cluster.others(primary) as [Replica, Replica];
    await Promise.all([wiped.process.kill(), other.process.kill()]);
    for (const name of readdirSync(wiped.folder)) rmSync(path.join(wiped.folder, name), { recursive: true });
    await wiped.process.start();
    await until(
      async () => (await cluster.status(wiped.index))?.role === 'recovering',
      `${wiped.id} knows it was wiped`,
    );

    // Two of three processes run, but only one of them remembers: that is no majority.
    const client: Named = { name: 'customer', calls: cluster.client() };
    const order = newOrder('user of one disk', await menuAtOneDisk(client));
    for (let attempt = 0; attempt < 3; attempt++) {
      const { outcome } = await history.placeOnce(client, order, 700);
      expect(outcome.kind).to.equal('refused');
    }
    expect((await cluster.status(wiped.index))?.role).to.equal('recovering');

    await other.process.start();
    const { outcome } = await history.place(client, order);
    expect(outcome.kind).to.equal('ok');
    await suite.check();
  });

  const menuAtOneDisk = async ({ calls }: Named) => (await calls.getMenu({ consistency: 'any' })).items;

  it('a folder wiped under orders: nobody notices, and it is level again', async () => {
    const { cluster, history } = suite;
    const beginMs = performance.now();
    const customers = await suite.customers();
    const wiped = await cluster.primary();
    await wiped.process.kill();
    rmSync(wiped.folder, { recursive: true });
    await customers.acknowledges(50);
    await wiped.process.start();
    await cluster.joined(wiped);
    await customers.acknowledges(20);
    await customers.stop();
    expect(history.errorsSince(beginMs)).to.deep.equal([]);
    await suite.check();
    expect(await menuOf(cluster)).to.not.have.length(0);
  });
});
