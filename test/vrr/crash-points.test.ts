import { expect } from 'chai';
import { Cluster, HEARTBEAT_MS, type Call } from '../support/core-driver.js';

/** ms between two ticks here: few, so that a thousand runs are quick. */
const TICK_MS = HEARTBEAT_MS / 2;

/** Which processes die, after how many steps of the run, and whether the write then under way reaches the disk. */
interface CrashPoint {
  readonly after: number;
  readonly who: readonly number[];
  readonly whole: boolean;
}

/** Runs a cluster one delivery, one fsync and one tick at a time, and crashes processes between two of them. */
class Steps {
  count = 0;

  constructor(
    readonly cluster: Cluster,
    readonly point: CrashPoint | undefined,
  ) {}

  /** Everything that is due, a step each; time stands still. */
  settle(): void {
    for (;;) {
      const { network, cores } = this.cluster;
      const next = network[0];
      const writer = cores.find((core) => core.disk.length > 0);
      const later = cores.find((core) => core.later.length > 0);
      // The disks work while messages travel: every third step is an fsync when both are due.
      if (writer !== undefined && (next === undefined || this.count % 3 === 0)) this.#step(() => writer.fsync(1));
      else if (next !== undefined) this.#step(() => this.cluster.deliver([next]));
      else if (later !== undefined) this.#step(() => later.later.shift()?.());
      else return;
    }
  }

  pass(heartbeats: number): void {
    for (let passed = 0; passed < heartbeats * HEARTBEAT_MS; passed += TICK_MS) {
      this.cluster.sleep(TICK_MS);
      for (const core of this.cluster.cores) this.#step(() => core.tick());
      this.settle();
    }
  }

  #step(run: () => void): void {
    run();
    if (++this.count !== this.point?.after) return;
    const { who, whole } = this.point;
    for (const index of who) if (this.cluster.core(index).isUp) this.cluster.core(index).crash({ whole });
    for (const index of who) this.cluster.core(index).boot();
  }
}

/** One order, the death of its primary, the same order again, the return of the dead one. The checkers watch every disk. */
function orderOverFailover(point?: CrashPoint): { steps: number; calls: Call[]; cluster: Cluster } {
  const cluster = Cluster.founded();
  const steps = new Steps(cluster, point);
  const calls = [cluster.write(0, 'a', { withinMs: 60_000 })];
  steps.settle();
  if (cluster.core(0).isUp) cluster.core(0).crash();
  for (const core of [cluster.core(1), cluster.core(2)])
    core.dispatch({ kind: 'connectionRefused', peer: cluster.core(0).index });
  steps.pass(8);
  for (let tries = 0; tries < 10 && !cluster.cores.some((core) => core.isUp && core.isPrimary); tries++) steps.pass(4);
  calls.push(cluster.write(cluster.primary.index, 'a', { withinMs: 60_000 }));
  steps.settle();
  if (!cluster.core(0).isUp) cluster.core(0).boot();
  steps.pass(8);
  const { count } = steps;
  for (let tries = 0; tries < 20 && !isLevel(cluster); tries++) steps.pass(4);
  if (!cluster.primary.has('a')) calls.push(cluster.write(cluster.primary.index, 'a'));
  for (let tries = 0; tries < 20 && !isLevel(cluster); tries++) steps.pass(4);
  return { steps: count, calls, cluster };
}

const isLevel = ({ cores }: Cluster): boolean =>
  cores.every(({ isUp }) => isUp) &&
  new Set(cores.map(({ state }) => `${state.status} ${state.view} ${state.applied}`)).size === 1 &&
  cores.every((core) => core.state.status === 'normal' && core.state.applied === core.lastOp);

describe('rule 1 crash points', function () {
  this.timeout(120_000);

  it('rule 1: over 1,000 moments around every send, write and fsync of an order: views never fall, the order is there once', () => {
    const { steps, cluster: whole } = orderOverFailover();
    expect(isLevel(whole)).to.equal(true);
    let runs = 0;
    for (let after = 1; after <= steps; after++)
      for (const who of [[0], [1], [2], [0, 1, 2]])
        for (const isWhole of [false, true]) {
          runs++;
          const point = { after, who, whole: isWhole };
          const where = JSON.stringify(point);
          try {
            const { cluster, calls } = orderOverFailover(point);
            expect(isLevel(cluster), 'level').to.equal(true);
            const answers = calls.flatMap(({ outcome }) => (outcome?.kind === 'written' ? [outcome.receipt.op] : []));
            expect(answers.length, 'answered').to.be.greaterThan(0);
            expect(new Set(answers).size, 'one place').to.equal(1);
            expect(
              cluster.cores.map((core) => core.has('a')),
              'there',
            ).to.deep.equal([true, true, true]);
          } catch (error) {
            throw new Error(`crash point ${where}: ${error instanceof Error ? error.message : String(error)}`, {
              cause: error,
            });
          }
        }
    expect(runs).to.be.greaterThan(1_000);
  });
});
