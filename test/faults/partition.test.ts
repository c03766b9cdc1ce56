import { expect } from 'chai';
import type { OrderingClient } from '../../src/ports/ordering-client.js';
import { clusterForSuite } from '../support/cluster-suite.js';
import { menuOf, newOrder } from '../support/customers.js';
import { directClient } from '../support/direct-client.js';
import type { Named } from '../support/history.js';
import { until } from '../support/until.js';

/** Calls to the replica that is cut off wait for so long, ms. */
const PATIENCE_MS = 3_000;

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
