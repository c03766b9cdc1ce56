import { setTimeout as pause } from 'node:timers/promises';
import { expect } from 'chai';
import type { OrderingClient } from '../../src/ports/ordering-client.js';
import { clusterForSuite } from '../support/cluster-suite.js';
import type { Cluster, Replica } from '../support/cluster.js';
import { menuOf, newOrder } from '../support/customers.js';
import { directClient } from '../support/direct-client.js';
import type { Named, OrderCall, ReadCall } from '../support/history.js';
import { until } from '../support/until.js';

/** Calls to the replica that is cut off wait for so long, ms. */
const PATIENCE_MS = 3_000;

/** Two calls do not arrive in one batch when they are made so far apart, ms. */
const APART_MS = 20;
/** Views that may begin because of one fault: the next one, and one more for a replica that comes back. */
const VIEWS_MAX = 2;

const deafen = (cluster: Cluster, primary: Replica): void => {
  for (const other of cluster.others(primary)) cluster.silence(other, primary);
};
const mute = (cluster: Cluster, primary: Replica): void => {
  for (const other of cluster.others(primary)) cluster.silence(primary, other);
};

describe('faults: ways that are cut', () => {
  const suite = clusterForSuite({ hasProxies: true });

  it('a primary cut off from the others after a pause: it reads nothing that is stale and acknowledges nothing', async () => {
    const { cluster, history } = suite;
    const menu = await menuOf(cluster);
    const order = () => newOrder('direct user', menu);
    await cluster.level();
    const old = await cluster.primary();
    const calls = await directClient(old, PATIENCE_MS);
    const direct: Named = { name: 'direct', calls: calls as OrderingClient };
    expect((await history.placeOnce(direct, order())).outcome).to.have.property('kind', 'ok');
    // All at rest: each read could be answered at once, if it was not asked whether the view still stands.
    await cluster.level();
    expect((await history.readUser(direct, 'direct user')).outcome).to.have.property('kind', 'ok');

    const beginMs = performance.now();
    for (const other of cluster.others(old)) {
      cluster.silence(old, other);
      cluster.silence(other, old);
    }
    // Nor may orders wait before it that would be executed first, and keep reads waiting.
    for (const frontEnd of cluster.frontEnds) cluster.silence(frontEnd, old);
    await old.process.pause();
    const customers = await suite.customers();
    const customer: Named = { name: 'customer', calls: cluster.client([1]) };
    expect((await history.place(customer, order())).outcome).to.have.property('kind', 'ok');
    const reads = [0, 1, 2].map(() => history.readUser(direct, 'direct user'));
    // It goes on as primary of its view, knows of no other, and nobody tells it.
    old.process.resume();
    for (const { outcome } of await Promise.all(reads)) expect(outcome.kind).to.equal('refused');
    const alone = await history.placeOnce(direct, order());
    expect(alone.outcome.kind).to.equal('refused');

    cluster.openWays();
    await cluster.joined(old);
    await customers.acknowledges(20);
    await customers.stop();
    calls.close();
    const errors = history.errorsSince(beginMs).filter((line) => !line.startsWith('direct'));
    expect(errors).to.deep.equal([]);
    await suite.check();
  });

  for (const [what, cut] of [
    ['deaf', deafen],
    ['mute', mute],
  ] as const)
    it(`a ${what} primary is replaced; it neither acknowledges nor reads what is stale, and comes back without more ado`, async () => {
      const { cluster, history } = suite;
      const menu = await menuOf(cluster);
      const order = () => newOrder('direct user', menu);
      await cluster.level();
      const old = await cluster.primary();
      const calls = await directClient(old, PATIENCE_MS);
      const direct: Named = { name: 'direct', calls: calls as OrderingClient };
      expect((await history.placeOnce(direct, order())).outcome).to.have.property('kind', 'ok');
      // All at rest: each read could be answered at once, if it was not asked whether the view still stands.
      await cluster.level();
      expect((await history.readUser(direct, 'direct user')).outcome).to.have.property('kind', 'ok');

      const [beginMs, beginWallMs] = [performance.now(), Date.now()];
      cut(cluster, old);
      // It does not know yet that it is alone. The read comes first: behind the order, it would wait for that.
      const early: Promise<ReadCall | OrderCall>[] = [history.readUser(direct, 'direct user')];
      await pause(APART_MS);
      early.push(history.placeOnce(direct, order()));
      const customers = await suite.customers();
      const customer: Named = { name: 'customer', calls: cluster.client([1]) };
      expect((await history.place(customer, order())).outcome).to.have.property('kind', 'ok');
      // Another has acknowledged an order: an answer without it would be stale.
      const late = [0, 1, 2].flatMap(() => [
        history.readUser(direct, 'direct user'),
        history.placeOnce(direct, order()),
      ]);
      for (const { outcome } of await Promise.all([...early, ...late])) expect(outcome.kind).to.equal('refused');
      await customers.acknowledges(50);
      expect((await cluster.primary()).id).to.not.equal(old.id);

      cluster.openWays();
      await cluster.joined(old);
      await customers.acknowledges(20);
      await customers.stop();
      calls.close();
      expect(cluster.viewsBegunSince(beginWallMs)).to.have.length.within(1, VIEWS_MAX);
      const errors = history.errorsSince(beginMs).filter((line) => !line.startsWith('direct'));
      expect(errors).to.deep.equal([]);
      await suite.check();
    });

  it('a primary cut off under orders: the others go on without an error, and it comes back level', async () => {
    const { cluster, history } = suite;
    const beginMs = performance.now();
    const customers = await suite.customers();
    const old = await cluster.primary();
    for (const other of cluster.others(old)) {
      cluster.silence(old, other);
      cluster.silence(other, old);
    }
    await until(async () => {
      const all = await cluster.statuses();
      return all.some((one) => one?.role === 'primary' && one.id !== old.id && one.writable);
    }, 'another is primary');
    await customers.acknowledges(50);
    cluster.openWays();
    await cluster.joined(old);
    await customers.acknowledges(20);
    await customers.stop();
    expect(history.errorsSince(beginMs)).to.deep.equal([]);
    await suite.check();
  });

  it('a backup that hears nothing from the primary, but can speak: it deposes nobody', async () => {
    const { cluster, history } = suite;
    await cluster.level();
    const beginMs = performance.now();
    const customers = await suite.customers();
    const primary = await cluster.primary();
    const { view } = (await cluster.status(primary.index)) ?? {};
    const [deaf] = cluster.others(primary);
    if (deaf === undefined) throw new Error('there are two backups');
    cluster.silence(primary, deaf);
    await until(async () => {
      const status = await cluster.status(deaf.index);
      return status?.peers.find(({ id }) => id === primary.id)?.health === 'unhealthy';
    }, `${deaf.id} misses the primary`);
    await customers.acknowledges(200);
    expect(await cluster.status(primary.index)).to.include({ role: 'primary', view });
    cluster.openWays();
    await cluster.joined(deaf);
    await customers.stop();
    expect(history.errorsSince(beginMs)).to.deep.equal([]);
    await suite.check();
  });
});
