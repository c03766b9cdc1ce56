import { expect } from 'chai';
import { Cluster, HEARTBEAT_MS } from '../support/core-driver.js';

describe('rule 10 disk full', () => {
  it('rule 10 disk full: a primary resigns, gives up what is not on disk, and others go on', () => {
    const cluster = Cluster.founded();
    cluster.write(0, 'first');
    cluster.settle();
    cluster.core(0).isDiskFull = true;
    const call = cluster.write(0, 'a');
    cluster.network = [];
    cluster.core(0).fsync();
    expect(call.outcome).to.deep.equal({ kind: 'dropped' });
    expect(cluster.core(0).lastOp).to.equal(3);
    cluster.pass(10 * HEARTBEAT_MS);
    expect(cluster.primary.index).to.not.equal(0);
    const again = cluster.write(cluster.primary.index, 'a');
    cluster.settle();
    expect(again.outcome).to.have.nested.property('receipt.op', 4);
  });

  it('rule 10 disk full: a backup stops answering prepares and goes on when there is room', () => {
    const cluster = Cluster.founded();
    cluster.core(2).isDiskFull = true;
    cluster.write(0, 'a');
    cluster.settle();
    cluster.write(0, 'b');
    cluster.settle();
    expect(cluster.core(2).state).to.include({ durable: 2, status: 'normal', isDiskFull: true });
    expect(cluster.core(2).lastOp).to.equal(2);
    cluster.core(2).isDiskFull = false;
    cluster.core(2).dispatch({ kind: 'diskHasRoom' });
    cluster.pass(4 * HEARTBEAT_MS);
    expect(cluster.core(2).has('b')).to.equal(true);
  });

  it('rule 10 disk full: a full disk can still vote, and states only what it holds', () => {
    const cluster = Cluster.founded();
    cluster.write(0, 'first');
    cluster.settle();
    cluster.core(2).isDiskFull = true;
    cluster.write(0, 'a');
    cluster.settle();
    cluster.core(0).crash();
    cluster.pass(10 * HEARTBEAT_MS, [1, 2]);
    expect(cluster.core(1).isPrimary).to.equal(true);
    expect(cluster.core(1).has('a')).to.equal(true);
  });

  it('rule 10 disk full: a commit number beyond what a full disk holds is learned again', () => {
    const cluster = Cluster.founded();
    cluster.core(2).isDiskFull = true;
    cluster.write(0, 'a');
    cluster.deliver(cluster.inFlight('prepare', { to: 2 }));
    cluster.settle([0, 1]);
    cluster.sleep(HEARTBEAT_MS);
    cluster.core(0).tick();
    cluster.deliver(cluster.inFlight('heartbeat', { to: 2 }));
    expect(cluster.core(2).state.commit).to.equal(3);
    cluster.core(2).fsync();
    expect(cluster.core(2).state).to.include({ commit: 2, durable: 2 });
    cluster.core(2).isDiskFull = false;
    cluster.core(2).dispatch({ kind: 'diskHasRoom' });
    cluster.pass(4 * HEARTBEAT_MS);
    expect(cluster.core(2).state.applied).to.equal(3);
  });

  it('rule 10 disk full: a fetch that was under way is dropped with the log it continued', () => {
    const cluster = Cluster.founded();
    cluster.core(2).isDiskFull = true;
    cluster.write(0, 'a');
    cluster.deliver(cluster.inFlight('prepare', { to: 2 }));
    cluster.write(0, 'b');
    cluster.hold(cluster.inFlight('prepare', { to: 2 }));
    cluster.write(0, 'c');
    cluster.deliver(cluster.inFlight('prepare', { to: 2 }));
    expect(cluster.core(2).state.fetch?.after).to.equal(3);
    cluster.core(2).fsync();
    expect(cluster.core(2).state.fetch).to.equal(undefined);
    cluster.settle();
    expect(cluster.core(2).lastOp).to.equal(2);
  });

  it('rule 10 disk full: a backup that leaves its view while its appends find no room votes without them', () => {
    const cluster = Cluster.founded();
    cluster.write(0, 'a');
    cluster.deliver(cluster.inFlight('prepare', { to: 2 }));
    cluster.core(2).isDiskFull = true;
    for (const index of [1, 2])
      cluster.core(index).dispatch({ kind: 'connectionRefused', peer: cluster.core(0).index });
    cluster.deliver(cluster.inFlight('startViewChange', { to: 2 }));
    cluster.core(2).fsync();
    expect(cluster.inFlight('doViewChange', { from: 2, to: 1 })[0]?.message.op).to.equal(2);
  });
});
