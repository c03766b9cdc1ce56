import type { History } from './history.js';
import { acknowledgements, longestGapMs } from './outages.js';

/** One fault as it was inflicted; ms of this process. */
export interface Inflicted {
  readonly fault: string;
  readonly beginMs: number;
  /** When orders went on after all was healed; Infinity: they never did. */
  endMs: number;
}

/** What broken promises are counted as. */
interface Breaches {
  /** Orders or cancellations that were acknowledged and are nowhere. */
  readonly lost: number;
  readonly duplicated: number;
  /** Reads that showed less than had been acknowledged before they began. */
  readonly stale: number;
  /** Dishes of which more was sold, or is for sale, than there is. */
  readonly oversold: number;
  /** Anything else: copies that differ, answers that contradict, portions that vanished, a cluster that did not heal. */
  readonly other: number;
}

/** What one kind of fault did. */
export interface FaultReport extends Breaches {
  readonly fault: string;
  readonly count: number;
  /** Orders acknowledged from its begin until orders went on. */
  readonly acknowledged: number;
  /** Longest time between two acknowledged orders: the median and the worst of all its times, ms. */
  readonly outage_p50_ms: number;
  readonly outage_worst_ms: number;
}

/** The `--json` of `drill`. */
export interface DrillReport extends Breaches {
  readonly verdict: 'good' | 'bad';
  readonly seconds: number;
  readonly acknowledged: number;
  readonly reads: number;
  readonly outage_p50_ms: number;
  readonly outage_worst_ms: number;
  readonly faults: readonly FaultReport[];
  /** Everything that is wrong, in words; empty when every promise was kept. */
  readonly problems: readonly string[];
}

const UUID = /[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}/g;

/**
 * Sums a drill up. A problem counts for the fault under which the last call with an id that it names was answered; one that names
 * none (stock, copies) counts in the sum alone.
 */
export function drillReport(
  history: History,
  inflicted: readonly Inflicted[],
  problems: readonly string[],
  spanMs: number,
): DrillReport {
  const acknowledgedMs = acknowledgements(history);
  const answeredMs = answerTimes(history);
  const faultOf = (problem: string): string | undefined => {
    const times = [...problem.matchAll(UUID)].flatMap(([id]) => answeredMs.get(id) ?? []);
    const lastMs = Math.max(-Infinity, ...times);
    return inflicted.findLast(({ beginMs }) => beginMs <= lastMs)?.fault;
  };
  const attributed = problems.map((problem) => ({ problem, fault: faultOf(problem) }));
  const outage = ({ beginMs, endMs }: Inflicted): number => {
    const last = acknowledgedMs.at(-1) ?? beginMs;
    // Nothing came any more: the outage lasted to the end. Else what goes on beyond it is of the next fault, which comes at once.
    const until = endMs === Infinity ? Math.max(performance.now(), last) : endMs;
    return Math.round(longestGapMs([...acknowledgedMs.filter((at) => at < until), until], beginMs, until));
  };
  const faults = [...new Set(inflicted.map(({ fault }) => fault))]
    .map((fault) => ({ fault, times: inflicted.filter((one) => one.fault === fault) }))
    .map(({ fault, times }) => ({
      fault,
      count: times.length,
      acknowledged: times.reduce(
        (sum, { beginMs, endMs }) => sum + acknowledgedMs.filter((at) => at >= beginMs && at <= endMs).length,
        0,
      ),
      ...breachesOf(attributed.flatMap((one) => (one.fault === fault ? one.problem : []))),
      ...outages(times.map(outage)),
    }));
  return {
    verdict: problems.length === 0 ? 'good' : 'bad',
    seconds: Math.round(spanMs / 1_000),
    acknowledged: acknowledgedMs.length,
    reads: history.reads.length,
    ...breachesOf(problems),
    ...outages(inflicted.map(outage)),
    faults,
    problems,
  };
}

/** When each order or cancellation was last answered, by its id. */
function answerTimes(history: History): Map<string, number> {
  const times = new Map<string, number>();
  const note = (id: string, endMs: number): void => {
    if (endMs < Infinity) times.set(id, Math.max(endMs, times.get(id) ?? 0));
  };
  for (const { order, endMs } of history.orders) note(order.order_id, endMs);
  for (const { requestId, endMs } of history.cancels) note(requestId, endMs);
  return times;
}

function breachesOf(problems: readonly string[]): Breaches {
  const count = (pattern: RegExp): number => problems.filter((problem) => pattern.test(problem)).length;
  const known = {
    lost: count(/^LOST/),
    duplicated: count(/^DUPLICATED/),
    stale: count(/^(?:STALE|NOT LINEARIZABLE)/),
    oversold: count(/^OVERSOLD/),
  };
  const { lost, duplicated, stale, oversold } = known;
  return { ...known, other: problems.length - lost - duplicated - stale - oversold };
}

function outages(all: readonly number[]): { outage_p50_ms: number; outage_worst_ms: number } {
  const sorted = all.toSorted((a, b) => a - b);
  return { outage_p50_ms: sorted[Math.floor((sorted.length - 1) / 2)] ?? 0, outage_worst_ms: sorted.at(-1) ?? 0 };
}
