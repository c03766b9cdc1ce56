import { expect } from 'chai';
import { currentCommit } from './commit.js';
import { explainCore } from './core-mode.js';
import { KNOWN_SEEDS } from './seeds.js';
import { RunFailure, runSimulation, type RunReport } from './simulation.js';

/** Seeds of `npm test`; `npm run simulate -- --runs 50000` runs more. */
const FIRST_SEED = 100_001;
const SEEDS_PER_TEST = 150;
const TESTS = 6;
/** ms; a run takes about 20. */
const TIMEOUT_MS = 240_000;

/** Everything that can happen to a core, which the runs together must have reached. */
const ALL_KINDS = [
  // events
  'tick connectionRefused writes reads appended transitionDone checkpointVerified checkpointed',
  'aloneOrders outboxAppended outboxFull',
  'diskFull diskHasRoom diskSlow resign switchOver',
  // messages
  'prepare prepareOk heartbeat heartbeatOk alive startViewChange doViewChange startView',
  'getState newState checkpointOffered getChunk chunk recovery recoveryResponse wantReplica',
  'report reportResponse submitOutbox',
  // durable transitions
  'persist initialise switchLog installCheckpoint',
].flatMap((kinds) => kinds.split(' '));

/** Runs a seed; a failure says all that is needed to repeat it. */
async function run(seed: number): Promise<RunReport> {
  try {
    return runSimulation({ seed });
  } catch (error) {
    if (!(error instanceof RunFailure)) throw error;
    throw new Error((await explainCore(error, currentCommit())).join('\n'), { cause: error });
  }
}

describe('simulation', function () {
  this.timeout(TIMEOUT_MS);
  const reports: RunReport[] = [];

  for (let part = 0; part < TESTS; part++) {
    const from = FIRST_SEED + part * SEEDS_PER_TEST;
    it(`simulation: seeds ${from} to ${from + SEEDS_PER_TEST - 1} keep every promise, heal and go on`, async () => {
      for (let seed = from; seed < from + SEEDS_PER_TEST; seed++) reports.push(await run(seed));
    });
  }

  for (const { seed, found } of KNOWN_SEEDS)
    it(`simulation: seed ${seed} (${found})`, async () => {
      reports.push(await run(seed));
    });

  it('simulation: the same seed gives the same run', () => {
    for (const seed of [3, 77, 4_711]) expect(runSimulation({ seed })).to.deep.equal(runSimulation({ seed }));
    expect(runSimulation({ seed: 3 }).hash).to.not.equal(runSimulation({ seed: 4 }).hash);
  });

  it('simulation: the runs did real work and reached every handler', () => {
    const sum = (count: (report: RunReport) => number): number =>
      reports.reduce((total, report) => total + count(report), 0);
    const reached = new Set(reports.flatMap((report) => [...report.reached]));
    expect(ALL_KINDS.filter((kind) => !reached.has(kind))).to.deep.equal([]);
    const perRun = (count: (report: RunReport) => number): number => sum(count) / reports.length;
    expect(
      perRun((report) => report.committedOps),
      'committed ops a run',
    ).to.be.greaterThan(50);
    expect(
      perRun((report) => report.acknowledged),
      'acknowledged writes a run',
    ).to.be.greaterThan(40);
    expect(
      perRun((report) => report.reads),
      'answered reads a run',
    ).to.be.greaterThan(20);
    expect(
      perRun((report) => report.faults),
      'faults a run',
    ).to.be.greaterThan(10);
    expect(
      perRun((report) => report.views),
      'view changes a run',
    ).to.be.greaterThan(2);
    expect(
      perRun((report) => report.checkpointsInstalled),
      'checkpoints installed a run',
    ).to.be.greaterThan(0.3);
    expect(
      perRun((report) => report.recoveries),
      'recoveries a run',
    ).to.be.greaterThan(0.1);
    expect(
      perRun((report) => report.salvaged),
      'salvages a run',
    ).to.be.greaterThan(0.1);
    expect(
      perRun((report) => report.takenAlone),
      'orders taken alone a run',
    ).to.be.greaterThan(0.1);
    expect(
      sum((report) => report.notMet),
      'write concerns not met',
    ).to.be.greaterThan(0);
  });
});
