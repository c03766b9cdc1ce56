import { expect } from 'chai';
import { Cluster, HEARTBEAT_MS } from '../support/core-driver.js';

/** The primary acknowledged `alone` on its own disk, then went away; the others have gone on in view 1. */
function cutOff(): Cluster {
  const cluster = Cluster.founded();
  cluster.write(0, 'first');
  cluster.settle();
  cluster.isolate(0);
  const alone = cluster.write(0, 'alone', { copies: 1, value: 10 });
  const majority = cluster.write(0, 'never told', { copies: 2, value: 20 });
  cluster.core(0).fsync();
  expect(alone.outcome).to.deep.include({ kind: 'written' });
  expect(majority.outcome).to.equal(undefined);
  cluster.core(0).crash();
  cluster.pass(10 * HEARTBEAT_MS, [1, 2]);
  cluster.write(1, 'b', { value: 100 });
  cluster.settle([1, 2]);
  return cluster;
}

describe('design 5 outbox (rule 4)', () => {
  it('rule 4: what is cut and was acknowledged goes to the outbox in the same durable step, and nothing else', () => {
    const cluster = cutOff();
    cluster.mend();
    cluster.core(0).boot();
    for (let round = 0; round < 200 && cluster.core(0).folder.durable.outbox.length === 0; round++) {
      cluster.sleep(10);
      for (const core of cluster.cores) core.tick();
      cluster.deliver(cluster.network);
      for (const core of cluster.cores) core.fsync();
    }
    expect(cluster.core(0).folder.durable.outbox.map(({ requestId }) => requestId)).to.deep.equal(['alone']);
    expect(cluster.core(0).folder.durable.journal.some(({ requestId }) => requestId === 'alone')).to.equal(false);
  });

  it('design 5: it is submitted again, executed once, and settled when it is committed', () => {
    const cluster = cutOff();
    cluster.mend();
    cluster.core(0).boot();
    cluster.pass(30 * HEARTBEAT_MS);
    for (const core of cluster.cores) {
      expect(core.has('alone')).to.equal(true);
      expect(core.has('never told')).to.equal(false);
    }
    expect(cluster.core(0).state.outbox).to.deep.equal([]);
    expect(cluster.core(0).folder.durable.outbox).to.deep.equal([]);
    expect(cluster.core(0).folder.durable.journal.filter(({ requestId }) => requestId === 'alone')).to.have.length(1);
    expect(cluster.read(cluster.primary.index, 'any').outcome).to.have.nested.property('answer.body.total', 111);
  });

  it('design 5: a client that repeats the order meanwhile gets one order', () => {
    const cluster = cutOff();
    const again = cluster.write(1, 'alone', { copies: 2, value: 10 });
    cluster.settle([1, 2]);
    expect(again.outcome).to.deep.include({ kind: 'written' });
    cluster.mend();
    cluster.core(0).boot();
    cluster.pass(30 * HEARTBEAT_MS);
    for (const core of cluster.cores)
      expect(core.folder.durable.journal.filter(({ requestId }) => requestId === 'alone')).to.have.length(1);
    expect(cluster.core(0).state.outbox).to.deep.equal([]);
  });

  it('design 5: an outbox survives crashes until its orders are committed', () => {
    const cluster = cutOff();
    cluster.mend();
    for (let times = 0; times < 10; times++) {
      cluster.core(0).boot();
      cluster.pass(10 * times);
      cluster.core(0).crash({ whole: times % 2 === 0 });
    }
    cluster.core(0).boot();
    cluster.pass(40 * HEARTBEAT_MS);
    for (const core of cluster.cores) expect(core.has('alone')).to.equal(true);
    expect(cluster.core(0).state.outbox).to.deep.equal([]);
  });

  it('rule 7: a recovering replica with an intact journal salvages what is not known to be committed', () => {
    const cluster = cutOff();
    const started = cluster.core(0).folder.load();
    if (started.kind !== 'intact') throw new Error('the folder is intact');
    cluster.mend();
    cluster.core(0).boot({ ...started, isRecovering: true });
    cluster.pass(60 * HEARTBEAT_MS);
    expect(cluster.core(0).state.status).to.equal('normal');
    for (const core of cluster.cores) expect(core.has('alone')).to.equal(true);
  });

  it('design 5: items that are not sound are not executed', () => {
    const cluster = Cluster.founded();
    for (const text of [
      JSON.stringify({ requestId: 'a', service: 'ledger', update: 'x', timeMs: 1, view: 0, op: 1 }),
      '{',
      '{}',
      '{"requestId":"a","service":"ledger","update":"x","timeMs":-1,"view":0,"op":1}',
    ]) {
      const message = { kind: 'submitOutbox', view: cluster.core(0).state.view, items: [text] } as const;
      cluster.deliverAgain({ from: 1, to: 0, clusterId: cluster.core(0).state.clusterId, message });
      expect(cluster.core(0).notices.at(-1)).to.have.property(
        'why',
        'of 1 items 1 cannot be executed: they are not sound',
      );
    }
    expect(cluster.core(0).lastOp).to.equal(2);
  });

  it('design 5: an item that is not sound keeps no other from being executed', () => {
    const cluster = Cluster.founded();
    const update = JSON.stringify({ line: { id: 'good', value: 7, copiesNeeded: 1 } });
    const items = [
      { requestId: 'bad', service: 'ledger', update: 'x', timeMs: 1, view: 0, op: 1 },
      { requestId: 'good', service: 'ledger', update, timeMs: 1, view: 0, op: 1 },
    ].map((item) => JSON.stringify(item));
    const message = { kind: 'submitOutbox', view: cluster.core(0).state.view, items } as const;
    cluster.deliverAgain({ from: 1, to: 0, clusterId: cluster.core(0).state.clusterId, message });
    cluster.pass(10 * HEARTBEAT_MS);
    for (const core of cluster.cores) {
      expect(core.has('good')).to.equal(true);
      expect(core.has('bad')).to.equal(false);
    }
  });
});
