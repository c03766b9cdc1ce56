import { expect } from 'chai';
import { encodeEntry, GENESIS_CHAIN } from '../../src/base/entry.js';
import { nextOp, op, view } from '../../src/base/numbers.js';
import { entryAt } from '../../src/vsr/log.js';
import { Cluster, HEARTBEAT_MS, type DrivenCore } from '../support/core-driver.js';

/** Restarts a backup from the disk that it had when `before` was taken: to the checkers it has lost its disk. */
function setBack(cluster: Cluster, index: number, before: DrivenCore['folder']['durable']): void {
  const core = cluster.core(index);
  core.crash();
  cluster.checkers.onWiped(core.index);
  Object.assign(core.folder.durable, before);
  core.boot();
}

/** A copy of what a replica's disk holds now. */
const copyOf = ({ folder }: DrivenCore): DrivenCore['folder']['durable'] => ({
  ...folder.durable,
  journal: [...folder.durable.journal],
});

describe('rule 6 claims: a disk that is set back', () => {
  it('rule 6: a replica that holds less than it told its primary is reminded, and starts again believing nothing', () => {
    const cluster = Cluster.founded();
    const before = copyOf(cluster.core(1));
    cluster.write(0, 'a');
    cluster.settle();
    expect(cluster.core(1).lastOp).to.equal(3);
    setBack(cluster, 1, before);
    cluster.core(0).dispatch({ kind: 'tick' });
    cluster.pass(2 * HEARTBEAT_MS);
    expect(cluster.core(1).distrusts[0]).to.match(/was told of view 0 and of op 3 .* op 2 .* it has been set back/);
  });

  it('rule 6: so is one that comes back in an older view', () => {
    const cluster = Cluster.founded();
    const before = copyOf(cluster.core(2));
    cluster.core(0).crash();
    cluster.pass(20 * HEARTBEAT_MS);
    expect(cluster.core(2).state.view).to.be.greaterThan(0);
    setBack(cluster, 2, before);
    cluster.core(2).tick();
    const [said] = cluster.inFlight('alive', { from: 2, to: 1 });
    expect(said?.message.view).to.equal(0);
    cluster.pass(4 * HEARTBEAT_MS);
    expect(cluster.core(2).distrusts[0]).to.match(/it has been set back/);
  });

  it('rule 6: a late message is no reason: the peer knows its own disk', () => {
    const cluster = Cluster.founded();
    cluster.write(0, 'a');
    cluster.deliver(cluster.inFlight('prepare', { to: 1 }));
    cluster.core(1).fsync();
    const [late] = cluster.inFlight('prepareOk', { from: 1 });
    cluster.settle();
    cluster.write(0, 'b');
    cluster.settle();
    expect(late?.message.op).to.equal(3);
    if (late !== undefined) cluster.deliverAgain(late);
    expect(cluster.inFlight('claimed', { to: 1 })).to.have.length(1);
    cluster.pass(2 * HEARTBEAT_MS);
    expect(cluster.core(1).distrusts).to.deep.equal([]);
    expect(cluster.core(1).state.status).to.equal('normal');
  });

  it('rule 2: a backup that holds something else is not counted, and the operator is told once', () => {
    const cluster = Cluster.founded();
    cluster.isolate(2);
    const call = cluster.write(0, 'a');
    cluster.core(0).fsync();
    const message = { kind: 'prepareOk', view: view(0), op: op(3), chain: GENESIS_CHAIN } as const;
    const { clusterId } = cluster.core(0).state;
    for (let times = 0; times < 2; times++) cluster.deliverAgain({ from: 1, to: 0, clusterId, message });
    expect(call.outcome).to.equal(undefined);
    expect(cluster.core(0).notices.filter(({ kind }) => kind === 'diverged')).to.deep.equal([
      { kind: 'diverged', peer: 1, op: 3 },
    ]);
    cluster.settle([0, 1]);
    expect(call.outcome).to.deep.include({ kind: 'written' });
  });

  it('rule 2: a backup whose log differs from what its primary committed gives its folder up', () => {
    const cluster = Cluster.founded();
    cluster.write(0, 'a');
    cluster.settle();
    cluster.core(1).crash();
    const { journal } = cluster.core(1).folder.durable;
    const last = journal.at(-1);
    const previous = journal.at(-2);
    if (last === undefined || previous === undefined) throw new Error('the journal holds op 3');
    const other = encodeEntry({ ...last, update: '{"value":99}' }, previous.chain);
    cluster.core(1).folder.durable.journal = [...journal.slice(0, -1), other];
    cluster.core(1).boot();
    expect(entryAt(cluster.core(1).state.log, nextOp(previous.op))?.chain).to.equal(other.chain);
    cluster.pass(2 * HEARTBEAT_MS);
    expect(cluster.core(1).distrusts[0]).to.match(/a majority holds something else than the own log at op 3/);
    expect(cluster.core(2).distrusts).to.deep.equal([]);
    expect(cluster.core(0).notices.some(({ kind }) => kind === 'diverged')).to.equal(true);
  });

  it('rule 2: who agrees with the primary further down only is no majority against a backup that differs', () => {
    const cluster = Cluster.founded();
    cluster.write(0, 'a');
    cluster.hold(cluster.inFlight('prepare', { to: 1 }));
    const prepares = cluster.hold(cluster.inFlight('prepare', { to: 2 }));
    cluster.core(0).fsync();
    const { clusterId, log } = cluster.core(0).state;
    const below = { kind: 'prepareOk', view: view(0), op: op(2), chain: entryAt(log, op(2))?.chain ?? '' } as const;
    const other = { kind: 'prepareOk', view: view(0), op: op(3), chain: '5'.repeat(32) } as const;
    const say = (from: number, message: typeof below | typeof other): void =>
      cluster.deliverAgain({ from, to: 0, clusterId, message });
    for (let times = 0; times < 3; times++) {
      say(1, other);
      say(2, below);
    }
    expect(cluster.inFlight('differs', { from: 0 })).to.deep.equal([]);
    // Its own word of before it differed takes nothing back either.
    say(1, below);
    say(1, other);
    expect(cluster.core(0).notices.filter(({ kind }) => kind === 'diverged')).to.have.length(1);
    for (const prepare of prepares) cluster.deliverAgain(prepare);
    cluster.core(2).fsync();
    cluster.deliver(cluster.inFlight('prepareOk', { from: 2 }));
    say(1, other);
    expect(cluster.inFlight('differs', { from: 0, to: 1 }).map(({ message }) => message)).to.deep.equal([
      { kind: 'differs', view: 0, op: 3, chain: entryAt(log, op(3))?.chain, ofMajority: true },
    ]);
  });

  it('rule 2: a backup does not give its folder up on the word of its primary alone', () => {
    const cluster = Cluster.founded();
    cluster.write(0, 'a');
    cluster.settle();
    const { clusterId } = cluster.core(1).state;
    const message = { kind: 'differs', view: view(0), op: op(3), chain: '4'.repeat(32) } as const;
    cluster.deliverAgain({ from: 0, to: 1, clusterId, message });
    cluster.pass(2 * HEARTBEAT_MS);
    expect(cluster.core(1).distrusts).to.deep.equal([]);
    expect(cluster.core(1).state.status).to.equal('normal');
    cluster.deliverAgain({ from: 0, to: 1, clusterId, message: { ...message, ofMajority: true } });
    expect(cluster.core(1).distrusts[0]).to.match(/a majority holds something else than the own log at op 3/);
  });

  it('rule 2: a primary from whom a majority differs gives up its own folder, and no backup does', () => {
    const cluster = Cluster.founded();
    cluster.write(0, 'a');
    cluster.settle();
    const { entries } = cluster.core(0).state.log;
    const last = entries.at(-1);
    if (last === undefined) throw new Error('the log holds op 3');
    entries[entries.length - 1] = { ...last, chain: '1'.repeat(32) };
    cluster.pass(2 * HEARTBEAT_MS);
    expect(cluster.core(0).distrusts[0]).to.match(/a majority of the others holds something else at op 3/);
    expect([cluster.core(1).distrusts, cluster.core(2).distrusts]).to.deep.equal([[], []]);
  });

  it('two histories: who knows another op to be committed takes nothing over it, and says so once', () => {
    const cluster = Cluster.founded();
    for (const id of ['a', 'b']) {
      cluster.write(0, id);
      cluster.settle();
      cluster.pass(2 * HEARTBEAT_MS);
    }
    const { clusterId, commit } = cluster.core(1).state;
    const other = '2'.repeat(32);
    const from2 = { from: 2, to: 1, clusterId } as const;
    cluster.isolate(1);
    const ops = { start: op(9), commit: op(9), op: op(9) };
    const message = { kind: 'heartbeat', view: view(2), ...ops, commitChain: other, round: 1 } as const;
    cluster.deliverAgain({ ...from2, message });
    cluster.core(1).fsync();
    expect(cluster.core(1).state).to.include({ status: 'view-change', view: 2 });
    for (let times = 0; times < 2; times++)
      cluster.deliverAgain({ ...from2, message: { kind: 'differs', view: view(2), op: commit, chain: other } });
    expect(cluster.core(1).notices.filter(({ kind }) => kind === 'diverged')).to.deep.equal([
      { kind: 'diverged', peer: 2, op: commit },
    ]);
    expect(cluster.core(1).distrusts).to.deep.equal([]);
    expect(cluster.core(1).has('b')).to.equal(true);
  });

  it('two histories: who is asked for what follows another log says that it differs', () => {
    const cluster = Cluster.founded();
    const { clusterId } = cluster.core(0).state;
    const asked = { view: view(0), after: op(2), afterChain: '3'.repeat(32), nonce: 1 };
    cluster.deliverAgain({ from: 1, to: 0, clusterId, message: { kind: 'getState', purpose: 'normal', ...asked } });
    expect(cluster.inFlight('differs', { from: 0, to: 1 }).map(({ message }) => message.op)).to.deep.equal([2]);
  });
});
