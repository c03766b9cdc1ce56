import { expect } from 'chai';
import { GENESIS_CHAIN } from '../../src/base/entry.js';
import { op, view } from '../../src/base/numbers.js';
import { Cluster, HEARTBEAT_MS } from '../support/core-driver.js';

/** A founded cluster with one order on every disk. */
function withOrder(replicas = 3): Cluster {
  const cluster = Cluster.founded({ replicas });
  cluster.write(0, 'a', { copies: replicas });
  cluster.pass(2 * HEARTBEAT_MS);
  return cluster;
}

/** Replica `index` loses its disk and starts, having learned that it was wiped. */
function wipe(cluster: Cluster, index: number): void {
  cluster.core(index).wipe();
  cluster.core(index).boot();
  cluster.core(index).dispatch({
    kind: 'message',
    envelope: {
      from: cluster.core((index + 1) % cluster.cores.length).index,
      clusterId: cluster.core((index + 1) % cluster.cores.length).state.clusterId,
      message: { kind: 'reportResponse', nonce: 0, isEmpty: false, isFounded: true },
    },
  });
}

describe('4.3 recovery (rules 6 and 7)', () => {
  it('4.3 recovery / rule 7: a wiped replica copies everything and is a member again, in a view above', () => {
    const cluster = withOrder();
    cluster.core(2).wipe();
    cluster.core(2).boot();
    cluster.pass(20 * HEARTBEAT_MS);
    expect(cluster.core(2).has('a')).to.equal(true);
    expect(cluster.core(2).state).to.include({ status: 'normal' });
    expect(cluster.core(2).state.view, 'views 0 and 1 may have its old promises').to.be.greaterThan(1);
    expect(cluster.core(2).folder.durable.promises).to.include({ recovering: false });
  });

  it('4.3 recovery / rule 7: a majority not counting itself must answer', () => {
    const cluster = withOrder();
    wipe(cluster, 2);
    cluster.core(2).tick();
    cluster.sleep(2 * HEARTBEAT_MS);
    cluster.core(2).tick();
    cluster.deliver(cluster.inFlight('recovery', { from: 2, to: 0 }).slice(0, 1));
    const answers = cluster.inFlight('recoveryResponse', { to: 2 });
    for (const answer of answers) for (let times = 0; times < 3; times++) cluster.deliverAgain(answer);
    expect(cluster.core(2).disk, 'one peer, however often, is no majority').to.deep.equal([]);
    cluster.deliver(cluster.inFlight('recovery', { from: 2, to: 1 }).slice(0, 1));
    cluster.deliver(cluster.inFlight('recoveryResponse', { from: 1 }));
    expect(cluster.core(2).disk.map(({ kind }) => kind)).to.deep.equal(['initialise']);
    cluster.core(2).fsync(1);
    expect(cluster.core(2).folder.durable.promises).to.include({ view: 1, recovering: true });
  });

  it('4.3 recovery / rule 7: who has forgotten its own promises answers nobody', () => {
    const cluster = withOrder(5);
    wipe(cluster, 4);
    const { clusterId } = cluster.core(0).state;
    cluster.deliverAgain({ from: 3, to: 4, clusterId, message: { kind: 'recovery', nonce: 1 } });
    cluster.deliverAgain({ from: 3, to: 2, clusterId, message: { kind: 'recovery', nonce: 1 } });
    expect(cluster.inFlight('recoveryResponse').map(({ from }) => from)).to.deep.equal([2]);
  });

  it('4.3 recovery / rule 7: an answer to another nonce is from before, and does not count', () => {
    const cluster = withOrder();
    wipe(cluster, 2);
    const { clusterId } = cluster.core(0).state;
    for (const from of [0, 1])
      cluster.deliverAgain({ from, to: 2, clusterId, message: { kind: 'recoveryResponse', nonce: 7, view: view(0) } });
    expect(cluster.core(2).disk).to.deep.equal([]);
    expect(cluster.core(2).state.recovery?.above).to.equal(undefined);
  });

  it('4.3 recovery / rule 7: while recovering it gives no prepareOk, doViewChange, heartbeatOk, answer or wish', () => {
    const cluster = withOrder();
    wipe(cluster, 2);
    cluster.cut(2, 1);
    const told: string[] = [];
    for (let round = 0; round < 30; round++) {
      cluster.sleep(10);
      for (const core of cluster.cores) core.tick();
      cluster.write(0, `id-${round}`);
      told.push(...cluster.network.filter(({ from }) => from === 2).map(({ message }) => message.kind));
      cluster.deliver(cluster.network);
      for (const core of cluster.cores) core.fsync();
    }
    expect(new Set(told)).to.deep.equal(new Set(['recovery']));
    expect(cluster.core(2).state.status).to.equal('recovering');
  });

  it('4.3 recovery / rule 7: its copy of the data counts for nothing; a write waits for the others', () => {
    const cluster = withOrder();
    cluster.core(2).wipe();
    cluster.core(2).boot();
    cluster.cut(0, 1);
    cluster.cut(1, 0);
    const call = cluster.write(0, 'b');
    cluster.pass(10 * HEARTBEAT_MS);
    expect(call.outcome?.kind).to.not.equal('written');
    expect(cluster.cores.filter(({ state }) => state.commit > 3)).to.deep.equal([]);
  });

  it('4.3 recovery / rule 7: a startView of view h + 1 does not make it a member, one of a view above does', () => {
    const cluster = withOrder();
    wipe(cluster, 2);
    cluster.sleep(2 * HEARTBEAT_MS);
    cluster.core(2).tick();
    cluster.deliver(cluster.inFlight('recovery', { from: 2 }));
    cluster.deliver(cluster.inFlight('recoveryResponse', { to: 2 }));
    cluster.core(2).fsync(1);
    expect(cluster.core(2).state.recovery?.above).to.equal(1);
    cluster.network = [];
    const { clusterId, log } = cluster.core(0).state;
    const startView = (inView: number): void => {
      const suffix = { after: op(0), afterChain: GENESIS_CHAIN, entries: log.entries };
      const message = { kind: 'startView', view: view(inView), start: op(3), commit: op(3), suffix } as const;
      cluster.deliverAgain({ from: inView % 3, to: 2, clusterId, message });
    };
    startView(1);
    expect(cluster.core(2).disk).to.deep.equal([]);
    startView(3);
    cluster.core(2).fsync(1);
    expect(cluster.core(2).folder.durable.promises).to.include({ view: 3, logView: 3, recovering: false });
    expect(cluster.core(2).state.status).to.equal('normal');
  });

  it('4.3 recovery: a crash in the middle begins it anew, with what was promised', () => {
    const cluster = withOrder();
    cluster.core(2).wipe();
    for (let times = 0; times < 12; times++) {
      cluster.core(2).boot();
      cluster.pass(10 * (times + 1));
      const { promises } = cluster.core(2).folder.durable;
      cluster.core(2).crash();
      cluster.core(2).boot();
      if (promises?.recovering === true) expect(cluster.core(2).state.status).to.equal('recovering');
      cluster.core(2).crash();
    }
    cluster.core(2).boot();
    cluster.pass(30 * HEARTBEAT_MS);
    expect(cluster.core(2).state.status).to.equal('normal');
    expect(cluster.core(2).has('a')).to.equal(true);
  });

  it('4.3 recovery: orders go on meanwhile, and are on the recovered disk', () => {
    const cluster = withOrder();
    cluster.core(1).wipe();
    cluster.core(1).boot();
    const calls = [];
    for (let round = 0; round < 40; round++) {
      const acting = cluster.cores.find((core) => core.isPrimary);
      if (acting !== undefined) calls.push(cluster.write(acting.index, `id-${round}`));
      cluster.pass(20);
    }
    cluster.pass(20 * HEARTBEAT_MS);
    expect(calls.filter(({ outcome }) => outcome?.kind === 'written').length).to.be.greaterThan(30);
    expect(cluster.core(1).state.applied).to.equal(cluster.primary.state.applied);
    expect(cluster.core(1).state.status).to.equal('normal');
  });

  it('rule 7: with five replicas three of the other four must answer', () => {
    const cluster = withOrder(5);
    wipe(cluster, 4);
    cluster.core(2).crash();
    cluster.core(3).crash();
    cluster.pass(20 * HEARTBEAT_MS, [0, 1, 4]);
    expect(cluster.core(4).state.status).to.equal('recovering');
    cluster.core(2).boot();
    cluster.pass(60 * HEARTBEAT_MS, [0, 1, 2, 4]);
    expect(cluster.core(4).state.status).to.equal('normal');
  });

  it('rule 6: a damaged folder whose view can be read still starts as recovering, and keeps its outbox', () => {
    const cluster = withOrder();
    const item = {
      requestId: 'kept',
      service: 'ledger',
      update: '{"line":{"id":"kept","value":1,"copiesNeeded":1},"total":9}',
    };
    cluster.core(2).crash();
    const place = { timeMs: 1, view: view(0), op: op(9) };
    cluster.core(2).boot({ kind: 'damaged', view: view(0), why: 'orders.csv: row 7', outbox: [{ ...item, ...place }] });
    expect(cluster.core(2).state.status).to.equal('recovering');
    expect(cluster.core(2).notices.at(-1)).to.deep.equal({ kind: 'recovering', why: 'orders.csv: row 7' });
    cluster.pass(60 * HEARTBEAT_MS);
    expect(cluster.core(2).state.status).to.equal('normal');
    for (const core of cluster.cores) expect(core.has('kept')).to.equal(true);
    expect(cluster.core(2).state.outbox).to.deep.equal([]);
  });

  it('rule 6: a replica that restarts from an intact disk votes at once and lost nothing', () => {
    const cluster = withOrder();
    for (const core of cluster.cores) core.crash();
    cluster.network = [];
    for (const core of cluster.cores) core.boot();
    cluster.pass(20 * HEARTBEAT_MS);
    for (const core of cluster.cores) {
      expect(core.has('a')).to.equal(true);
      expect(core.notices.filter(({ kind }) => kind === 'recovering')).to.deep.equal([]);
    }
  });

  it('rule 7: reads and writes at a recovering replica are refused by name', () => {
    const cluster = withOrder();
    wipe(cluster, 2);
    expect(cluster.read(2, 'any').outcome).to.have.nested.property('refusal.reason', 'DAMAGED');
    expect(cluster.write(2, 'b').outcome).to.have.nested.property('refusal.reason', 'DAMAGED');
  });
});
