import { expect } from 'chai';
import { clusterForSuite } from '../support/cluster-suite.js';
import type { ServerProcess } from '../support/server-process.js';

describe('faults: servers that die and come back', () => {
  const suite = clusterForSuite();

  /** Runs `faults` under orders; then everybody is level, nobody has seen an error, and the history is right. */
  const underOrders = async (faults: (acknowledge: (count: number) => Promise<void>) => Promise<void>) => {
    const beginMs = performance.now();
    const customers = await suite.customers();
    await faults((count) => customers.acknowledges(count));
    await customers.stop();
    expect(suite.history.errorsSince(beginMs)).to.deep.equal([]);
    await suite.check();
  };

  it('kill -9 of the primary: another takes over, and it comes back level', () =>
    underOrders(async (acknowledge) => {
      const { cluster } = suite;
      const dead = await cluster.primary();
      await dead.process.kill();
      await acknowledge(50);
      expect((await cluster.primary()).id).to.not.equal(dead.id);
      await dead.process.start();
      await cluster.joined(dead);
      await acknowledge(20);
    }));

  it('kill -9 of a backup: the primary stays, and the backup comes back level', () =>
    underOrders(async (acknowledge) => {
      const { cluster } = suite;
      const primary = await cluster.primary();
      const { view } = (await cluster.status(primary.index)) ?? {};
      const [dead] = cluster.others(primary);
      await dead?.process.kill();
      await acknowledge(50);
      await dead?.process.start();
      await acknowledge(50);
      expect((await cluster.status(primary.index))?.view).to.equal(view);
    }));

  it('kill -9 of a front end: its customers go on through the other one', () =>
    underOrders(async (acknowledge) => {
      const { process } = suite.cluster.frontEnd(0);
      await process.kill();
      await acknowledge(50);
      await process.start();
      await acknowledge(50);
    }));

  it('kill -9 of all replicas at once: all that was acknowledged is there when they are back', async () => {
    const { cluster, history } = suite;
    const customers = await suite.customers();
    await customers.acknowledges(100);
    await Promise.all(cluster.replicas.map(({ process }) => process.kill()));
    const before = history.acknowledged.length;
    await Promise.all(cluster.replicas.map(({ process }) => process.start()));
    await customers.acknowledges(50, before);
    await customers.stop();
    await suite.check();
  });

  it('kill -9 of everything, front ends too: all that was acknowledged is there', async () => {
    const { cluster, history } = suite;
    const customers = await suite.customers();
    const all = [...cluster.frontEnds, ...cluster.replicas].map(({ process }) => process);
    await Promise.all(all.map((process) => process.kill()));
    const before = history.acknowledged.length;
    await Promise.all(all.map((process) => process.start()));
    await customers.acknowledges(50, before);
    await customers.stop();
    await suite.check();
  });

  it('SIGTERM and start of each server in turn: not one call fails', () =>
    underOrders(async (acknowledge) => {
      const { cluster } = suite;
      const restart = async (process: ServerProcess) => {
        expect(await process.stop()).to.deep.equal({ code: 0, signal: null });
        await acknowledge(20);
        await process.start();
        await acknowledge(20);
      };
      for (const replica of cluster.replicas) {
        await restart(replica.process);
        // Only when one is back may the next one go.
        await cluster.joined(replica);
      }
      const primary = await cluster.primary();
      await restart(primary.process);
      await cluster.joined(primary);
      for (const { process } of cluster.frontEnds) await restart(process);
    }));
});
