import { spawnSync } from 'node:child_process';
import { rmSync } from 'node:fs';
import path from 'node:path';
import { expect } from 'chai';
import { clusterStatus } from '../../src/cli/cluster-status.js';
import { wipe } from '../nemesis/damage.js';
import { clusterForSuite } from '../support/cluster-suite.js';
import type { Replica } from '../support/cluster.js';
import { menuOf, newOrder } from '../support/customers.js';
import type { Named } from '../support/history.js';
import { MAIN } from '../support/server-process.js';
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
    wipe(wiped.folder);
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
    expect(await cluster.status(wiped.index)).to.include({ role: 'recovering', op: 0, commit: 0 });
    // What is read meanwhile is what the one that remembers has, and says that it may be old; the other invents nothing.
    const known = history.orders[0]?.order.order_id ?? '';
    for (let number = 0; number < 6; number++) {
      expect((await history.readOrder(client, known)).outcome.kind).to.equal('refused');
      const { outcome } = await history.readOrder(client, known, { consistency: 'any' });
      expect(outcome).to.have.nested.property('answer.asOf.replica', primary.id);
      expect(outcome).to.have.nested.property('answer.asOf.complete', false);
      expect(outcome).to.have.nested.property('answer.orders').with.length(1);
    }

    await other.process.start();
    const { outcome } = await history.place(client, order);
    expect(outcome.kind).to.equal('ok');
    await suite.check();
  });

  it('all folders wiped but one: it founds nothing anew, status says what to do, and doing that brings all orders back', async () => {
    const { cluster, history } = suite;
    const customers = await suite.customers();
    await customers.acknowledges(50);
    await customers.stop();
    await cluster.level();
    const survivor = await cluster.primary();
    const wiped = cluster.others(survivor);
    await Promise.all(cluster.replicas.map(({ process }) => process.kill()));
    for (const { folder } of wiped) wipe(folder);
    await Promise.all(cluster.replicas.map(({ process }) => process.start()));

    const verdict = async () =>
      clusterStatus(
        (await cluster.statuses()).map((status, index) => ({ ...cluster.replica(index), status, why: '' })),
        2,
      );
    await until(async () => {
      const all = await cluster.statuses();
      return wiped.every(({ index }) => all[index]?.role === 'recovering');
    }, 'the wiped ones know that they were wiped');
    const { writable, reason } = await verdict();
    expect(writable).to.equal(false);
    expect(reason).to.match(new RegExp(`only ${survivor.id} does.*just-hungry rebuild .* --from ${survivor.id}`));
    const client: Named = { name: 'customer', calls: cluster.client() };
    const order = newOrder('user of one disk', await menuAtOneDisk(client));
    expect((await history.placeOnce(client, order, 700)).outcome.kind).to.equal('refused');
    const old = await history.readOrder(client, history.orders[0]?.order.order_id ?? '', { consistency: 'any' });
    expect(old.outcome).to.have.nested.property('answer.asOf.replica', survivor.id);
    expect(old.outcome).to.have.nested.property('answer.asOf.complete', false);

    // As it says.
    await Promise.all(cluster.replicas.map(({ process }) => process.kill()));
    const [chosen] = wiped as [Replica];
    const rebuild = (lost: Replica, from: Replica, confirm: string) =>
      spawnSync(
        process.execPath,
        [MAIN, 'rebuild', lost.id, '--from', from.id, '--confirm', confirm, ...configurationOf(lost)],
        {
          encoding: 'utf8',
        },
      );
    const configurationOf = (replica: Replica) => ['--config', path.join(cluster.folder, `${replica.id}.json`)];
    expect(rebuild(chosen, survivor, 'yes').stderr).to.match(/not confirmed .* nothing was changed/);
    expect(rebuild(survivor, chosen, `${survivor.id} from ${chosen.id}`).stderr).to.match(/is there and remembers/);
    const { status, stdout, stderr } = rebuild(chosen, survivor, `${chosen.id} from ${survivor.id}`);
    expect({ status, stderr }).to.have.property('status', 0);
    expect(stdout).to.match(new RegExp(`${chosen.id} is made from ${survivor.id}`));
    await Promise.all(cluster.replicas.map(({ process }) => process.start()));
    expect((await history.place(client, order)).outcome.kind).to.equal('ok');
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
