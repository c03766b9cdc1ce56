import { expect } from 'chai';
import { Cluster, HEARTBEAT_MS } from '../support/core-driver.js';

describe('rule 8 founding', () => {
  it('rule 8 founding: replica 1 founds when all folders are empty, and op 2 follows when all have op 1', () => {
    const cluster = Cluster.founded();
    const ids = new Set(cluster.cores.map((core) => core.state.clusterId));
    expect(ids.size).to.equal(1);
    for (const core of cluster.cores) {
      expect(core.folder.durable.journal.map(({ service }) => service)).to.deep.equal(['core', 'core']);
      expect(core.notices.some(({ kind }) => kind === 'founded')).to.equal(true);
    }
  });

  it('rule 8 founding: nothing is founded while one replica is missing', () => {
    const cluster = new Cluster();
    cluster.core(0).boot();
    cluster.core(1).boot();
    cluster.pass(20 * HEARTBEAT_MS, [0, 1]);
    for (const index of [0, 1]) expect(cluster.core(index).state.status).to.equal('founding');
    expect(cluster.write(0, 'a').outcome).to.have.nested.property('refusal.reason', 'NOT_FOUNDED');
    cluster.core(2).boot();
    cluster.pass(6 * HEARTBEAT_MS);
    for (const core of cluster.cores) expect(core.state.applied).to.equal(2);
  });

  it('rule 8 founding: only the first replica founds', () => {
    const cluster = new Cluster();
    for (const core of cluster.cores) core.boot();
    cluster.isolate(0);
    cluster.pass(20 * HEARTBEAT_MS);
    for (const core of cluster.cores) expect(core.state.status).to.equal('founding');
  });

  it('rule 8 founding: reports to an earlier question do not count', () => {
    const cluster = new Cluster();
    for (const core of cluster.cores) core.boot();
    cluster.sleep(10);
    cluster.core(0).tick();
    cluster.deliver(cluster.inFlight('report'));
    const early = cluster.hold(cluster.inFlight('reportResponse', { to: 0 }));
    cluster.sleep(HEARTBEAT_MS);
    cluster.core(0).tick();
    for (const one of early) cluster.deliverAgain(one);
    expect(cluster.core(0).disk).to.deep.equal([]);
  });

  it('rule 8 founding: no order is executed before op 2 is on the disk of all', () => {
    const cluster = new Cluster();
    for (const core of cluster.cores) core.boot();
    const calls = [];
    for (let round = 0; round < 60; round++) {
      cluster.sleep(10);
      for (const core of cluster.cores) core.tick();
      cluster.deliver(cluster.network);
      for (const core of cluster.cores) core.fsync(1);
      const call = cluster.write(0, `id-${round}`);
      const disks = cluster.cores.filter((core) => core.folder.lastOp >= 2).length;
      if (call.outcome?.kind !== 'refused') expect(disks, 'disks that hold op 2').to.equal(3);
      calls.push(call);
    }
    cluster.settle();
    expect(calls.at(-1)?.outcome).to.deep.include({ kind: 'written' });
  });

  it('rule 8 founding: a crash of one or all after any durable step is overcome, with one cluster', () => {
    for (let stopAt = 0; stopAt < 60; stopAt++)
      for (const victims of [[0], [1], [2], [0, 1, 2]]) {
        const cluster = new Cluster();
        for (const core of cluster.cores) core.boot();
        let steps = 0;
        for (let round = 0; round < 200 && steps < stopAt; round++) {
          cluster.sleep(10);
          for (const core of cluster.cores) core.tick();
          while (steps < stopAt && (cluster.network.length > 0 || cluster.cores.some((core) => core.disk.length > 0))) {
            steps++;
            const busy = cluster.cores.find((core) => core.disk.length > 0);
            const [next] = cluster.network;
            if (busy !== undefined && (steps % 2 === 0 || next === undefined)) busy.fsync(1);
            else if (next !== undefined) cluster.deliver([next]);
          }
        }
        for (const index of victims) cluster.core(index).crash({ whole: stopAt % 2 === 0 });
        if (victims.length === 3) cluster.network = [];
        for (const index of victims) cluster.core(index).boot();
        cluster.pass(40 * HEARTBEAT_MS);
        const call = cluster.write(cluster.primary.index, 'a');
        cluster.pass(4 * HEARTBEAT_MS);
        const what = `crash of ${victims.join(', ')} after ${stopAt} steps`;
        expect(call.outcome, what).to.deep.include({ kind: 'written' });
        expect(new Set(cluster.cores.map((core) => core.state.clusterId)).size, what).to.equal(1);
        for (const core of cluster.cores) expect(core.has('a'), what).to.equal(true);
      }
  });

  for (const dead of [0, 1, 2])
    it(`rule 8 founding: replica ${dead} dies before the first order, and the others take orders`, () => {
      const cluster = Cluster.founded();
      cluster.core(dead).crash();
      const alive = [0, 1, 2].filter((index) => index !== dead);
      cluster.pass(10 * HEARTBEAT_MS, alive);
      const call = cluster.write(cluster.primary.index, 'a');
      cluster.settle(alive);
      expect(call.outcome).to.deep.include({ kind: 'written' });
    });

  it('rule 8 founding: op 2 is committed when all have it on disk, not just a majority', () => {
    const cluster = new Cluster();
    for (const core of cluster.cores) core.boot();
    for (let round = 0; round < 30 && cluster.core(0).lastOp < 2; round++) {
      cluster.sleep(10);
      for (const core of cluster.cores) core.tick();
      for (let deliveries = 0; deliveries < 50 && cluster.core(0).lastOp < 2; deliveries++) {
        const [next] = cluster.network;
        if (next !== undefined) cluster.deliver([next]);
        for (const core of cluster.cores) core.fsync(1);
      }
    }
    expect(cluster.core(0).lastOp).to.equal(2);
    cluster.cut(0, 2);
    cluster.pass(4 * HEARTBEAT_MS, [0, 1]);
    expect(cluster.core(1).state.durable).to.equal(2);
    expect(cluster.core(0).state.commit).to.equal(1);
    expect(cluster.write(0, 'a').outcome).to.have.nested.property('refusal.reason', 'NOT_FOUNDED');
    cluster.mend();
    cluster.pass(4 * HEARTBEAT_MS);
    for (const core of cluster.cores) expect(core.state.commit).to.equal(2);
  });

  it('rule 8 founding: a new primary has applied the founding before it executes (no commit number left anywhere)', () => {
    const cluster = Cluster.founded();
    cluster.write(0, 'a');
    cluster.settle();
    for (const core of cluster.cores) core.crash();
    cluster.network = [];
    // The power failed everywhere and took the marks, of which none had been fsynced.
    for (const core of cluster.cores) {
      core.folder.durable.commit = 0;
      core.boot();
    }
    for (let round = 0; round < 200 && !cluster.cores.some((core) => core.isPrimary); round++) {
      cluster.sleep(10);
      for (const core of cluster.cores) core.tick();
      for (let steps = 0; steps < 50 && !cluster.cores.some((core) => core.isPrimary); steps++) {
        const [next] = cluster.network;
        if (next !== undefined) cluster.deliver([next]);
        for (const core of cluster.cores) core.fsync(1);
      }
    }
    expect(cluster.primary.state.applied).to.equal(2);
    expect(cluster.primary.lastOp).to.equal(3);
  });

  it('rule 8 founding: an empty replica joins while the log has no op 2, wherever the view has got to', () => {
    const cluster = new Cluster();
    for (const core of cluster.cores) core.boot();
    cluster.cut(0, 2);
    cluster.pass(2 * HEARTBEAT_MS);
    cluster.mend();
    cluster.pass(4 * HEARTBEAT_MS, [0, 1]);
    cluster.core(2).crash();
    cluster.core(2).wipe();
    if (cluster.core(0).state.status === 'normal') cluster.core(0).dispatch({ kind: 'resign', why: 'told to' });
    cluster.pass(6 * HEARTBEAT_MS, [0, 1]);
    cluster.core(2).boot();
    cluster.pass(20 * HEARTBEAT_MS);
    for (const core of cluster.cores) expect(core.state).to.include({ status: 'normal', applied: 2 });
  });

  it('rule 8 founding: an empty replica of a founded cluster was wiped: it recovers, it does not join', () => {
    const cluster = Cluster.founded();
    cluster.core(1).wipe();
    cluster.core(1).boot();
    cluster.pass(2 * HEARTBEAT_MS);
    expect(cluster.core(1).notices.map(({ kind }) => kind)).to.include('recovering');
  });

  it('rule 8 founding: an empty first replica of a founded cluster founds no second one', () => {
    const cluster = Cluster.founded();
    const { clusterId } = cluster.core(1).state;
    cluster.core(0).wipe();
    cluster.core(0).boot();
    cluster.pass(40 * HEARTBEAT_MS);
    expect(cluster.core(0).state).to.include({ clusterId, status: 'normal' });
    expect(cluster.core(0).state.view).to.be.greaterThan(1);
  });
});
