import type { ChildProcess } from 'node:child_process';
import type { LoadOrder, LoadResult } from './load/protocol.js';
import { machineUsage, nextMessage, usageOf } from './processes.js';
import type { Subject } from './subject.js';

/** What one process used in one measurement, warm-up included. */
export interface ProcessCost {
  readonly name: string;
  readonly cpuMsPerOrder: number;
  readonly coresBusy: number;
  readonly rssMiB: number;
}

/** One measurement of one subject. */
export interface Round {
  readonly subject: string;
  readonly customers: number;
  readonly round: number;
  readonly ordersPerSecond: number;
  readonly p50: number;
  readonly p99: number;
  readonly max: number;
  readonly failed: number;
  readonly acknowledged: number;
  /** Cores that everything else on the machine used, and cores that nobody used. */
  readonly coresOfOthers: number;
  readonly coresIdle: number;
  readonly processes: readonly ProcessCost[];
}

/** Lets the load generator measure a subject, and notes what every process spent on it. */
export async function measure(
  generator: ChildProcess,
  subject: Subject,
  load: Omit<LoadOrder, 'address'> & { round: number },
): Promise<Round> {
  const { round, ...order } = load;
  const watched = [...subject.processes, { name: 'load generator', pid: generator.pid ?? 0 }];
  const before = watched.map(({ pid }) => usageOf(pid));
  const machineBefore = machineUsage();
  const began = performance.now();
  const answered = nextMessage<LoadResult>(generator);
  generator.send({ ...order, address: subject.address } satisfies LoadOrder);
  const result = await answered;
  const seconds = (performance.now() - began) / 1000;
  const costs = watched.map(({ name, pid }, index): ProcessCost => {
    const { cpuSeconds, rssMiB } = usageOf(pid);
    const used = cpuSeconds - (before[index]?.cpuSeconds ?? 0);
    return { name, cpuMsPerOrder: (used * 1000) / result.acknowledged, coresBusy: used / seconds, rssMiB };
  });
  const machineAfter = machineUsage();
  const coresIdle = (machineAfter.idleSeconds - machineBefore.idleSeconds) / seconds;
  const coresBusy = (machineAfter.busySeconds - machineBefore.busySeconds) / seconds;
  const coresOfOthers = coresBusy - costs.reduce((sum, cost) => sum + cost.coresBusy, 0);
  const failures = Object.entries(result.failures);
  for (const [problem, count] of failures) console.error(`${subject.name}: ${count} calls failed: ${problem}`);
  return {
    subject: subject.name,
    customers: order.customers,
    round,
    ordersPerSecond: (result.orders * 1000) / result.elapsedMs,
    p50: result.p50,
    p99: result.p99,
    max: result.max,
    failed: failures.reduce((sum, [, count]) => sum + count, 0),
    acknowledged: result.acknowledged,
    coresOfOthers,
    coresIdle,
    processes: costs,
  };
}
