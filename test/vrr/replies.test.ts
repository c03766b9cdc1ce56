import { expect } from 'chai';
import { Cluster, HEARTBEAT_MS } from '../support/core-driver.js';

function withFirst(): Cluster {
  const cluster = Cluster.founded();
  cluster.write(0, 'first', { copies: 3 });
  cluster.settle();
  return cluster;
}

describe('rule 11 exactly once, rule 12 write concern and deadlines', () => {
  it('rule 11: a repeat gets the first answer, whether it is committed or not', () => {
    const cluster = withFirst();
    const calls = [cluster.write(0, 'a', { value: 7 }), cluster.write(0, 'a', { value: 7 })];
    cluster.settle();
    calls.push(cluster.write(0, 'a', { value: 7 }));
    for (const { outcome } of calls) {
      expect(outcome).to.deep.include({ kind: 'written', reply: { kind: 'done', body: 8 } });
      expect(outcome).to.have.nested.property('receipt.op', 4);
    }
    expect(cluster.core(0).lastOp).to.equal(4);
  });

  it('rule 11: one id at several replicas, across a failover and a restart of all, is one order', () => {
    const cluster = withFirst();
    for (const core of cluster.cores) cluster.write(core.index, 'a');
    cluster.settle();
    cluster.core(0).crash();
    cluster.pass(10 * HEARTBEAT_MS, [1, 2]);
    for (const index of [1, 2]) cluster.write(index, 'a');
    cluster.settle([1, 2]);
    for (const index of [1, 2]) cluster.core(index).crash();
    for (const core of cluster.cores) core.boot();
    cluster.pass(20 * HEARTBEAT_MS);
    const last = cluster.write(cluster.primary.index, 'a');
    cluster.settle();
    expect(last.outcome).to.have.nested.property('receipt.op', 4);
    expect(cluster.core(0).lastOp).to.equal(4);
  });

  it('rule 11: a receipt below a checkpoint is the first one still', () => {
    const cluster = Cluster.founded({ checkpointIntervalOps: 3 });
    const first = cluster.write(0, 'a');
    cluster.settle();
    for (let index = 0; index < 20; index++) {
      cluster.write(0, `id-${index}`);
      cluster.settle();
    }
    expect(cluster.core(0).state.log.base.op).to.be.greaterThan(3);
    const again = cluster.write(0, 'a');
    if (first.outcome?.kind !== 'written' || again.outcome?.kind !== 'written') throw new Error('both are written');
    expect(again.outcome.receipt).to.deep.equal({ ...first.outcome.receipt, copies: again.outcome.receipt.copies });
  });

  it('rule 12: each write concern is answered when that many disks have it', () => {
    const cluster = withFirst();
    const [one, two, three] = [1, 2, 3].map((copies) => cluster.write(0, `id-${copies}`, { copies }));
    const kinds = (): unknown[] => [one, two, three].map((call) => call?.outcome?.kind);
    cluster.core(0).fsync();
    expect(kinds()).to.deep.equal(['written', undefined, undefined]);
    expect(one?.outcome).to.have.nested.property('receipt.committed', false);
    cluster.settle([0, 1]);
    expect(kinds()).to.deep.equal(['written', 'written', undefined]);
    cluster.settle();
    expect(kinds()).to.deep.equal(['written', 'written', 'written']);
    expect(three?.outcome).to.have.nested.property('receipt.copies', 3);
  });

  it('rule 12: a write concern not met is told 100 ms before the deadline', () => {
    const cluster = withFirst();
    cluster.isolate(2);
    const call = cluster.write(0, 'a', { copies: 3, withinMs: 500 });
    cluster.pass(390, [0, 1]);
    expect(call.outcome).to.equal(undefined);
    cluster.pass(20, [0, 1]);
    expect(call.outcome).to.deep.include({ kind: 'notMet', copiesNeeded: 3 });
    expect(call.outcome).to.have.nested.property('receipt.copies', 2);
    expect(call.outcome).to.have.nested.property('receipt.committed', true);
  });

  it('rule 12: a request whose deadline has passed is not executed', () => {
    const cluster = withFirst();
    const call = cluster.write(0, 'late', { withinMs: 0 });
    cluster.settle();
    expect(call.outcome).to.equal(undefined);
    expect(cluster.core(0).lastOp).to.equal(3);
  });

  it('rule 12: a request that waited out its deadline during a durable transition is not executed', () => {
    const cluster = withFirst();
    cluster.core(0).dispatch({ kind: 'resign', why: 'told to' });
    cluster.settle([0, 1]);
    cluster.core(1).fsync();
    cluster.pass(2 * HEARTBEAT_MS);
    const { primary } = cluster;
    primary.dispatch({ kind: 'resign', why: 'told to' });
    const late = cluster.write(primary.index, 'late', { withinMs: 20 });
    cluster.sleep(30);
    cluster.settle();
    expect(late.outcome?.kind).to.not.equal('written');
    for (const core of cluster.cores) expect(core.has('late')).to.equal(false);
  });

  it('design 5: a repeat below a majority of an order recorded with a majority waits for it', () => {
    const cluster = withFirst();
    cluster.write(0, 'a', { copies: 2 });
    const repeat = cluster.write(0, 'a', { copies: 1 });
    cluster.core(0).fsync();
    expect(repeat.outcome, 'it would not be salvaged').to.equal(undefined);
    cluster.settle();
    expect(repeat.outcome).to.have.nested.property('receipt.committed', true);
  });

  it('design 5: a repeat below a majority of an order recorded so is answered by that many disks', () => {
    const cluster = withFirst();
    cluster.write(0, 'a', { copies: 1 });
    const repeat = cluster.write(0, 'a', { copies: 1 });
    cluster.core(0).fsync();
    expect(repeat.outcome).to.deep.include({ kind: 'written' });
  });
});
