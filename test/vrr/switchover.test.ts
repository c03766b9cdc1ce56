import { expect } from 'chai';
import { replicaIndex } from '../../src/base/numbers.js';
import { Cluster, HEARTBEAT_MS, type DrivenCore } from '../support/core-driver.js';

const tell = (cluster: Cluster, at: number, to: number): void =>
  cluster.core(at).dispatch({ kind: 'switchOver', to: replicaIndex(to), why: 'told to' });

const givenUp = (core: DrivenCore): string[] =>
  core.notices.flatMap((notice) => (notice.kind === 'switchoverGivenUp' ? [notice.why] : []));

/** Views in which each replica was primary. */
const viewsOf = (cluster: Cluster, index: number): number[] =>
  cluster.core(index).notices.flatMap((notice) => (notice.kind === 'becamePrimary' ? [notice.view] : []));

const backups = (count: number): number[] => Array.from({ length: count - 1 }, (_, index) => index + 1);

describe('rule 3 switchover', () => {
  for (const replicas of [3, 5])
    for (const target of backups(replicas))
      it(`rule 3 switchover: to replica ${target} of ${replicas} and to no other, though the view of another lies between; no write is lost`, () => {
        const cluster = Cluster.founded({ replicas });
        const calls = ['a', 'b', 'c'].map((id) => cluster.write(0, id));
        tell(cluster, 0, target);
        cluster.settle();
        for (const call of calls) expect(call.outcome).to.deep.include({ kind: 'written' });
        expect(cluster.primary.index).to.equal(target);
        for (const core of cluster.cores)
          expect(core.state, `replica ${core.index}`).to.include({ view: target, logView: target, status: 'normal' });
        for (let other = 1; other < replicas; other++)
          expect(viewsOf(cluster, other), `views of ${other}`).to.deep.equal(other === target ? [target] : []);
        const call = cluster.write(target, 'd');
        cluster.settle();
        expect(call.outcome).to.deep.include({ kind: 'written' });
      });

  it('rule 3 switchover: it drains first: nothing new is executed, what is under way is finished and answered in the old view', () => {
    const cluster = Cluster.founded();
    const before = cluster.write(0, 'before');
    const ops = cluster.core(0).lastOp;
    tell(cluster, 0, 1);
    const during = cluster.write(0, 'during');
    expect(during.outcome).to.deep.include({ kind: 'refused', primary: undefined });
    expect(during.outcome).to.have.nested.property('refusal.reason', 'NO_PRIMARY');
    expect(cluster.core(0).lastOp).to.equal(ops);
    expect(cluster.core(0).isPrimary, 'its log is not at rest yet').to.equal(true);
    cluster.core(0).fsync();
    expect(cluster.core(0).isPrimary, 'the next primary does not have it yet').to.equal(true);
    cluster.settle();
    expect(before.outcome).to.have.nested.property('receipt.view', 0);
    expect(cluster.primary.index).to.equal(1);
  });

  it('rule 3 switchover: not before the next primary has everything on its disk, though a majority has', () => {
    const cluster = Cluster.founded();
    const call = cluster.write(0, 'a');
    const late = cluster.hold(cluster.inFlight('prepare', { to: 1 }));
    tell(cluster, 0, 1);
    cluster.lose('getState');
    cluster.settle();
    expect(call.outcome, 'a majority has it').to.deep.include({ kind: 'written' });
    expect(cluster.core(0).isPrimary).to.equal(true);
    cluster.deliver(late);
    cluster.settle();
    expect(cluster.primary.index).to.equal(1);
  });

  it('rule 3 switchover: a next primary that lost its disk meanwhile is not believed for what it had before', () => {
    const cluster = Cluster.founded();
    cluster.core(1).wipe();
    cluster.core(1).boot();
    tell(cluster, 0, 1);
    cluster.lose('wantReplica');
    cluster.pass(HEARTBEAT_MS);
    expect(cluster.core(1).state.status).to.equal('recovering');
    expect(cluster.core(0).isPrimary).to.equal(true);
    cluster.pass(6 * HEARTBEAT_MS);
    expect(cluster.core(0).isPrimary).to.equal(true);
    expect(givenUp(cluster.core(0)).join()).to.match(/replica-2 did not answer within 5 heartbeats; replica-1 goes on/);
    const call = cluster.write(0, 'a');
    cluster.settle();
    expect(call.outcome).to.deep.include({ kind: 'written' });
  });

  it('rule 3 switchover: given up when the drain takes too long: the old primary takes writes again', () => {
    const cluster = Cluster.founded();
    cluster.cut(1, 0);
    tell(cluster, 0, 1);
    cluster.pass(6 * HEARTBEAT_MS);
    expect(cluster.core(0).isPrimary).to.equal(true);
    expect(givenUp(cluster.core(0))).to.have.length(1);
    const call = cluster.write(0, 'a');
    cluster.settle();
    expect(call.outcome).to.deep.include({ kind: 'written' });
  });

  const refused: readonly (readonly [string, RegExp, (cluster: Cluster) => void, number])[] = [
    ['to itself', /replica-1 is the primary already/, () => undefined, 0],
    [
      'to one that is down',
      /replica-2 has not been heard for a while: start it/,
      (cluster) => {
        cluster.core(1).crash();
        cluster.pass(4 * HEARTBEAT_MS, [0, 2]);
      },
      1,
    ],
    [
      'with too few replicas',
      /too few replicas are there\. Orders are closed/,
      (cluster) => {
        for (const dead of [1, 2]) {
          cluster.core(dead).crash();
          cluster.core(0).dispatch({ kind: 'connectionRefused', peer: replicaIndex(dead) });
        }
      },
      1,
    ],
    ['while another is under way', /a switchover to replica-3 is under way/, (cluster) => tell(cluster, 0, 2), 1],
  ];
  for (const [what, reason, prepare, to] of refused)
    it(`rule 3 switchover: refused ${what}, and nothing changes`, () => {
      const cluster = Cluster.founded();
      prepare(cluster);
      tell(cluster, 0, to);
      expect(givenUp(cluster.core(0)).join()).to.match(reason);
      expect(cluster.core(0).state.view).to.equal(0);
    });

  it('rule 3 switchover: a backup that is told does nothing', () => {
    const cluster = Cluster.founded();
    tell(cluster, 1, 2);
    cluster.pass(2 * HEARTBEAT_MS);
    expect(givenUp(cluster.core(1)).join()).to.match(/replica-2 is not the primary/);
    expect(cluster.core(0).isPrimary).to.equal(true);
  });

  it('rule 3 switchover: refused to one that lacks much of the log, which takes office when it has it', () => {
    const cluster = Cluster.founded({ uncommittedOpsMax: 20_000 });
    cluster.cut(0, 1);
    const ids = Array.from({ length: 5_001 }, (_, number) => `w${number}`);
    cluster.writeAll(0, ids);
    cluster.settle();
    tell(cluster, 0, 1);
    expect(givenUp(cluster.core(0)).join()).to.match(/replica-2 lacks 5001 ops: wait/);
    cluster.mend();
    cluster.pass(2 * HEARTBEAT_MS);
    tell(cluster, 0, 1);
    cluster.settle();
    expect(cluster.primary.index).to.equal(1);
  });

  /** Every place in a switchover at which one of the replicas can die, the disk write under way done or not. */
  for (const victim of [0, 1, 2])
    for (const whole of [false, true])
      it(`rule 3 switchover: replica ${victim} dies at any moment of it (${whole ? 'after' : 'before'} its write): nothing acknowledged is lost, and orders go on`, () => {
        let places = 0;
        for (let place = 0; place < 200; place++) {
          const cluster = Cluster.founded();
          const call = cluster.write(0, 'a');
          tell(cluster, 0, 2);
          if (!stepTimes(cluster, place)) break;
          places++;
          cluster.core(victim).crash({ whole });
          const alive = [0, 1, 2].filter((index) => index !== victim);
          cluster.pass(60 * HEARTBEAT_MS, alive);
          const { primary } = cluster;
          if (call.outcome?.kind === 'written') expect(primary.has('a'), `place ${place}`).to.equal(true);
          const next = cluster.write(primary.index, 'b');
          cluster.settle(alive);
          expect(next.outcome, `place ${place}`).to.deep.include({ kind: 'written' });
          cluster.core(victim).boot();
          cluster.pass(60 * HEARTBEAT_MS);
          expect(new Set(cluster.cores.map(({ chain }) => chain)).size, `place ${place}`).to.equal(1);
        }
        expect(places).to.be.greaterThan(10);
      });
});

/** Delivers or writes one thing so many times; false when there was nothing left to do before. */
function stepTimes(cluster: Cluster, times: number): boolean {
  for (let done = 0; done < times; done++) {
    const [message] = cluster.network;
    const busy = cluster.cores.find(({ disk }) => disk.length > 0);
    if (message !== undefined) cluster.deliver([message]);
    else if (busy !== undefined) busy.fsync(1);
    else return false;
  }
  return true;
}
