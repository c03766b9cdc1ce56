import { expect } from 'chai';
import { currentCommit } from '../commit.js';
import type { FullConditions } from './conditions.js';
import { explain } from './explain.js';
import { FAULT_KINDS } from './faults.js';
import { drawnFaults, FullRunFailure, runFullSimulation, type FullRunReport } from './full-simulation.js';
import { AS_BEFORE, KNOWN_FULL_SEEDS } from './seeds.js';
import { shrink } from './shrink.js';
import { WORKLOADS } from './workloads/index.js';

/** Seeds of `npm test`; `npm run simulate -- --full --minutes 60` runs more. */
const FIRST_SEED = 200_001;
const SEEDS_PER_TEST = 50;
const TESTS = 4;
/** ms; a run takes about 100. */
const TIMEOUT_MS = 240_000;
/** Runs that shrinking a failure may take here. */
const ATTEMPTS_MAX = 100;

/** Everything that can happen to a replica, which the runs together must have reached. */
const ALL_KINDS = [
  // how a start finds its folder
  'empty intact damaged distrusted readLater',
  // events
  'tick connectionRefused writes reads appended transitionDone checkpointVerified checkpointed',
  'diskFull diskHasRoom diskSlow resign switchOver',
  // messages
  'prepare prepareOk heartbeat heartbeatOk alive startViewChange doViewChange startView',
  'getState newState checkpointOffered getChunk chunk recovery recoveryResponse wantReplica',
  'report reportResponse submitOutbox',
  // durable transitions
  'persist initialise switchLog installCheckpoint',
].flatMap((kinds) => kinds.split(' '));

/** Runs a seed; a failure says all that is needed to repeat it. */
async function run(seed: number, conditions: Partial<FullConditions> = {}): Promise<FullRunReport> {
  try {
    return await runFullSimulation({ seed, conditions });
  } catch (error) {
    if (!(error instanceof FullRunFailure)) throw error;
    throw new Error((await explain(error, currentCommit(), ATTEMPTS_MAX)).join('\n'), { cause: error });
  }
}

describe('simulation of the whole replica', function () {
  this.timeout(TIMEOUT_MS);
  const reports: FullRunReport[] = [];

  for (let part = 0; part < TESTS; part++) {
    const from = FIRST_SEED + part * SEEDS_PER_TEST;
    it(`full: seeds ${from} to ${from + SEEDS_PER_TEST - 1} keep every promise, heal and go on`, async () => {
      for (let seed = from; seed < from + SEEDS_PER_TEST; seed++) reports.push(await run(seed));
    });
  }

  for (const { seed, conditions, found } of KNOWN_FULL_SEEDS)
    it(`full: seed ${seed} (${found})`, async () => {
      reports.push(await run(seed, conditions));
    });

  it('full: the same seed gives the same run', async () => {
    for (const seed of [3, 77, 4_711])
      expect(await runFullSimulation({ seed })).to.deep.equal(await runFullSimulation({ seed }));
    expect((await runFullSimulation({ seed: 3 })).hash).to.not.equal((await runFullSimulation({ seed: 4 })).hash);
  });

  it('full: the runs did real work, met every kind of fault and reached every handler', () => {
    const perRun = (count: (report: FullRunReport) => number): number =>
      reports.reduce((total, report) => total + count(report), 0) / reports.length;
    const reached = new Set(reports.flatMap((report) => [...report.reached]));
    expect(ALL_KINDS.filter((kind) => !reached.has(kind))).to.deep.equal([]);
    const met = new Set(reports.flatMap(({ faults }) => [...faults.keys()]));
    expect([...FAULT_KINDS, 'switchOver' as const].filter((kind) => !met.has(kind))).to.deep.equal([]);
    const called = new Set(reports.flatMap(({ writtenTo }) => Object.keys(writtenTo)));
    expect([...called].sort()).to.deep.equal(WORKLOADS.map(({ service }) => service).sort());
    const least: readonly (readonly [what: string, per: number, count: (report: FullRunReport) => number])[] = [
      ['committed ops', 60, ({ committedOps }) => committedOps],
      ['answered writes', 60, ({ written }) => written],
      ['refusals by state', 20, ({ refused }) => refused],
      ['answered reads', 60, ({ reads }) => reads],
      ['view changes', 2, ({ views }) => views],
      ['checkpoints installed', 0.2, ({ checkpointsInstalled }) => checkpointsInstalled],
      ['recoveries', 0.1, ({ recoveries }) => recoveries],
      ['salvages', 0.05, ({ salvaged }) => salvaged],
      ['offices handed over', 0.2, ({ handedOver }) => handedOver],
    ];
    for (const [what, per, count] of least) expect(perRun(count), `${what} a run`).to.be.greaterThan(per);
  });

  it('full: disks that lie about fsync are found out, and the loss of power is all that is left of the faults', async () => {
    const kinds = ['powerLoss', 'cut', 'pause'] as const;
    const conditions = { ...AS_BEFORE, replicas: 3, isSyncLying: true, kinds };
    let failure: FullRunFailure | undefined;
    for (let seed = 1; failure === undefined; seed++)
      failure = await runFullSimulation({ seed, conditions }).then(
        () => undefined,
        (error: FullRunFailure) => error,
      );
    expect(failure.message).to.match(/found empty|lost what it had said|nobody harmed/);
    const { options, failure: shrunk } = await shrink(failure, ATTEMPTS_MAX);
    const all = drawnFaults(failure.options);
    expect(options.only.map((index) => all[index]?.fault.kind)).to.deep.equal(['powerLoss']);
    const again = await runFullSimulation(options).catch((error: unknown) => error);
    expect(again).to.be.instanceOf(FullRunFailure).with.property('message', shrunk.message);
  });
});
