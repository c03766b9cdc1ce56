import { expect } from 'chai';
import type { OrderingClient } from '../../src/ports/ordering-client.js';
import { clusterForSuite } from '../support/cluster-suite.js';
import type { Cluster, Replica } from '../support/cluster.js';
import { menuOf, newOrder } from '../support/customers.js';
import { directClient } from '../support/direct-client.js';
import type { Named } from '../support/history.js';

/** Calls to the replica that is cut off wait for so long, ms. */
const PATIENCE_MS = 3_000;
/** Views that may begin because of one fault: the next one, and one more for a replica that comes back. */
const VIEWS_MAX = 2;

const deafen = (cluster: Cluster, primary: Replica): void => {
  for (const other of cluster.others(primary)) cluster.silence(other, primary);
};
const mute = (cluster: Cluster, primary: Replica): void => {
  for (const other of cluster.others(primary)) cluster.silence(primary, other);
};

describe('faults: a primary that is half cut off', () => {
  const suite = clusterForSuite({ hasProxies: true });

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
      // It does not know yet that it is alone.
      const early = [history.placeOnce(direct, order()), history.readUser(direct, 'direct user')];
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
});
