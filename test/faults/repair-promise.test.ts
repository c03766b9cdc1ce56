import { rmSync } from 'node:fs';
import path from 'node:path';
import { expect } from 'chai';
import { clusterForSuite } from '../support/cluster-suite.js';
import { menuOf, newOrder } from '../support/customers.js';
import type { Named } from '../support/history.js';
import { until } from '../support/until.js';

/** A primary that nobody answers gives up after half a second: on a busy machine the order may come too late, and is tried again. */
const ATTEMPTS_MAX = 10;

describe('faults: a promise that only a damaged folder holds', () => {
  const suite = clusterForSuite({ frontEnds: 1, hasProxies: true });

  it('an order acknowledged on one disk is executed when that disk returns, though its journal is not believed', async () => {
    const { cluster, history } = suite;
    const one: Named = { name: 'customer', calls: cluster.client() };
    for (let attempt = 1; ; attempt++) {
      expect(attempt, 'an order was acknowledged on one disk alone').to.be.at.most(ATTEMPTS_MAX);
      await cluster.level();
      const primary = await cluster.primary();
      const order = { ...newOrder(`user ${attempt}`, await menuOf(cluster)), write_concern: '1' };
      for (const other of cluster.others(primary)) cluster.silence(primary, other);
      const { outcome } = await history.placeOnce(one, order, 1_000);
      await primary.process.kill();
      const isPromised = outcome.kind === 'ok' && outcome.answer.receipt.copies === 1;
      // Without its mark nothing of the journal is believed: the replica begins anew.
      if (isPromised) rmSync(path.join(primary.folder, 'journal/synced'));
      await until(async () => (await cluster.primary()).id !== primary.id, 'the others go on without it');
      cluster.openWays();
      const sinceMs = Date.now();
      await primary.process.start();
      if (!isPromised) continue;
      const hasLogged = (kind: string): boolean =>
        primary.process.log().some((line) => line.time >= sinceMs && line['kind'] === kind);
      await until(() => hasLogged('recovering'), 'it does not believe its journal');
      await until(async () => {
        const read = await history.readOrder(one, order.order_id);
        return read.outcome.kind === 'ok' && read.outcome.answer.orders.length === 1;
      }, 'the order is executed');
      await until(() => hasLogged('outboxSettled'), 'it came from the outbox');
      await suite.check();
      return;
    }
  });
});
