import { expect } from 'chai';
import { op, view } from '../../src/base/numbers.js';
import { bestVote } from '../../src/vsr/view-change.js';
import type { Vote } from '../../src/vsr/state.js';
import { Cluster, entryOf, HEARTBEAT_MS } from '../support/core-driver.js';

/** Replicas 1 and 2 find that replica 0 refuses connections, and say so. */
function suspectZero(cluster: Cluster): void {
  for (const index of [1, 2]) cluster.core(index).dispatch({ kind: 'connectionRefused', peer: cluster.core(0).index });
}

/** A founded cluster with one order of value 1 on every disk: with it any majority may go on (rule 8). */
function withFirstOrder(): Cluster {
  const cluster = Cluster.founded();
  cluster.write(0, 'first');
  cluster.settle();
  return cluster;
}

describe('4.2 view change (rules 1 and 4)', () => {
  it('4.2 view change: a dead primary is replaced, and what was acknowledged is there', () => {
    const cluster = Cluster.founded();
    const call = cluster.write(0, 'a');
    cluster.settle();
    expect(call.outcome).to.deep.include({ kind: 'written' });
    cluster.core(0).crash();
    cluster.pass(8 * HEARTBEAT_MS, [1, 2]);
    expect(cluster.core(1).isPrimary).to.equal(true);
    expect(cluster.core(1).state.view).to.equal(1);
    expect(cluster.core(1).has('a') && cluster.core(2).has('a')).to.equal(true);
    const next = cluster.write(1, 'b');
    cluster.settle([1, 2]);
    expect(next.outcome).to.have.nested.property('receipt.view', 1);
  });

  it('rule 1: no message of a view leaves before that view is on disk', () => {
    const cluster = Cluster.founded();
    cluster.core(0).crash();
    suspectZero(cluster);
    cluster.deliver(cluster.inFlight('startViewChange', { to: 2 }));
    expect(cluster.core(2).state.view).to.equal(1);
    expect(cluster.core(2).disk.map(({ kind }) => kind)).to.deep.equal(['persist']);
    cluster.sleep(2 * HEARTBEAT_MS);
    cluster.core(2).tick();
    expect(cluster.inFlight('doViewChange')).to.deep.equal([]);
    expect(cluster.inFlight('alive', { from: 2 })).to.deep.equal([]);
    cluster.core(2).fsync();
    expect(cluster.inFlight('doViewChange', { from: 2, to: 1 })).to.have.length(1);
  });

  it('rule 1: from the decision to leave on, nothing is sent or counted for the old view', () => {
    const cluster = Cluster.founded();
    const call = cluster.write(0, 'a');
    cluster.deliver(cluster.inFlight('prepare', { to: 1 }));
    cluster.core(1).fsync();
    const answer = cluster.hold(cluster.inFlight('prepareOk', { from: 1 }));
    suspectZero(cluster);
    cluster.deliver(cluster.inFlight('startViewChange', { to: 0 }));
    expect(cluster.core(0).disk.map(({ kind }) => kind)).to.deep.equal(['append', 'persist']);
    expect(call.outcome).to.deep.equal({ kind: 'dropped' });
    for (const late of answer) cluster.deliverAgain(late);
    cluster.core(0).fsync(1);
    expect(cluster.core(0).state.commit, 'its own fsync counts for nothing any more').to.equal(2);
    expect(cluster.inFlight('heartbeat', { from: 0 })).to.deep.equal([]);
  });

  it('rule 1: a backup that leaves settles its appends, sends no prepareOk, and states only what is on disk', () => {
    const cluster = Cluster.founded();
    cluster.write(0, 'a');
    cluster.deliver(cluster.inFlight('prepare', { to: 2 }));
    suspectZero(cluster);
    cluster.deliver(cluster.inFlight('startViewChange', { to: 2 }));
    expect(cluster.core(2).disk.map(({ kind }) => kind)).to.deep.equal(['append', 'persist']);
    cluster.core(2).fsync(1);
    expect(cluster.inFlight('prepareOk', { from: 2 })).to.deep.equal([]);
    expect(cluster.inFlight('doViewChange', { from: 2 })).to.deep.equal([]);
    cluster.core(2).fsync();
    expect(cluster.inFlight('doViewChange', { from: 2, to: 1 })[0]?.message).to.include({ view: 1, logView: 0, op: 3 });
  });

  it('rule 1: an append that the crash took is not in the doViewChange', () => {
    const cluster = Cluster.founded();
    cluster.write(0, 'a');
    cluster.deliver(cluster.inFlight('prepare', { to: 2 }));
    cluster.core(2).crash();
    cluster.core(2).boot();
    cluster.core(0).crash();
    suspectZero(cluster);
    cluster.deliver(cluster.inFlight('startViewChange', { to: 2 }));
    cluster.core(2).fsync();
    expect(cluster.inFlight('doViewChange', { from: 2, to: 1 })[0]?.message.op).to.equal(2);
  });

  it('rule 4: the highest (logView, op) is taken, never simply the longest log', () => {
    const cluster = withFirstOrder();
    cluster.isolate(0);
    cluster.writeAll(0, ['x', 'y', 'z']);
    cluster.core(0).fsync();
    expect(cluster.core(0).lastOp).to.equal(6);
    cluster.pass(10 * HEARTBEAT_MS, [1, 2]);
    expect(cluster.core(1).isPrimary).to.equal(true);
    const call = cluster.write(1, 'a');
    cluster.settle([1, 2]);
    expect(call.outcome).to.have.nested.property('receipt.op', 4);
    // Replica 1 goes; 0 and 2 are the majority: the longer log is older.
    cluster.core(1).crash();
    cluster.mend();
    cluster.pass(40 * HEARTBEAT_MS, [0, 2]);
    expect(cluster.primary.state.view).to.be.at.least(2);
    for (const index of [0, 2]) {
      expect(cluster.core(index).has('a'), `replica ${index} has what was acknowledged`).to.equal(true);
      expect(entryOf(cluster.core(index), 4).requestId).to.equal('a');
      expect(cluster.core(index).has('x')).to.equal(false);
    }
  });

  it('rule 4: votes are compared by logView first, then op', () => {
    const suffix = { after: op(0), afterChain: '', entries: [] };
    const vote = (from: number, logView: number, upTo: number): Vote => {
      const at = { logView: view(logView), op: op(upTo), commit: op(0), chain: '', suffix };
      return { from: from as Vote['from'], ...at };
    };
    expect(bestVote([vote(0, 0, 9), vote(1, 1, 3), vote(2, 1, 4)])?.from).to.equal(2);
    expect(bestVote([vote(0, 2, 1), vote(1, 1, 8)])?.from).to.equal(0);
    expect(bestVote([])).to.equal(undefined);
  });

  it('4.2 view change: the log is on the new primary’s disk with logView = view before startView', () => {
    const cluster = Cluster.founded();
    cluster.core(0).crash();
    suspectZero(cluster);
    cluster.deliver(cluster.inFlight('startViewChange'));
    cluster.core(1).fsync();
    cluster.core(2).fsync();
    cluster.deliver(cluster.inFlight('doViewChange', { to: 1 }));
    expect(cluster.core(1).disk.map(({ kind }) => kind)).to.deep.equal(['switchLog']);
    expect(cluster.core(1).isPrimary).to.equal(false);
    expect(cluster.inFlight('startView')).to.deep.equal([]);
    cluster.core(1).fsync();
    expect(cluster.core(1).folder.durable.promises).to.include({ view: 1, logView: 1 });
    expect(cluster.inFlight('startView', { to: 2 })[0]?.message).to.include({ view: 1, start: 2 });
  });

  it('4.2 view change: backups answer prepareOk for all of the log, and then it commits', () => {
    const cluster = Cluster.founded();
    cluster.write(0, 'a');
    cluster.settle([1]);
    cluster.core(0).crash();
    cluster.hold(cluster.inFlight('prepare'));
    cluster.pass(8 * HEARTBEAT_MS, [1, 2]);
    expect(cluster.core(1).state).to.include({ view: 1, start: 3, commit: 3 });
    expect(cluster.core(2).has('a')).to.equal(true);
  });

  it('rule 2: with logView < view no prepareOk is sent and no commit number applied', () => {
    const cluster = Cluster.founded();
    cluster.write(0, 'a');
    cluster.settle([0, 1]);
    cluster.hold(cluster.inFlight('prepare'));
    cluster.core(0).crash();
    suspectZero(cluster);
    cluster.deliver(cluster.inFlight('startViewChange'));
    cluster.settle([1]);
    cluster.core(2).fsync();
    cluster.deliver(cluster.inFlight('doViewChange', { to: 1 }));
    cluster.core(1).fsync();
    cluster.hold(cluster.inFlight('startView'));
    cluster.deliver(cluster.inFlight('heartbeat', { from: 1, to: 2 }));
    expect(cluster.core(2).state).to.include({ view: 1, logView: 0, commit: 2 });
    expect(cluster.inFlight('prepareOk', { from: 2 })).to.deep.equal([]);
    expect(cluster.inFlight('heartbeatOk', { from: 2 })[0]?.message).to.include({ view: 1, op: 0 });
    expect(cluster.inFlight('getState', { from: 2, to: 1 })).to.have.length(1);
  });

  it('rule 2: a startView of one’s own logView changes nothing', () => {
    const cluster = withFirstOrder();
    cluster.core(0).crash();
    suspectZero(cluster);
    cluster.deliver(cluster.inFlight('startViewChange'));
    cluster.core(1).fsync();
    cluster.core(2).fsync();
    cluster.deliver(cluster.inFlight('doViewChange', { to: 1 }));
    cluster.core(1).fsync();
    const [startView] = cluster.inFlight('startView', { to: 2 });
    if (startView === undefined) throw new Error('a startView was sent');
    cluster.settle([1, 2]);
    cluster.write(1, 'a');
    cluster.settle([1, 2]);
    expect(cluster.core(2).lastOp).to.equal(4);
    cluster.deliverAgain(startView);
    expect(cluster.core(2).lastOp).to.equal(4);
    expect(cluster.core(2).disk).to.deep.equal([]);
  });

  it('rule 2: a restarted primary never acts in that view again; the others follow it into the next', () => {
    const cluster = Cluster.founded();
    cluster.core(0).crash();
    cluster.core(0).boot();
    expect(cluster.core(0).isPrimary).to.equal(false);
    const call = cluster.write(0, 'a');
    expect(call.outcome).to.deep.include({ kind: 'refused' });
    cluster.pass(2 * HEARTBEAT_MS);
    for (const core of cluster.cores) expect(core.state).to.include({ view: 1, status: 'normal' });
  });

  it('rule 2: a primary that died between its durable switch and its startView never acts in that view', () => {
    const cluster = Cluster.founded();
    cluster.core(0).crash();
    suspectZero(cluster);
    cluster.deliver(cluster.inFlight('startViewChange'));
    cluster.core(1).fsync();
    cluster.core(2).fsync();
    cluster.deliver(cluster.inFlight('doViewChange', { to: 1 }));
    cluster.core(1).crash({ whole: true });
    cluster.core(1).boot();
    expect(cluster.core(1).state).to.include({ view: 1, logView: 1 });
    expect(cluster.core(1).isPrimary).to.equal(false);
    cluster.pass(20 * HEARTBEAT_MS, [1, 2]);
    expect(cluster.primary.index).to.equal(2);
    expect(cluster.inFlight('prepare', { from: 1 })).to.deep.equal([]);
  });

  it('4.2 view change: any moment at which all processes die leaves views and logs whole', () => {
    for (let stopAt = 0; stopAt < 40; stopAt++) {
      const cluster = Cluster.founded();
      const call = cluster.write(0, 'a');
      cluster.settle();
      expect(call.outcome).to.deep.include({ kind: 'written' });
      cluster.core(0).dispatch({ kind: 'resign', why: 'told to' });
      for (let done = 0; done < stopAt; done++) {
        const busy = cluster.cores.find((core) => core.disk.length > 0);
        const [next] = cluster.network;
        if (done % 2 === 0 && busy !== undefined) busy.fsync(1);
        else if (next !== undefined) cluster.deliver([next]);
      }
      for (const core of cluster.cores) core.crash({ whole: stopAt % 3 === 0 });
      cluster.network = [];
      for (const core of cluster.cores) core.boot();
      cluster.pass(20 * HEARTBEAT_MS);
      for (const core of cluster.cores) expect(core.has('a'), `stopped after ${stopAt} steps`).to.equal(true);
    }
  });

  it('rule 4: a new primary executes on all of its log, committed or not', () => {
    const cluster = Cluster.founded();
    cluster.write(0, 'a', { value: 40 });
    cluster.settle([1]);
    cluster.core(0).crash();
    cluster.network = [];
    suspectZero(cluster);
    cluster.deliver(cluster.inFlight('startViewChange'));
    cluster.core(1).fsync();
    cluster.core(2).fsync();
    cluster.deliver(cluster.inFlight('doViewChange', { to: 1 }));
    cluster.core(1).fsync();
    expect(cluster.core(1).state).to.include({ applied: 2, start: 3 });
    const repeat = cluster.write(1, 'a', { value: 40 });
    const next = cluster.write(1, 'b', { value: 2 });
    cluster.settle([1, 2]);
    expect(repeat.outcome).to.have.nested.property('receipt.op', 3);
    expect(next.outcome).to.deep.include({ kind: 'written', reply: { kind: 'done', body: 42 } });
  });

  it('rule 4: what a deposed primary had executed and not committed is forgotten there', () => {
    const cluster = withFirstOrder();
    cluster.isolate(0);
    const call = cluster.write(0, 'lost', { value: 1_000 });
    cluster.core(0).fsync();
    cluster.pass(10 * HEARTBEAT_MS, [1, 2]);
    const kept = cluster.write(1, 'kept', { value: 5 });
    cluster.settle([1, 2]);
    cluster.mend();
    cluster.pass(10 * HEARTBEAT_MS);
    expect(call.outcome).to.deep.equal({ kind: 'dropped' });
    expect(kept.outcome).to.deep.include({ kind: 'written', reply: { kind: 'done', body: 6 } });
    cluster.primary.dispatch({ kind: 'resign', why: 'told to' });
    cluster.pass(10 * HEARTBEAT_MS);
    cluster.primary.dispatch({ kind: 'resign', why: 'told to' });
    cluster.pass(10 * HEARTBEAT_MS);
    const next = cluster.write(cluster.primary.index, 'next', { value: 1 });
    cluster.settle();
    expect(next.outcome).to.deep.include({ kind: 'written', reply: { kind: 'done', body: 7 } });
  });

  it('rule 2: a primary that comes to office again counts no acknowledgement and no round of its earlier view', () => {
    const cluster = withFirstOrder();
    cluster.pass(20 * HEARTBEAT_MS);
    for (const index of [0, 1, 2]) {
      expect(cluster.primary.index).to.equal(index);
      cluster.primary.dispatch({ kind: 'resign', why: 'told to' });
      for (
        let done = 0;
        done < 1_000 && !cluster.cores.some((core) => core.isPrimary && core.state.view > index);
        done++
      ) {
        const [next] = cluster.network;
        if (next !== undefined) cluster.deliver([next]);
        for (const core of cluster.cores) core.fsync(1);
      }
      if (index < 2) cluster.pass(4 * HEARTBEAT_MS);
    }
    const again = cluster.core(0);
    expect(again.state).to.include({ view: 3, logView: 3 });
    expect(again.state.acked).to.deep.equal([3, 0, 0]);
    cluster.network = [];
    const read = cluster.read(0);
    again.fsync();
    expect(read.outcome).to.equal(undefined);
    cluster.settle();
    expect(read.outcome).to.deep.include({ kind: 'read' });
  });

  it('rule 4: votes for a view that did not begin count for no later one', () => {
    const cluster = Cluster.founded({ replicas: 5 });
    cluster.core(0).crash();
    const { clusterId } = cluster.core(1).state;
    const proof = (to: number, inView: number): void => {
      const message = { kind: 'alive', view: view(inView) } as const;
      cluster.deliverAgain({ from: 3, to, clusterId, message });
      cluster.core(to).fsync();
    };
    proof(1, 1);
    proof(2, 1);
    cluster.deliver(cluster.inFlight('doViewChange', { from: 2, to: 1 }));
    expect([...cluster.core(1).state.votes.keys()]).to.have.members([1, 2]);
    proof(1, 6);
    expect([...cluster.core(1).state.votes.keys()], 'its own vote for view 6 alone').to.deep.equal([1]);
  });

  it('4.2 view change: with five replicas two dead ones do not stop it', () => {
    const cluster = Cluster.founded({ replicas: 5 });
    const call = cluster.write(0, 'a', { copies: 3 });
    cluster.settle();
    expect(call.outcome).to.have.property('kind', 'written');
    cluster.core(0).crash();
    cluster.core(1).crash();
    cluster.pass(60 * HEARTBEAT_MS, [2, 3, 4]);
    expect(cluster.primary.index).to.equal(2);
    for (const index of [2, 3, 4]) expect(cluster.core(index).has('a')).to.equal(true);
  });
});
