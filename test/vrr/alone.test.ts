import { expect } from 'chai';
import { replicaIndex } from '../../src/base/numbers.js';
import { OUTBOX_MAX } from '../../src/vsr/alone.js';
import { Cluster, HEARTBEAT_MS, type Call, type ClusterOptions } from '../support/core-driver.js';

/** Heartbeats until a silent peer is unhealthy, a backup has noticed that the others are silent too, and no failover is awaited. */
const LONG_MS = 30 * HEARTBEAT_MS;

/** A founded cluster of which nobody reaches anybody, for long. */
function allApart(options: ClusterOptions = {}): Cluster {
  const cluster = Cluster.founded({ takesAlone: true, ...options });
  for (const { index } of cluster.cores) cluster.isolate(index);
  cluster.pass(LONG_MS);
  return cluster;
}

const reasonOf = ({ outcome }: Call): string =>
  outcome?.kind === 'refused' ? outcome.refusal.reason : `not refused: ${JSON.stringify(outcome)}`;

const unconfirmed = { op: 0, copies: 1, committed: false, chain: '' };

function mended(cluster: Cluster): Cluster {
  cluster.mend();
  cluster.pass(LONG_MS);
  return cluster;
}

/** How often an id stands in each journal. */
const countsOf = (cluster: Cluster, id: string): number[] =>
  cluster.cores.map((core) => core.folder.durable.journal.filter(({ requestId }) => requestId === id).length);

describe('decision 3: orders taken alone', () => {
  it('an order is acknowledged when its outbox row is on disk, with op 0; the journal is not touched', () => {
    const cluster = allApart();
    const core = cluster.core(1);
    const { lastOp } = core;
    const call = cluster.writeAlone(1, 'alone');
    expect(call.outcome, 'before the fsync').to.equal(undefined);
    expect(core.state.outbox).to.deep.equal([]);
    core.fsync();
    expect(call.outcome).to.deep.include({ kind: 'written' });
    expect(call.outcome).to.have.property('receipt').that.deep.includes(unconfirmed);
    expect(core.folder.durable.outbox.map(({ requestId }) => requestId)).to.deep.equal(['alone']);
    expect(core.lastOp).to.equal(lastOp);
    expect(core.folder.durable.journal.some(({ requestId }) => requestId === 'alone')).to.equal(false);
  });

  it('it is submitted when there is a primary, executed once with its time, and settled', () => {
    const cluster = allApart();
    cluster.writeAlone(2, 'alone', { value: 7 });
    cluster.settle();
    mended(cluster);
    expect(countsOf(cluster, 'alone')).to.deep.equal([1, 1, 1]);
    for (const core of cluster.cores) {
      expect(core.state.outbox).to.deep.equal([]);
      expect(core.folder.durable.outbox).to.deep.equal([]);
    }
    expect(cluster.read(cluster.primary.index, 'any').outcome).to.have.nested.property('answer.body.total', 7);
    const settled = cluster.core(2).notices.filter(({ kind }) => kind === 'outboxSettled');
    expect(settled).to.deep.equal([{ kind: 'outboxSettled', requestIds: ['alone'], otherKept: [], rejected: [] }]);
  });

  it('two sides take orders alone, one of them the same: every order is there once', () => {
    const cluster = allApart();
    cluster.writeAlone(0, 'at 0');
    cluster.writeAlone(0, 'at both', { value: 5 });
    cluster.writeAlone(2, 'at 2');
    cluster.writeAlone(2, 'at both', { value: 5 });
    cluster.settle();
    mended(cluster);
    for (const id of ['at 0', 'at 2', 'at both']) expect(countsOf(cluster, id), id).to.deep.equal([1, 1, 1]);
    for (const core of cluster.cores) expect(core.state.outbox).to.deep.equal([]);
  });

  it('the same id for something else at another side: the first that commits stands, the operator is told of the other', () => {
    const cluster = allApart();
    cluster.writeAlone(0, 'id', { value: 1 });
    cluster.writeAlone(2, 'id', { value: 2 });
    cluster.settle();
    mended(cluster);
    expect(countsOf(cluster, 'id')).to.deep.equal([1, 1, 1]);
    const kept = cluster.cores.flatMap(({ notices }) => notices.filter((one) => one.kind === 'outboxSettled'));
    expect(kept.flatMap(({ otherKept }) => otherKept)).to.deep.equal(['id']);
    expect(kept).to.have.length(2);
    for (const core of cluster.cores) expect(core.state.outbox).to.deep.equal([]);
  });

  for (const survives of [false, true])
    it(`executed before as primary and never acknowledged, then taken alone (its entry ${survives ? 'survives' : 'is cut'})`, () => {
      const cluster = Cluster.founded({ takesAlone: true });
      cluster.isolate(0);
      if (survives) {
        cluster.mend();
        cluster.cut(1, 0);
        cluster.cut(2, 0);
      }
      // With concern 1 it is acknowledged and salvaged besides; the outbox holds an id once.
      cluster.write(0, 'both', { copies: 1, value: 4 });
      cluster.write(0, 'log', { copies: 2, value: 5 });
      if (survives) {
        cluster.deliver(cluster.inFlight('prepare', { from: 0 }));
        for (const core of cluster.cores) core.fsync();
        for (const { index } of cluster.cores) cluster.isolate(index);
      } else {
        cluster.core(0).fsync();
        cluster.pass(LONG_MS, [1, 2]);
        cluster.write(1, 'of the others');
        cluster.settle([1, 2]);
      }
      cluster.pass(LONG_MS, [0]);
      const calls = [cluster.writeAlone(0, 'both', { value: 4 }), cluster.writeAlone(0, 'log', { value: 5 })];
      cluster.core(0).fsync();
      for (const call of calls) expect(call.outcome).to.deep.include({ kind: 'written' });
      mended(cluster);
      for (const id of ['both', 'log']) expect(countsOf(cluster, id), id).to.deep.equal([1, 1, 1]);
      expect(cluster.core(0).folder.durable.outbox).to.deep.equal([]);
      for (const core of cluster.cores) expect(core.state.outbox).to.deep.equal([]);
    });

  it('executed by a primary that dies before it is committed: its holder keeps it, and submits it to the next one', () => {
    const cluster = allApart();
    cluster.writeAlone(2, 'alone');
    cluster.settle();
    cluster.mend();
    // Until the primary has executed it, on its own disk alone.
    for (let rounds = 0; rounds < 2_000; rounds++) {
      cluster.sleep(10);
      for (const core of cluster.cores) core.tick();
      cluster.deliver(cluster.network.filter(({ message }) => message.kind !== 'prepare'));
      for (const core of cluster.cores) core.fsync();
      if (countsOf(cluster, 'alone').some((count) => count > 0)) break;
    }
    const counts = countsOf(cluster, 'alone');
    expect(counts.toSorted((a, b) => a - b)).to.deep.equal([0, 0, 1]);
    const first = counts.indexOf(1);
    expect(first, 'a primary that is not the holder').to.not.equal(2);
    expect(cluster.core(2).state.outbox).to.have.length(1);
    cluster.core(first).crash();
    cluster.network = [];
    const left = [0, 1, 2].filter((index) => index !== first);
    cluster.pass(LONG_MS, left);
    cluster.core(first).boot();
    cluster.pass(2 * LONG_MS);
    expect(countsOf(cluster, 'alone')).to.deep.equal([1, 1, 1]);
    expect(cluster.core(2).folder.durable.outbox).to.deep.equal([]);
  });

  it('settled, but dead before the row was gone: settled again after the start', () => {
    const cluster = allApart();
    cluster.writeAlone(0, 'alone');
    cluster.settle();
    const rows = [...cluster.core(0).folder.durable.outbox];
    mended(cluster);
    cluster.core(0).crash();
    cluster.core(0).folder.durable.outbox = rows;
    cluster.core(0).boot();
    cluster.pass(LONG_MS);
    expect(countsOf(cluster, 'alone')).to.deep.equal([1, 1, 1]);
    expect(cluster.core(0).folder.durable.outbox).to.deep.equal([]);
  });

  it('a repeat gives the same answer, another content is refused; nothing is written twice', () => {
    const cluster = allApart();
    const first = cluster.writeAlone(0, 'alone', { value: 3 });
    const early = cluster.writeAlone(0, 'alone', { value: 3 });
    expect([first.outcome, early.outcome], 'none before the disk').to.deep.equal([undefined, undefined]);
    cluster.core(0).fsync();
    const late = cluster.writeAlone(0, 'alone', { value: 3 });
    for (const call of [early, late]) expect(call.outcome).to.deep.equal(first.outcome);
    const other = cluster.writeAlone(0, 'alone', { value: 4 });
    expect(other.outcome).to.have.nested.property('reply.refusal.reason', 'ID_REUSED');
    expect(cluster.core(0).folder.durable.outbox).to.have.length(1);
    expect(cluster.core(0).disk).to.deep.equal([]);
  });

  it('an id that is committed is answered as it stands', () => {
    const cluster = Cluster.founded({ takesAlone: true });
    const placed = cluster.write(0, 'placed', { value: 3 });
    cluster.pass(5 * HEARTBEAT_MS);
    for (const { index } of cluster.cores) cluster.isolate(index);
    cluster.pass(LONG_MS);
    const again = cluster.writeAlone(1, 'placed', { value: 3 });
    expect(again.outcome).to.deep.include({ kind: 'written' });
    expect(again.outcome).to.have.nested.property('receipt.committed', true);
    if (placed.outcome?.kind !== 'written') throw new Error('it was placed');
    expect(again.outcome).to.have.nested.property('receipt.chain', placed.outcome.receipt.chain);
    expect(cluster.core(1).state.outbox).to.deep.equal([]);
  });

  it('what needs a majority is refused, and its id is not spent', () => {
    const cluster = allApart();
    expect(reasonOf(cluster.writeAlone(0, 'limited', { value: 950 }))).to.equal('NO_QUORUM');
    mended(cluster);
    expect(cluster.write(cluster.primary.index, 'limited', { value: 950 }).outcome).to.equal(undefined);
    cluster.settle();
    expect(countsOf(cluster, 'limited')).to.deep.equal([1, 1, 1]);
  });

  it('a passing view change, or a pause of its own, takes nothing alone', () => {
    const cluster = Cluster.founded({ takesAlone: true });
    cluster.core(0).crash();
    for (let passed = 0; passed < LONG_MS; passed += HEARTBEAT_MS) {
      cluster.pass(HEARTBEAT_MS, [1, 2]);
      for (const index of [1, 2]) {
        const call = cluster.writeAlone(index, `at ${passed}`);
        expect(reasonOf(call), `after ${passed} ms`).to.equal('NO_PRIMARY');
      }
    }
    // It was stopped for long: what it heard last is old, and that says nothing of the others.
    cluster.sleep(10 * LONG_MS);
    cluster.core(2).tick();
    expect(reasonOf(cluster.writeAlone(2, 'after a pause'))).to.equal('NO_PRIMARY');
  });

  it('after a pause of its own it listens first, for as long as a peer may be silent; a hiccup does not close the shop for longer', () => {
    const cluster = allApart();
    // Refused connections are remembered over a pause, though the peers may be back since.
    for (const peer of [1, 2]) cluster.core(0).dispatch({ kind: 'connectionRefused', peer: replicaIndex(peer) });
    cluster.pass(LONG_MS);
    expect(cluster.core(0).state.isAloneTold).to.equal(true);
    cluster.sleep(100 * LONG_MS);
    cluster.core(0).tick();
    for (let listenedMs = 0; listenedMs < 5 * HEARTBEAT_MS; listenedMs += 10) {
      expect(reasonOf(cluster.writeAlone(0, 'early')), `after ${listenedMs} ms`).to.equal('NO_PRIMARY');
      cluster.pass(10, [0]);
    }
    const call = cluster.writeAlone(0, 'early');
    cluster.core(0).fsync();
    expect(call.outcome).to.deep.include({ kind: 'written' });
  });

  it('below a majority for less than a failover takes: not yet', () => {
    const cluster = Cluster.founded({ takesAlone: true });
    for (const { index } of cluster.cores) cluster.isolate(index);
    let waitedMs = 0;
    for (; cluster.core(2).state.belowMajoritySinceMs === undefined; waitedMs += 10) cluster.pass(10);
    expect(waitedMs).to.be.at.least(5 * HEARTBEAT_MS);
    for (let belowMs = 0; belowMs < 10 * HEARTBEAT_MS; belowMs += 10) {
      expect(reasonOf(cluster.writeAlone(2, 'early')), `after ${belowMs} ms`).to.equal('NO_PRIMARY');
      cluster.pass(10);
    }
    const call = cluster.writeAlone(2, 'early');
    cluster.settle();
    expect(call.outcome).to.deep.include({ kind: 'written' });
    expect(cluster.core(2).notices.at(-2)).to.deep.equal({ kind: 'takingAlone' });
  });

  it('a primary with a majority that waits for more replicas (quorum) takes none: orders are closed', () => {
    const cluster = Cluster.founded({ takesAlone: true, quorum: 3 });
    cluster.core(2).crash();
    cluster.pass(LONG_MS, [0, 1]);
    expect(cluster.core(0).isPrimary).to.equal(true);
    expect(reasonOf(cluster.write(0, 'closed'))).to.equal('NO_QUORUM');
    expect(reasonOf(cluster.writeAlone(0, 'closed'))).to.equal('NO_QUORUM');
    expect(reasonOf(cluster.writeAlone(1, 'closed'))).to.equal('NO_PRIMARY');
  });

  it('without the setting nothing is taken alone', () => {
    const cluster = allApart({ takesAlone: false });
    expect(reasonOf(cluster.writeAlone(0, 'no'))).to.equal('NO_QUORUM');
    expect(cluster.core(0).disk).to.deep.equal([]);
  });

  it('a replica that has forgotten its promises takes none: wiped, or damaged', () => {
    const cluster = Cluster.founded({ takesAlone: true });
    cluster.write(0, 'x');
    cluster.settle();
    cluster.core(1).wipe();
    cluster.core(2).crash();
    cluster.core(1).boot();
    cluster.pass(LONG_MS, [0, 1]);
    cluster.isolate(1);
    cluster.pass(LONG_MS, [0, 1]);
    expect(cluster.core(1).state.status).to.equal('recovering');
    expect(reasonOf(cluster.writeAlone(1, 'no'))).to.equal('DAMAGED');
    const started = cluster.core(2).folder.load();
    if (started.kind !== 'intact') throw new Error('the folder is intact');
    cluster.isolate(2);
    const { view, outbox } = started;
    cluster.core(2).boot({ kind: 'damaged', view, why: 'a test', outbox });
    cluster.pass(LONG_MS);
    expect(reasonOf(cluster.writeAlone(2, 'no'))).to.equal('DAMAGED');
    // The one that is left and sound takes them.
    const call = cluster.writeAlone(0, 'yes');
    cluster.settle();
    expect(call.outcome).to.deep.include({ kind: 'written' });
  });

  it('crashes: before the row is on disk nothing was promised, after it the order is kept over any number of them', () => {
    for (const whole of [false, true]) {
      const cluster = allApart();
      const call = cluster.writeAlone(0, 'alone');
      cluster.core(0).crash({ whole });
      expect(call.outcome).to.equal(undefined);
      for (let times = 0; times < 4; times++) {
        cluster.core(0).boot();
        cluster.pass(times * 20);
        cluster.core(0).crash();
      }
      cluster.core(0).boot();
      mended(cluster);
      expect(countsOf(cluster, 'alone'), `whole: ${whole}`).to.deep.equal(whole ? [1, 1, 1] : [0, 0, 0]);
    }
  });

  it('crashes: an order survives its holder dying at each moment between healing and settling', () => {
    for (let untilCrashMs = 0; untilCrashMs <= 20 * HEARTBEAT_MS; untilCrashMs += HEARTBEAT_MS / 2) {
      const cluster = allApart();
      cluster.writeAlone(0, 'alone');
      cluster.settle();
      cluster.mend();
      cluster.pass(untilCrashMs);
      cluster.core(0).crash({ whole: untilCrashMs % HEARTBEAT_MS === 0 });
      cluster.pass(LONG_MS, [1, 2]);
      cluster.core(0).boot();
      cluster.pass(2 * LONG_MS);
      expect(countsOf(cluster, 'alone'), `crash after ${untilCrashMs} ms`).to.deep.equal([1, 1, 1]);
      expect(cluster.core(0).folder.durable.outbox).to.deep.equal([]);
    }
  });

  it('a restarted replica shows and answers what it had taken alone', () => {
    const cluster = allApart();
    cluster.writeAlone(0, 'alone', { value: 2 });
    cluster.settle();
    cluster.core(0).crash();
    cluster.core(0).boot();
    cluster.pass(LONG_MS);
    const again = cluster.writeAlone(0, 'alone', { value: 2 });
    expect(again.outcome).to.have.property('receipt').that.deep.includes(unconfirmed);
    expect(cluster.core(0).folder.durable.outbox).to.have.length(1);
  });

  it('no room: the caller may ask again with the same id, nothing is shown, and the next ones are taken', () => {
    const cluster = allApart();
    const core = cluster.core(0);
    core.isDiskFull = true;
    const call = cluster.writeAlone(0, 'no room');
    core.fsync();
    expect(call.outcome).to.deep.equal({ kind: 'dropped' });
    expect(core.state.outbox).to.deep.equal([]);
    core.isDiskFull = false;
    const again = cluster.writeAlone(0, 'no room');
    core.fsync();
    expect(again.outcome).to.deep.include({ kind: 'written' });
  });

  it(`an outbox of ${OUTBOX_MAX} orders takes no more, and empties in batches`, function () {
    this.timeout(60_000);
    const cluster = allApart();
    const core = cluster.core(0);
    for (let number = 0; number < OUTBOX_MAX; number++) core.state.outboxById.set(`fake ${number}`, fakeItem(number));
    core.state.outbox = [...core.state.outboxById.values()];
    const call = cluster.writeAlone(0, 'one too many');
    expect(reasonOf(call)).to.equal('OVERLOADED');
    const known = cluster.writeAlone(0, 'fake 17', { value: 1 });
    expect(known.outcome, 'what is held is answered all the same').to.deep.include({ kind: 'written' });
    core.state.outbox = core.state.outbox.slice(0, 1_200);
    core.state.outboxById.clear();
    for (const item of core.state.outbox) core.state.outboxById.set(item.requestId, item);
    cluster.mend();
    cluster.pass(2 * LONG_MS);
    expect(core.state.outbox).to.deep.equal([]);
    expect(cluster.read(cluster.primary.index, 'any').outcome).to.have.nested.property('answer.body.total', 1_200);
  });

  it('any reads show what is held, others do not; changes of it wait for the confirmation', () => {
    const cluster = allApart();
    cluster.writeAlone(0, '');
    cluster.settle();
    expect(cluster.read(0, 'any').outcome).to.have.nested.property('answer.body.isHeld', true);
    expect(cluster.read(0, 'session').outcome).to.not.have.nested.property('answer.body.isHeld');
    expect(reasonOf(cluster.write(0, 'cancel of '))).to.equal('UNCONFIRMED');
    expect(reasonOf(cluster.write(1, 'cancel of ')), 'elsewhere').to.equal('NO_QUORUM');
    mended(cluster);
    expect(cluster.read(0, 'any').outcome).to.have.nested.property('answer.body.isHeld', false);
    const change = cluster.write(cluster.primary.index, 'cancel of ');
    cluster.settle();
    expect(change.outcome).to.deep.include({ kind: 'written' });
  });

  it('calls that are late, during a transition, or beyond what may wait', () => {
    const cluster = allApart();
    const late = cluster.writeAlone(0, 'late', { withinMs: 0 });
    expect(late.outcome).to.equal(undefined);
    expect(cluster.core(0).disk).to.deep.equal([]);
    cluster.writeAlone(0, 'on its way');
    cluster.mend();
    // The outbox row waits on a slow disk while a view is left.
    for (let rounds = 0; rounds < 500 && cluster.core(0).state.transition === undefined; rounds++) {
      cluster.sleep(10);
      for (const core of cluster.cores) core.tick();
      cluster.deliver(cluster.network);
      for (const core of [cluster.core(1), cluster.core(2)]) core.fsync();
    }
    expect(cluster.core(0).state.transition).to.not.equal(undefined);
    cluster.pass(2 * LONG_MS);
    expect(countsOf(cluster, 'on its way')).to.deep.equal([1, 1, 1]);
  });
});

function fakeItem(number: number) {
  const requestId = `fake ${number}`;
  const update = JSON.stringify({ line: { id: requestId, value: 1, copiesNeeded: 1 } });
  return { requestId, service: 'ledger', update, timeMs: 1, view: 0, op: 0 } as never;
}
