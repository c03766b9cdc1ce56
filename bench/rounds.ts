import type { ChildProcess } from 'node:child_process';
import type { LoadMessage, LoadOrder, LoadResult, Percentiles } from './load/protocol.js';
import { machineUsage, type Usage, usageOf, usageOfTree } from './processes.js';
import type { Subject, WatchedProcess } from './subjects/subject.js';

/** What one process used during a measurement, warm-up left out. */
export interface ProcessCost {
  readonly name: string;
  readonly cpuSeconds: number;
  readonly cpuMsPerCall: number;
  readonly coresBusy: number;
  /** The highest so far; of a server with child processes what they hold together at the end of the measurement. */
  readonly rssMiB: number;
}

/** One measurement of one subject. */
export interface Round {
  readonly workload: string;
  readonly subject: string;
  readonly customers: number;
  readonly round: number;
  readonly callsPerSecond: number;
  /** As measured, and corrected for coordinated omission. */
  readonly latency: Percentiles;
  readonly corrected: Percentiles;
  readonly expectedIntervalMs: number;
  readonly failed: number;
  /** Orders acknowledged, warm-up included. */
  readonly acknowledged: number;
  /** Cores that everything else on the machine used, and cores that nobody used. */
  readonly coresOfOthers: number;
  readonly coresIdle: number;
  readonly processes: readonly ProcessCost[];
  /** What happened to the subject meanwhile; empty when nothing did. */
  readonly note: string;
}

/** A measurement to be made. */
export interface Measurement extends Omit<LoadOrder, 'target'> {
  readonly workload: string;
  readonly round: number;
  /** Begins with the measurement; what it returns is noted. */
  readonly during?: () => Promise<string>;
}

/** Lets the load generator measure a subject, and notes what every process spent on it. */
export async function measure(generator: ChildProcess, subject: Subject, measurement: Measurement): Promise<Round> {
  const { workload, round, during, ...load } = measurement;
  const watched = (): WatchedProcess[] => [...subject.processes(), { name: 'load generator', pid: generator.pid ?? 0 }];
  let before = sample(watched());
  let after = before;
  let disturbance = Promise.resolve('');
  const result = await loadResult(generator, { ...load, target: subject.target }, (kind) => {
    if (kind === 'measured') after = sample(watched());
    else {
      before = sample(watched());
      disturbance = during?.() ?? disturbance;
      // Awaited below; until then its failure must not end the process.
      disturbance.catch(() => undefined);
    }
  });
  const unsent = result.unsent === 0 ? '' : `${result.unsent} calls were due and not sent: all customers were busy`;
  const note = [await disturbance, unsent].filter((one) => one !== '').join('; ');
  const seconds = (after.atMs - before.atMs) / 1000;
  const processes = [...after.usages].map(([name, usage]): ProcessCost => {
    const earlier = before.usages.get(name);
    // One that was started anew meanwhile counts from zero.
    const base = earlier?.pid === usage.pid ? earlier.cpuSeconds : 0;
    const cpuSeconds = usage.cpuSeconds - base;
    return {
      name,
      cpuSeconds,
      cpuMsPerCall: (cpuSeconds * 1000) / result.calls,
      coresBusy: cpuSeconds / seconds,
      rssMiB: usage.rssMiB,
    };
  });
  const busy = (after.machine.busySeconds - before.machine.busySeconds) / seconds;
  const failures = Object.entries(result.failures);
  for (const [problem, count] of failures) console.error(`${subject.name}: ${count} calls failed: ${problem}`);
  return {
    workload,
    subject: subject.name,
    customers: load.customers,
    round,
    callsPerSecond: (result.calls * 1000) / result.elapsedMs,
    latency: result.latency,
    corrected: result.corrected,
    expectedIntervalMs: result.expectedIntervalMs,
    failed: failures.reduce((sum, [, count]) => sum + count, 0),
    acknowledged: result.acknowledged,
    coresOfOthers: busy - processes.reduce((sum, { coresBusy }) => sum + coresBusy, 0),
    coresIdle: (after.machine.idleSeconds - before.machine.idleSeconds) / seconds,
    processes,
    note,
  };
}

interface Sample {
  readonly atMs: number;
  readonly machine: ReturnType<typeof machineUsage>;
  readonly usages: ReadonlyMap<string, Usage & { readonly pid: number }>;
}

function sample(watched: readonly WatchedProcess[]): Sample {
  const usages = watched.map(
    ({ name, pid, hasChildren }) =>
      [name, { ...(hasChildren === true ? usageOfTree(pid) : usageOf(pid)), pid }] as const,
  );
  return { atMs: performance.now(), machine: machineUsage(), usages: new Map(usages) };
}

/** ms that an answer may be late before a measurement is given up. */
const LATE_MS_MAX = 60_000;

/** Sends an order to the load generator and waits for what comes of it; rejects when it fails, ends or never answers. */
function loadResult(
  generator: ChildProcess,
  load: LoadOrder,
  onPart: (kind: 'measuring' | 'measured') => void,
): Promise<LoadResult> {
  return new Promise((resolve, reject) => {
    const ended = (code: number | null): void =>
      settle(() => reject(new Error(`the load generator ended with code ${code}`)));
    const late = setTimeout(
      () => settle(() => reject(new Error(`no result of ${JSON.stringify(load)}: some calls were never answered`))),
      load.warmUpMs + load.measureMs + LATE_MS_MAX,
    );
    const settle = (how: () => void): void => {
      clearTimeout(late);
      generator.off('message', heard);
      generator.off('exit', ended);
      how();
    };
    const heard = (message: LoadMessage): void => {
      switch (message.kind) {
        case 'measuring':
        case 'measured':
          onPart(message.kind);
          break;
        case 'result':
          settle(() => resolve(message.result));
          break;
        case 'failed':
          settle(() => reject(new Error(`the load generator failed: ${message.why}`)));
          break;
      }
    };
    generator.on('message', heard);
    generator.once('exit', ended);
    generator.send(load);
  });
}
