import { expect } from 'chai';
import { Cluster, HEARTBEAT_MS } from '../support/core-driver.js';

/** Writes one order at a time, each on every disk. */
function order(cluster: Cluster, from: number, to: number): void {
  for (let index = from; index <= to; index++) {
    cluster.write(0, `id-${index}`);
    cluster.settle();
  }
  cluster.pass(HEARTBEAT_MS);
}

describe('5.1 checkpoints', () => {
  it('5.1 checkpoints: the log in memory reaches back to the one before the newest', () => {
    const cluster = Cluster.founded({ checkpointIntervalOps: 5 });
    order(cluster, 1, 30);
    for (const core of cluster.cores) {
      const { checkpoints, log } = core.state;
      expect(log.base.op).to.equal(checkpoints.older);
      expect(checkpoints.older).to.be.within(1, checkpoints.newest - 5);
    }
  });

  it('5.1 checkpoints: rows of many bytes are held in memory no longer than many small ones', () => {
    const cluster = Cluster.founded({ checkpointIntervalBytes: 1_000 });
    order(cluster, 1, 40);
    for (const { state } of cluster.cores) {
      const bytes = state.log.entries.reduce((sum, { row }) => sum + row.length, 0);
      expect(bytes).to.be.below(3_000);
      expect(state.log.base.op).to.equal(state.checkpoints.older);
      expect(state.checkpoints.older).to.be.above(20);
    }
  });

  it('5.1 checkpoints: a replica that is behind by less than that gets entries, no checkpoint', () => {
    const cluster = Cluster.founded({ checkpointIntervalOps: 5 });
    order(cluster, 1, 9);
    cluster.isolate(2);
    order(cluster, 10, 12);
    cluster.mend();
    cluster.pass(4 * HEARTBEAT_MS);
    expect(cluster.core(2).has('id-12')).to.equal(true);
    expect(cluster.core(2).folder.durable.checkpoint?.offer.head.base.op).to.be.lessThan(12);
  });

  it('5.1 checkpoints: one that found no room is made later, and nothing is forgotten for it', () => {
    const cluster = Cluster.founded({ checkpointIntervalOps: 5 });
    for (let index = 1; index <= 6; index++) {
      cluster.write(0, `id-${index}`);
      for (const core of cluster.cores) core.fsync();
      cluster.deliver(cluster.network);
      for (const core of cluster.cores) core.fsync();
      cluster.deliver(cluster.network);
    }
    const core = cluster.core(0);
    expect(core.later, 'one is under way').to.have.length(1);
    core.later = [];
    const { base } = core.state.log;
    core.dispatch({ kind: 'checkpointFailed' });
    expect(core.later, 'it is ordered again').to.have.length(1);
    expect(core.state.log.base).to.deep.equal(base);
    cluster.settle();
    expect(core.state.checkpoints.newest).to.be.greaterThan(4);
  });

  it('5.1 checkpoints: a restart goes on from the newest, with the journal behind it', () => {
    const cluster = Cluster.founded({ checkpointIntervalOps: 5 });
    order(cluster, 1, 20);
    const files = cluster.core(2).folder.files.contents()['receipts.csv'];
    cluster.core(2).crash();
    cluster.core(2).boot();
    cluster.pass(4 * HEARTBEAT_MS);
    expect(cluster.core(2).has('id-1') && cluster.core(2).has('id-20')).to.equal(true);
    expect(cluster.core(2).folder.files.contents()['receipts.csv']).to.equal(files);
  });
});
