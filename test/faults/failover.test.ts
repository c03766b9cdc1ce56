import { expect } from 'chai';
import { clusterForSuite } from '../support/cluster-suite.js';

describe('faults: failover', () => {
  const suite = clusterForSuite();

  it('kill -9 of the primary: another takes over, customers see no error, it comes back level', async () => {
    const { cluster, history } = suite;
    const customers = await suite.customers();
    const beginMs = performance.now();
    const dead = await cluster.primary();
    await dead.process.kill();
    await customers.acknowledges(50);
    expect((await cluster.primary()).id).to.not.equal(dead.id);
    await dead.process.start();
    await customers.acknowledges(20);
    await customers.stop();
    expect(history.errorsSince(beginMs)).to.deep.equal([]);
    await suite.check();
  });
});
