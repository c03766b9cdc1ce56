import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { Bookkeeping } from './bookkeeping.js';
import { describeMachine } from './machine.js';
import type { BenchOptions } from './options.js';
import { BENCH_FOLDER, startScript, stop } from './processes.js';
import type { BenchResult } from './report/result.js';
import type { Round } from './rounds.js';
import { type Started, startSubjects } from './subjects/start.js';
import type { Subject } from './subjects/subject.js';
import type { Workload } from './workloads/workload.js';

/** Just-in-time compilation and the first batches are over after a while, for every subject alike. */
const FIRST_WARM_UP = { workload: 'warm-up', customers: 64, measureMs: 1500, round: 0 };

/** What was measured, and what went wrong in a way that makes it worthless. */
export interface BenchOutcome {
  readonly result: BenchResult;
  readonly problems: readonly string[];
}

/** Starts everything, measures it round by round, looks whether it kept what it acknowledged, and ends it. */
export async function runBench(options: BenchOptions): Promise<BenchOutcome> {
  const machine = describeMachine(path.resolve(BENCH_FOLDER, '..'));
  const env = profileEnvironment(options.profile);
  const generator = startScript('load/generator.ts', [], env);
  const bookkeeping = new Bookkeeping(generator);
  const started: Started = { subjects: [], cluster: undefined };
  try {
    const { only, hasPeers } = options;
    const customersMax = Math.max(
      FIRST_WARM_UP.customers,
      ...options.workloads.flatMap((one) => customersOf(one, options)),
    );
    await startSubjects(started, { ...(only === undefined ? {} : { only }), hasPeers, customersMax, env }, bookkeeping);
    const { subjects } = started;
    for (const subject of subjects)
      await bookkeeping.measure(subject, {
        ...FIRST_WARM_UP,
        calls: subject.orderCalls,
        warmUpMs: options.firstWarmUpMs,
      });
    const rounds: Round[] = [];
    for (const workload of options.workloads)
      rounds.push(...(await runWorkload(workload, started, options, bookkeeping)));
    const problems: string[] = [];
    for (const subject of subjects) {
      await subject.check();
      const lost = await bookkeeping.lost(subject);
      if (lost !== undefined) problems.push(lost);
    }
    const workloads = options.workloads.map(({ name, what, unit }) => ({ name, what, unit }));
    const settings = subjects.map((one) => ({ name: one.name, settings: one.settings }));
    const { ratePerSecond = 0 } = options;
    return { result: { machine, workloads, subjects: settings, ratePerSecond, rounds }, problems };
  } finally {
    for (const subject of started.subjects) await subject.stop();
    await stop(generator);
  }
}

const customersOf = (workload: Workload, options: BenchOptions): readonly number[] =>
  options.customers ?? workload.customers;

/** All rounds of a workload: A B C A B C …, for each number of customers. */
async function runWorkload(
  workload: Workload,
  { subjects, cluster }: Started,
  options: BenchOptions,
  bookkeeping: Bookkeeping,
): Promise<Round[]> {
  const rounds: Round[] = [];
  const undo = cluster === undefined ? undefined : await workload.prepare?.(cluster);
  for (const customers of customersOf(workload, options))
    for (let round = 1; round <= options.rounds; round++)
      for (const subject of subjects) {
        const measured = await runOnce(workload, subject, cluster, customers, round, options, bookkeeping);
        if (measured !== undefined) rounds.push(measured);
      }
  await undo?.();
  return rounds;
}

async function runOnce(
  workload: Workload,
  subject: Subject,
  cluster: Started['cluster'],
  customers: number,
  round: number,
  options: BenchOptions,
  bookkeeping: Bookkeeping,
): Promise<Round | undefined> {
  const calls = workload.calls[subject.kind];
  if (calls === undefined) return undefined;
  const { warmUpMs, measureMs, ratePerSecond } = options;
  const { during } = workload;
  const done = await leastDisturbed(options, () =>
    bookkeeping.measure(subject, {
      workload: workload.name,
      ...calls,
      ...(ratePerSecond === undefined ? {} : { ratePerSecond }),
      ...(during === undefined || cluster === undefined || subject !== cluster
        ? {}
        : { during: () => during(cluster) }),
      customers,
      warmUpMs,
      measureMs,
      round,
    }),
  );
  const speed = `${done.callsPerSecond.toFixed(0)}/s (others used ${done.coresOfOthers.toFixed(2)} cores)`;
  const note = done.note === '' ? '' : `; ${done.note}`;
  console.error(`${workload.name}, ${subject.name}, ${customers} customers, round ${round}: ${speed}${note}`);
  return done;
}

/** Measures again while the rest of the machine is busy, a few times at most. */
async function leastDisturbed({ again, quietCores }: BenchOptions, run: () => Promise<Round>): Promise<Round> {
  let best = await run();
  for (let count = 0; count < again && best.coresOfOthers > quietCores; count++) {
    const next = await run();
    if (next.coresOfOthers < best.coresOfOthers) best = next;
  }
  return best;
}

function profileEnvironment(folder: string | undefined): NodeJS.ProcessEnv {
  if (folder === undefined) return {};
  const hook = pathToFileURL(path.join(BENCH_FOLDER, 'profile.mjs')).href;
  return { NODE_OPTIONS: `--import=${hook}`, BENCH_PROFILE_FOLDER: path.resolve(folder) };
}
