import { expect } from 'chai';
import { replicaIndex } from '../../src/base/numbers.js';
import { predictStop, type OrdersThen } from '../../src/cli/stop-prediction.js';
import type { ReplicaAnswer } from '../../src/cli/cluster-status.js';
import { statusOf } from '../../src/runtime/status.js';
import { Cluster, HEARTBEAT_MS } from '../support/core-driver.js';

const QUORUM = 2;
const LAG_OPS = 40;
const ALL = [0, 1, 2] as const;
const idOf = (index: number): string => `replica-${index + 1}`;

/** What an operator is told by those that answer. */
function answersOf(cluster: Cluster): ReplicaAnswer[] {
  return cluster.cores.map((core) => {
    const about = { id: idOf(core.index), address: '', why: 'it does not answer' };
    if (!core.isUp) return { ...about, status: undefined };
    return {
      ...about,
      status: statusOf(core.state, cluster.now(), {
        uptimeMs: 0,
        damage: [],
        orders: 0,
        reads: 0,
        healthShown: (_, health) => health,
        diskFreeBytes: undefined,
        lastFault: undefined,
      }),
    };
  });
}

const up = (cluster: Cluster): number[] => ALL.filter((index) => cluster.core(index).isUp);

function stop(cluster: Cluster, index: number): void {
  cluster.core(index).crash();
  for (const other of up(cluster))
    cluster.core(other).dispatch({ kind: 'connectionRefused', peer: replicaIndex(index) });
}

/** Who takes an order and gets it committed, of those that are up; undefined: nobody. */
function takesOrders(cluster: Cluster, name: string): number | undefined {
  const found = up(cluster).find((at) => {
    if (!cluster.core(at).isPrimary) return false;
    const call = cluster.write(at, `${name}-${at}`);
    cluster.settle(up(cluster));
    return call.outcome?.kind === 'written';
  });
  return found;
}

/** What happens to orders when it is stopped; `before` took orders before. */
function outcomeOf(cluster: Cluster, index: number, before: number | undefined): OrdersThen {
  if (cluster.core(index).isUp) stop(cluster, index);
  cluster.mend();
  cluster.pass(60 * HEARTBEAT_MS, up(cluster));
  const after = takesOrders(cluster, 'after');
  if (after === undefined) return before === undefined ? 'stay-closed' : 'close';
  return before === after ? 'go-on' : 'go-on-after-failover';
}

interface State {
  readonly name: string;
  readonly make: () => Cluster;
  /** Who takes orders in it; undefined: nobody. */
  readonly primary: number | undefined;
}

const down = (...victims: number[]): State => ({
  name: `${victims.map(idOf).join(' and ')} down`,
  primary: victims.length > 1 ? undefined : victims[0] === 0 ? 1 : 0,
  make() {
    const cluster = Cluster.founded();
    for (const victim of victims) stop(cluster, victim);
    cluster.pass(20 * HEARTBEAT_MS, up(cluster));
    return cluster;
  },
});

/** It has lost its disk and has not got far yet. */
const recovering = (victim: number): State => ({
  name: `${idOf(victim)} recovering`,
  primary: victim === 0 ? 1 : 0,
  make() {
    const cluster = Cluster.founded();
    cluster.write(0, 'a');
    cluster.settle();
    stop(cluster, victim);
    cluster.core(victim).wipe();
    cluster.pass(20 * HEARTBEAT_MS, up(cluster));
    cluster.lose('newState');
    cluster.core(victim).boot();
    cluster.pass(10 * HEARTBEAT_MS);
    expect(cluster.core(victim).state.status).to.equal('recovering');
    return cluster;
  },
});

const lagging = (victim: number): State => ({
  name: `${idOf(victim)} lagging`,
  primary: 0,
  make() {
    const cluster = Cluster.founded();
    for (let batch = 0; batch < LAG_OPS; batch++) {
      cluster.write(0, `w${batch}`);
      cluster.hold(cluster.inFlight('prepare', { to: victim }));
    }
    cluster.settle(ALL.filter((index) => index !== victim));
    expect(cluster.core(0).lastOp - cluster.core(victim).lastOp).to.equal(LAG_OPS);
    return cluster;
  },
});

const STATES: readonly State[] = [
  { name: 'all up', primary: 0, make: () => Cluster.founded() },
  ...ALL.map((victim) => down(victim)),
  ...ALL.map((victim) => recovering(victim)),
  ...[1, 2].map((victim) => lagging(victim)),
  down(0, 1),
  down(0, 2),
  down(1, 2),
];

describe('safe-to-stop', () => {
  for (const { name, make, primary } of STATES)
    for (const index of ALL)
      it(`safe-to-stop: what it says of ${idOf(index)} is what happens (${name})`, () => {
        const cluster = make();
        const prediction = predictStop(answersOf(cluster), idOf(index), QUORUM);
        expect(prediction.orders).to.equal(outcomeOf(cluster, index, primary));
        expect(prediction.safe).to.equal(prediction.orders.startsWith('go-on'));
      });

  it('safe-to-stop: the states are those of three replicas, and every outcome is among them', () => {
    const seen = STATES.flatMap(({ make, primary }) =>
      ALL.map((index) => {
        const cluster = make();
        expect(primary === undefined ? undefined : cluster.core(primary).isPrimary).to.not.equal(false);
        return predictStop(answersOf(cluster), idOf(index), QUORUM).orders;
      }),
    );
    expect(new Set(seen)).to.deep.equal(new Set(['go-on', 'go-on-after-failover', 'close', 'stay-closed']));
  });

  it('safe-to-stop: says who lags, and how much must be copied before orders go on', () => {
    const answers = answersOf(lagging(2).make());
    expect(predictStop(answers, 'replica-2', QUORUM)).to.deep.include({
      lagging: [{ id: 'replica-3', lag_ops: LAG_OPS }],
      wait_ops: LAG_OPS,
      may_fail_then: 0,
    });
    expect(predictStop(answers, 'replica-3', QUORUM)).to.deep.include({ lagging: [], wait_ops: 0 });
  });

  it('safe-to-stop: says what to do when orders would close', () => {
    const why = (state: State, index: number): string => predictStop(answersOf(state.make()), idOf(index), QUORUM).why;
    expect(why(down(1), 0)).to.match(/replica-3 would be left, and 2 are needed .*: start replica-2 first\.$/);
    expect(why(recovering(1), 2)).to.match(/wait until replica-2 has recovered/);
    expect(why(down(1, 2), 0)).to.match(/nobody would be left.*start replica-2 and replica-3 first/);
  });

  it('safe-to-stop: replicas that answer the operator and do not hear each other count for nothing', () => {
    const cluster = Cluster.founded();
    cluster.cut(1, 2);
    cluster.cut(2, 1);
    cluster.pass(8 * HEARTBEAT_MS);
    const prediction = predictStop(answersOf(cluster), 'replica-1', QUORUM);
    expect(prediction.orders).to.equal('close');
    expect(prediction.why).to.match(/mend the network between them/);
    expect(predictStop(answersOf(cluster), 'replica-2', QUORUM).orders).to.equal('go-on');
  });
});
