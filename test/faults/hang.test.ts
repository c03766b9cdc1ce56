import { setTimeout as pause } from 'node:timers/promises';
import { expect } from 'chai';
import type { OrderingClient } from '../../src/ports/ordering-client.js';
import { clusterForSuite } from '../support/cluster-suite.js';
import { menuOf, newOrder } from '../support/customers.js';
import { directClient } from '../support/direct-client.js';
import type { Named } from '../support/history.js';

/** How long the primary hangs. */
const HANG_MS = 5_000;
/** Views that may begin because of it: the next one, and one more for the replica that comes back. */
const VIEWS_MAX = 2;
/** Calls to the hanging primary wait until well after it goes on. */
const PATIENCE_MS = 15_000;

describe('faults: a primary that hangs', () => {
  const suite = clusterForSuite();

  it('SIGSTOP of the primary for 5 s: another takes over, and the old one neither acknowledges nor reads what is stale', async () => {
    const { cluster, history } = suite;
    const menu = await menuOf(cluster);
    const order = () => newOrder('direct user', menu);
    await cluster.level();
    const old = await cluster.primary();
    const calls = await directClient(old, PATIENCE_MS);
    const direct: Named = { name: 'direct', calls: calls as OrderingClient };
    const first = await history.placeOnce(direct, order());
    expect(first.outcome).to.have.property('kind', 'ok');
    // All at rest: what hangs now could answer each read at once, if it did not ask whether its view still stands.
    await cluster.level();
    const read = await history.readUser(direct, 'direct user');
    expect(read.outcome).to.have.property('kind', 'ok');

    const [beginMs, beginWallMs] = [performance.now(), Date.now()];
    await old.process.pause();
    // Asked before anybody else is primary, and answered after somebody else was.
    const early = [history.readUser(direct, 'direct user'), history.placeOnce(direct, order())];
    const customers = await suite.customers();
    const customer: Named = { name: 'customer', calls: cluster.client([1]) };
    const later = await history.place(customer, order());
    expect(later.outcome).to.have.property('kind', 'ok');
    // Begun after that order had been acknowledged by the new primary: an answer without it would be stale.
    const late = [0, 1, 2].flatMap(() => [history.readUser(direct, 'direct user'), history.placeOnce(direct, order())]);
    await customers.acknowledges(50);
    await pause(beginMs + HANG_MS - performance.now());
    old.process.resume();

    for (const { outcome } of await Promise.all([...early, ...late])) expect(outcome.kind).to.equal('refused');
    await cluster.joined(old);
    await customers.acknowledges(20);
    await customers.stop();
    calls.close();
    expect(cluster.viewsBegunSince(beginWallMs)).to.have.length.within(1, VIEWS_MAX);
    const errors = history.errorsSince(beginMs).filter((line) => !line.startsWith('direct'));
    expect(errors).to.deep.equal([]);
    await suite.check();
  });

  it('SIGSTOP of both backups: nothing is acknowledged, and the cluster takes orders again when they go on', async () => {
    const { cluster, history } = suite;
    const menu = await menuOf(cluster);
    await cluster.level();
    const primary = await cluster.primary();
    const backups = cluster.others(primary);
    const client: Named = { name: 'customer', calls: cluster.client() };
    await Promise.all(backups.map(({ process }) => process.pause()));
    const orders = [0, 1, 2, 3].map((number) => newOrder('user of one disk', menu, number));
    const calls = await Promise.all(orders.map((order) => history.placeOnce(client, order, 1_000)));
    for (const { outcome } of calls) expect(outcome.kind).to.equal('refused');
    await primary.process.kill();
    for (const { process } of backups) process.resume();
    for (const order of orders) expect((await history.place(client, order)).outcome.kind).to.equal('ok');
    await primary.process.start();
    await suite.check();
  });

  it('SIGSTOP of a backup: orders go on without it, and it follows when it goes on', async () => {
    const { cluster, history } = suite;
    const beginMs = performance.now();
    const customers = await suite.customers();
    const primary = await cluster.primary();
    const [, hanging] = cluster.others(primary);
    if (hanging === undefined) throw new Error('there are two backups');
    await hanging.process.pause();
    await customers.acknowledges(200);
    hanging.process.resume();
    await cluster.joined(hanging);
    expect((await cluster.primary()).id).to.equal(primary.id);
    await customers.stop();
    expect(history.errorsSince(beginMs)).to.deep.equal([]);
    await suite.check();
  });
});
