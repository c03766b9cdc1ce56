import { performance } from 'node:perf_hooks';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Customers } from './customers.js';
import { newHistogram, percentilesOf, recordLatency } from './latencies.js';
import { callAgain, callAtFixedTimes } from './pace.js';
import type { LoadMessage, LoadOrder, LoadResult } from './protocol.js';

type Length = Pick<LoadOrder, 'customers' | 'callsEach' | 'warmUpMs' | 'measureMs' | 'ratePerSecond'>;

/** Lets customers call for a while and measures the calls that end in the second part of it. Tells when that part begins and ends. */
export async function measureCalls(
  customers: Customers,
  length: Length,
  tell: (message: LoadMessage) => void,
): Promise<LoadResult> {
  const { callsEach = 1, warmUpMs, measureMs, ratePerSecond } = length;
  const count = length.customers * callsEach;
  const histogram = newHistogram();
  const failures: Record<string, number> = {};
  let isMeasuring = false;
  let calls = 0;
  const onEnd = (dueMs: number, problem: string | undefined): void => {
    if (!isMeasuring) return;
    if (problem === undefined) calls++;
    else failures[problem] = (failures[problem] ?? 0) + 1;
    recordLatency(histogram, performance.now() - dueMs);
  };
  const pace =
    ratePerSecond === undefined
      ? callAgain(customers, count, onEnd)
      : callAtFixedTimes(customers, count, ratePerSecond, onEnd);
  await sleep(warmUpMs);
  tell({ kind: 'measuring' });
  isMeasuring = true;
  const began = performance.now();
  await sleep(measureMs);
  isMeasuring = false;
  tell({ kind: 'measured' });
  const ended = performance.now();
  const elapsedMs = ended - began;
  // What nobody could send yet has waited all the same: left out, an overload would look like a success.
  const overdue = pace.overdue();
  for (const dueMs of overdue) recordLatency(histogram, ended - dueMs);
  await pace.stop();
  // What a customer of the closed loop keeps up over the whole measurement; calls at fixed times omit nothing.
  const isClosed = ratePerSecond === undefined && histogram.totalCount > 0;
  const expectedIntervalMs = isClosed ? (elapsedMs * count) / histogram.totalCount : 0;
  return {
    calls,
    failures,
    unsent: overdue.length,
    acknowledged: customers.acknowledged(),
    elapsedMs,
    latency: percentilesOf(histogram),
    corrected: percentilesOf(histogram, expectedIntervalMs),
    expectedIntervalMs,
  };
}
