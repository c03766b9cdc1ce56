import { expect } from 'chai';
import { present } from '../../src/base/assert.js';
import type { Entry } from '../../src/base/entry.js';
import { Cluster, entryOf, HEARTBEAT_MS, type InFlight } from '../support/core-driver.js';

const refused = (cluster: Cluster, at: number, peer: number): void =>
  cluster.core(at).dispatch({ kind: 'connectionRefused', peer: cluster.core(peer).index });

/** Ids in a log, from op `from` on. */
function idsOf(cluster: Cluster, index: number, from: number): string[] {
  const core = cluster.core(index);
  return Array.from({ length: core.lastOp - from + 1 }, (_, at) => entryOf(core, from + at).requestId);
}

describe('5.2 state transfer (rules 2 and 5)', () => {
  /**
   * The trace of Vanlightly/vsr-tlaplus, state_transfer_violation_trace.txt, for the paper's version: v1 is committed by the
   * primary and one backup; that backup then hears of view 3 through a prepare of v3, cuts its log to its commit number 0 and asks
   * for state; before the answer comes view 4 begins. Its empty log has the higher last normal view and wins: v1 is lost.
   */
  it('5.2 state transfer / rule 5: the trace in which the paper’s version loses a committed op loses nothing', () => {
    const cluster = Cluster.founded();
    cluster.write(0, 'zero');
    cluster.pass(2 * HEARTBEAT_MS);
    // v1: committed by replicas 0 and 1, acknowledged; replica 1 has not heard that it is committed.
    const v1 = cluster.write(0, 'v1');
    cluster.hold(cluster.inFlight('prepare', { to: 2 }));
    cluster.settle([0, 1]);
    expect(v1.outcome).to.deep.include({ kind: 'written' });
    expect(cluster.core(1).state).to.include({ durable: 4, commit: 3 });
    // v2 is at replica 0 alone. Replica 0 and 2 go to view 2, whose primary is replica 2; replica 1 sleeps.
    cluster.write(0, 'v2');
    cluster.network = [];
    cluster.core(0).fsync();
    refused(cluster, 2, 0);
    cluster.core(0).dispatch({ kind: 'resign', why: 'told to' });
    cluster.settle([0, 2]);
    refused(cluster, 0, 1);
    refused(cluster, 2, 1);
    cluster.hold(cluster.inFlight('startView'));
    for (let round = 0; round < 20 && !cluster.core(2).isPrimary; round++) {
      cluster.hold(cluster.network.filter(({ to }) => to === 1));
      const next = cluster.network[0];
      if (next !== undefined) cluster.deliver([next]);
      cluster.core(0).fsync();
      cluster.core(2).fsync();
    }
    expect(cluster.core(2).state).to.include({ view: 2, logView: 2, start: 5 });
    expect(cluster.core(0).state, 'it voted and has not heard the startView').to.include({ view: 2, logView: 0 });
    // v3 is executed in view 2; only its prepare reaches replica 1, which asks for state.
    cluster.network = [];
    cluster.write(2, 'v3');
    cluster.core(2).fsync();
    cluster.deliver(cluster.inFlight('prepare', { to: 1 }));
    cluster.core(1).fsync();
    cluster.deliver(cluster.inFlight('prepare', { to: 1 }));
    expect(cluster.inFlight('getState', { from: 1, to: 2 })).to.have.length(1);
    expect(idsOf(cluster, 1, 3), 'the old log is whole until the new one is in hand').to.deep.equal(['zero', 'v1']);
    expect(cluster.core(1).state).to.include({ view: 2, logView: 0 });
    // Replica 2 is gone before it answers; view 3 of replicas 0 and 1.
    cluster.network = [];
    cluster.core(2).crash();
    refused(cluster, 0, 2);
    refused(cluster, 1, 2);
    cluster.pass(20 * HEARTBEAT_MS, [0, 1]);
    expect(cluster.primary.index).to.equal(0);
    for (const index of [0, 1]) expect(cluster.core(index).has('v1'), `replica ${index}`).to.equal(true);
    cluster.core(2).boot();
    cluster.pass(20 * HEARTBEAT_MS);
    for (const core of cluster.cores) expect(core.has('v1'), `replica ${core.index} at last`).to.equal(true);
  });

  it('5.2 state transfer / rule 2 a: who missed prepares of its own view takes the rest of that log', () => {
    const cluster = Cluster.founded();
    cluster.cut(0, 2);
    cluster.writeAll(0, ['a', 'b', 'c']);
    cluster.settle();
    cluster.mend();
    cluster.pass(2 * HEARTBEAT_MS);
    expect(cluster.core(2).lastOp).to.equal(5);
    expect(cluster.core(2).has('c')).to.equal(true);
  });

  it('5.2 state transfer / rule 2 b: a log in pieces is switched to when it reaches the op at which the view began', () => {
    const cluster = Cluster.founded({ suffixBytesMax: 200 });
    cluster.cut(0, 2);
    cluster.writeAll(0, ['a', 'b', 'c', 'd', 'e', 'f']);
    cluster.settle();
    cluster.mend();
    cluster.core(0).dispatch({ kind: 'resign', why: 'told to' });
    cluster.hold(cluster.inFlight('startViewChange', { to: 2 }));
    for (let rounds = 0; rounds < 200 && cluster.core(2).state.logView === 0; rounds++) {
      expect(cluster.core(2).folder.durable.journal.length, 'nothing is cut or added before the switch').to.equal(2);
      const [next] = cluster.network;
      if (next === undefined) cluster.pass(10);
      else cluster.deliver([next]);
      const busy = cluster.cores.find((core) => core.disk.length > 0);
      busy?.fsync();
    }
    expect(cluster.core(2).folder.durable.journal.length).to.be.at.least(8);
    cluster.pass(4 * HEARTBEAT_MS);
    expect(cluster.core(2).has('f')).to.equal(true);
  });

  it('rule 2 b: a restarted primary hands out its whole log or nothing, though it has forgotten where the view began', () => {
    const cluster = Cluster.founded({ suffixBytesMax: 200 });
    cluster.cut(0, 2);
    const calls = cluster.writeAll(0, ['a', 'b', 'c', 'd', 'e', 'f']);
    cluster.settle();
    for (const { outcome } of calls) expect(outcome).to.deep.include({ kind: 'written' });
    // View 1 begins with replica 1 as its primary; replica 0 votes for it, replica 2 only hears of it.
    cluster.mend();
    cluster.core(0).dispatch({ kind: 'resign', why: 'told to' });
    cluster.hold(cluster.inFlight('startViewChange', { to: 2 }));
    cluster.settle([0, 1]);
    expect(cluster.core(1).state).to.include({ view: 1, logView: 1, start: 8 });
    cluster.network = cluster.network.filter(({ to, message }) => to === 2 && message.kind === 'heartbeat');
    cluster.core(1).crash();
    cluster.core(1).boot();
    const heartbeats = cluster.inFlight('heartbeat', { from: 1, to: 2 });
    expect(heartbeats).to.have.length.at.least(1);
    cluster.deliver(heartbeats.slice(0, 1));
    cluster.core(2).fsync();
    // The heartbeat, sent before the crash, makes replica 2 ask the restarted replica 1, which answers in pieces.
    for (let rounds = 0; rounds < 50; rounds++) {
      const between = cluster.network.filter(
        ({ from, to, message }) => from + to === 3 && (message.kind === 'getState' || message.kind === 'newState'),
      );
      if (between.length === 0) break;
      cluster.deliver(between);
      cluster.core(2).fsync();
      const { logView } = cluster.core(2).state;
      if (logView === 1) expect(cluster.core(2).lastOp, 'a log of view 1 reaches op 8').to.be.at.least(8);
    }
    cluster.core(1).crash();
    cluster.network = [];
    cluster.pass(60 * HEARTBEAT_MS, [0, 2]);
    for (const index of [0, 2]) expect(cluster.core(index).has('f'), `replica ${index}`).to.equal(true);
  });

  it('rule 2 a: a checkpoint that comes late never makes the log of its own view shorter', () => {
    const cluster = Cluster.founded({ suffixBytesMax: 400, checkpointIntervalOps: 4 });
    // All is sent while only op 2 is committed; everything for replica 2 is late, in order.
    const late = [];
    const forOne = [];
    for (let batch = 0; batch < 6; batch++) {
      const ids = Array.from({ length: 4 }, (_, index) => `id-${batch * 4 + index}`);
      cluster.writeAll(0, ids);
      late.push(...cluster.hold(cluster.inFlight('prepare', { to: 2 })));
      forOne.push(cluster.hold(cluster.inFlight('prepare', { to: 1 })));
    }
    cluster.core(0).fsync();
    // Replica 1 takes the first four batches: op 18 is committed, checkpoints are made. The rest is on the primary alone.
    for (const prepares of forOne.slice(0, 4)) {
      for (const prepare of prepares) cluster.deliverAgain(prepare);
      cluster.core(1).fsync();
      cluster.deliver(cluster.inFlight('prepareOk', { from: 1 }));
      for (const run of cluster.core(0).later.splice(0)) run();
    }
    expect(cluster.core(0).state).to.include({ commit: 18 });
    expect(cluster.core(0).state.log.base.op, 'the log in memory no longer reaches back').to.be.greaterThan(2);
    // A heartbeat overtakes them: replica 2 asks, and copies a checkpoint.
    cluster.sleep(HEARTBEAT_MS);
    cluster.core(0).tick();
    cluster.deliver(cluster.inFlight('heartbeat', { to: 2 }));
    for (let rounds = 0; rounds < 50 && cluster.inFlight('newState', { to: 2 }).length === 0; rounds++) {
      const between = cluster.network.filter(
        ({ from, to, message }) =>
          from + to === 2 && ['getState', 'checkpointOffered', 'getChunk', 'chunk'].includes(message.kind),
      );
      cluster.deliver(between);
      for (const run of cluster.core(2).later.splice(0)) run();
    }
    const [newState] = cluster.hold(cluster.inFlight('newState', { to: 2 }));
    if (newState === undefined) throw new Error('the log behind the checkpoint was sent');
    const end = newState.message.suffix.after + newState.message.suffix.entries.length;
    expect(end, 'a piece of it').to.be.lessThan(26);
    // Now what was late arrives, is on disk, and is counted: op 26 is committed by replicas 0 and 2.
    for (const prepare of late) cluster.deliverAgain(prepare);
    cluster.core(2).fsync();
    expect(cluster.core(2).folder.lastOp).to.equal(26);
    cluster.deliver(cluster.inFlight('prepareOk', { from: 2 }));
    expect(cluster.core(0).state.commit).to.equal(26);
    cluster.deliverAgain(newState);
    cluster.core(2).fsync();
    expect(cluster.core(2).folder.lastOp, 'its disk still holds what was counted').to.equal(26);
  });

  for (const whole of [false, true])
    it(`rule 5: a checkpoint and the log behind it come in one switch (crash ${whole ? 'after' : 'before'} it)`, () => {
      const cluster = Cluster.founded({ checkpointIntervalOps: 4 });
      cluster.isolate(2);
      for (let index = 0; index < 20; index++) {
        cluster.write(0, `id-${index}`);
        cluster.settle([0, 1]);
      }
      cluster.mend();
      cluster.sleep(HEARTBEAT_MS);
      for (const core of cluster.cores) core.tick();
      for (
        let rounds = 0;
        rounds < 500 && cluster.core(2).disk.every(({ kind }) => kind !== 'installCheckpoint');
        rounds++
      ) {
        const [next] = cluster.network;
        if (next !== undefined) cluster.deliver([next]);
        for (const core of cluster.cores) {
          if (core.disk.every(({ kind }) => kind !== 'installCheckpoint')) core.fsync();
          for (const run of core.later.splice(0)) run();
        }
      }
      expect(cluster.core(2).disk.map(({ kind }) => kind)).to.deep.equal(['installCheckpoint']);
      expect(cluster.core(2).folder.lastOp).to.equal(2);
      cluster.core(2).crash({ whole });
      cluster.core(2).boot();
      expect(cluster.core(2).lastOp).to.equal(whole ? 22 : 2);
      cluster.pass(6 * HEARTBEAT_MS);
      expect(cluster.core(2).has('id-0') && cluster.core(2).has('id-19')).to.equal(true);
      const [own, others] = [2, 0].map((index) => cluster.core(index).folder.files.contents()['receipts.csv']);
      expect(own).to.equal(others);
    });

  it('5.2 state transfer: answers that always take longer than one waits at first still bring the log of the view', () => {
    const cluster = Cluster.founded();
    cluster.isolate(0);
    cluster.pass(30 * HEARTBEAT_MS);
    expect(cluster.core(1).isPrimary).to.equal(true);
    cluster.mend();
    const answers: { readonly dueMs: number; readonly held: InFlight }[] = [];
    let writes = 0;
    for (let passed = 0; passed < 60 * HEARTBEAT_MS; passed += 10) {
      cluster.sleep(10);
      for (const core of cluster.cores) core.tick();
      if (passed % HEARTBEAT_MS === 0) cluster.write(1, `meanwhile ${writes++}`);
      const due = answers.findIndex(({ dueMs }) => dueMs > cluster.nowMs);
      for (const { held } of answers.splice(0, due < 0 ? answers.length : due)) cluster.deliverAgain(held);
      cluster.settle([0, 1, 2], (one) => {
        if (one.message.kind !== 'newState') return false;
        answers.push({ dueMs: cluster.nowMs + 5 * HEARTBEAT_MS, held: one });
        return true;
      });
    }
    expect(writes).to.be.above(50);
    expect(cluster.core(0).state.logView).to.equal(cluster.core(1).state.view);
    expect(cluster.core(0).has('meanwhile 40')).to.equal(true);
  });

  it('5.2 state transfer: a checkpoint that is gone meanwhile is asked for anew', () => {
    const cluster = Cluster.founded({ checkpointIntervalOps: 4 });
    cluster.isolate(2);
    for (let index = 0; index < 20; index++) {
      cluster.write(0, `id-${index}`);
      cluster.settle([0, 1]);
    }
    cluster.mend();
    cluster.sleep(HEARTBEAT_MS);
    cluster.core(0).tick();
    cluster.deliver(cluster.inFlight('heartbeat', { to: 2 }));
    cluster.deliver(cluster.inFlight('getState', { from: 2 }));
    cluster.deliver(cluster.inFlight('checkpointOffered', { to: 2 }));
    const [ask] = cluster.hold(cluster.inFlight('getChunk', { from: 2 }));
    expect(ask?.message).to.include({ offset: 0 });
    cluster.isolate(2);
    for (let index = 20; index < 40; index++) {
      cluster.write(0, `id-${index}`);
      cluster.settle([0, 1]);
    }
    cluster.mend();
    if (ask !== undefined) cluster.deliverAgain(ask);
    expect(cluster.inFlight('chunk', { to: 2 })[0]?.message).to.include({ isGone: true });
    cluster.pass(10 * HEARTBEAT_MS);
    expect(cluster.core(2).has('id-39')).to.equal(true);
  });

  /** Replica 2 lags and copies; while it has `pieces` pieces of the file of receipts, the others make it and another checkpoint old. */
  function overtaken(pieces: number, written: Entry[] = []): Cluster {
    const cluster = Cluster.founded({ checkpointIntervalOps: 4, chunkBytesMax: 500 });
    cluster.isolate(2);
    const write = (from: number, to: number): void => {
      for (let index = from; index < to; index++) {
        cluster.write(0, `id-${index}`);
        written.push(entryOf(cluster.core(0), cluster.core(0).lastOp));
        cluster.settle([0, 1]);
      }
    };
    write(0, 40);
    cluster.mend();
    cluster.sleep(HEARTBEAT_MS);
    cluster.core(0).tick();
    cluster.deliver(cluster.inFlight('heartbeat', { to: 2 }));
    cluster.deliver(cluster.inFlight('getState', { from: 2 }));
    cluster.deliver(cluster.inFlight('checkpointOffered', { to: 2 }));
    while ((cluster.core(2).state.staged.get('receipts.csv') ?? 0) < pieces * 500) {
      cluster.deliver(cluster.inFlight('getChunk', { from: 2 }));
      cluster.deliver(cluster.inFlight('chunk', { to: 2 }));
    }
    const asked = cluster.hold(cluster.inFlight('getChunk', { from: 2 }));
    cluster.isolate(2);
    write(40, 60);
    cluster.mend();
    for (const one of asked) cluster.deliverAgain(one);
    expect(cluster.inFlight('chunk', { to: 2 })[0]?.message).to.include({ isGone: true });
    return cluster;
  }

  it('5.2 state transfer: goes on with what is staged when the checkpoint is gone meanwhile', () => {
    const cluster = overtaken(3);
    const offsets: number[] = [];
    for (let round = 0; round < 1_000 && !cluster.core(2).has('id-59'); round++) {
      for (const { message } of cluster.inFlight('getChunk', { from: 2 }))
        if (message.kind === 'getChunk' && message.file === 'receipts.csv') offsets.push(message.offset);
      const [next] = cluster.network;
      if (next === undefined) cluster.sleep(HEARTBEAT_MS);
      else cluster.deliver([next]);
      for (const core of cluster.cores) {
        if (next === undefined) core.tick();
        core.fsync();
        for (const run of core.later.splice(0)) run();
      }
    }
    expect(offsets[0], 'three pieces were staged').to.equal(1_500);
    const [own, others] = [2, 0].map((index) => cluster.core(index).folder.files.contents()['receipts.csv']);
    expect(own).to.equal(others);
    expect(cluster.core(2).state.staged.size, 'nothing stays staged').to.equal(0);
  });

  it('5.2 state transfer: what was staged and is not how the newer file begins is copied anew', () => {
    const cluster = overtaken(3);
    cluster.core(2).spoilStaged('receipts.csv');
    cluster.pass(20 * HEARTBEAT_MS);
    expect(cluster.core(2).has('id-59')).to.equal(true);
    const [own, others] = [2, 0].map((index) => cluster.core(index).folder.files.contents()['receipts.csv']);
    expect(own).to.equal(others);
  });

  it('5.2 state transfer: what is staged is given up when the log comes another way, for the room that it takes', () => {
    const written: Entry[] = [];
    const cluster = overtaken(3, written);
    const core = cluster.core(2);
    cluster.deliver(cluster.inFlight('chunk', { to: 2 }));
    cluster.sleep(HEARTBEAT_MS);
    cluster.core(0).tick();
    cluster.deliver(cluster.inFlight('heartbeat', { to: 2 }));
    const [asked] = cluster.hold(cluster.inFlight('getState', { from: 2 }));
    if (asked?.message.kind !== 'getState') throw new Error('it asks for what it lacks');
    expect([core.state.staged.size, core.stagedFiles]).to.deep.equal([1, ['receipts.csv']]);
    // The answer of a primary whose log reaches back to where this one ends.
    const { after, afterChain, nonce } = asked.message;
    const { view, logView, start, commit, clusterId } = cluster.core(0).state;
    const suffix = { after, afterChain, entries: written.filter((entry) => entry.op > after) };
    const { op } = present(written.at(-1), 'much was written');
    const message = { kind: 'newState', view, logView, start, commit, op, suffix, nonce, isFounded: true } as const;
    cluster.deliverAgain({ from: 0, to: 2, clusterId, message });
    expect(core.lastOp).to.equal(op);
    expect([core.state.staged.size, core.stagedFiles]).to.deep.equal([0, []]);
  });

  it('5.2 state transfer: the log after a checkpoint is kept for the one who installs it, however many follow', () => {
    const cluster = Cluster.founded({ checkpointIntervalOps: 4, chunkBytesMax: 500 });
    const write = (from: number, to: number): void => {
      for (let index = from; index < to; index++) {
        cluster.write(0, `id-${index}`);
        cluster.settle([0, 1]);
      }
    };
    cluster.isolate(2);
    write(0, 40);
    cluster.mend();
    cluster.core(2).crash();
    cluster.core(2).wipe();
    cluster.core(2).boot();
    const isInstalling = (): boolean => cluster.core(2).disk.some(({ kind }) => kind === 'installCheckpoint');
    for (let round = 0; round < 2_000 && !isInstalling(); round++) {
      const [next] = cluster.network;
      if (next === undefined) cluster.sleep(HEARTBEAT_MS);
      else cluster.deliver([next]);
      for (const core of cluster.cores) {
        if (next === undefined) core.tick();
        if (core !== cluster.core(2) || !isInstalling()) core.fsync();
        for (const run of core.later.splice(0)) run();
      }
    }
    expect(isInstalling()).to.equal(true);
    cluster.isolate(2);
    write(40, 80);
    cluster.mend();
    cluster.core(2).fsync();
    let chunks = 0;
    for (let round = 0; round < 2_000 && !cluster.core(2).has('id-79'); round++) {
      chunks += cluster.inFlight('getChunk', { from: 2 }).length;
      const [next] = cluster.network;
      if (next === undefined) cluster.sleep(HEARTBEAT_MS);
      else cluster.deliver([next]);
      for (const core of cluster.cores) {
        if (next === undefined) core.tick();
        core.fsync();
        for (const run of core.later.splice(0)) run();
      }
    }
    expect(cluster.core(2).has('id-79')).to.equal(true);
    expect(chunks, 'nothing is copied twice').to.equal(0);
    // Whoever has stopped asking keeps nothing in memory.
    cluster.isolate(2);
    cluster.pass(31_000);
    write(80, 90);
    const { log, checkpoints } = cluster.core(0).state;
    expect(cluster.core(0).has('id-89')).to.equal(true);
    expect(log.base.op).to.equal(checkpoints.older);
  });
});
