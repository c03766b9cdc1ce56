import type { History } from '../../src/operations/drill/history.js';
import { acknowledgements, longestGapMs } from '../../src/operations/drill/outages.js';
import type { LogLine } from '../support/server-process.js';

/** A fault, or two at once, as they were inflicted; ms of this process. */
export interface FaultRecord {
  /** Kinds, joined by ` + `. */
  readonly kind: string;
  readonly beginMs: number;
  /** When nothing was broken any more: everything runs and is connected. */
  healedMs: number;
  /** When orders went on after it was healed. */
  endMs: number;
}

/** What faults of one kind did. */
export interface KindReport {
  readonly kind: string;
  readonly count: number;
  /** Longest time between two acknowledged orders that one of them was part of, ms. */
  readonly longestOutageMs: number;
  /** Longest time from when one of them was healed to the next acknowledged order, ms. */
  readonly afterHealingMs: number;
  /** Views that began because of them: most by one, and in all. */
  readonly viewsMax: number;
  readonly views: number;
}

/** What a run was like, and whether it kept every promise. */
export interface NemesisReport {
  readonly seed: number;
  readonly durationMs: number;
  /** Orders acknowledged. */
  readonly acknowledged: number;
  readonly reads: number;
  /** Calls that ended without a known outcome. */
  readonly unknown: number;
  readonly faults: number;
  /** Servers that ended by themselves, to begin anew. */
  readonly deaths: number;
  readonly lost: number;
  readonly duplicated: number;
  readonly stale: number;
  readonly kinds: readonly KindReport[];
  /** Everything that is wrong, in words; empty when every promise was kept. */
  readonly problems: readonly string[];
}

/** What a run leaves. */
interface Run {
  readonly seed: number;
  readonly beginMs: number;
  readonly endMs: number;
  readonly history: History;
  readonly records: readonly FaultRecord[];
  readonly problems: readonly string[];
  readonly deaths: number;
  readonly log: readonly LogLine[];
}

/** Sums a run up. */
export function reportOf({ seed, beginMs, endMs, history, records, problems, deaths, log }: Run): NemesisReport {
  const count = (pattern: RegExp): number => problems.filter((problem) => pattern.test(problem)).length;
  const calls = [...history.orders, ...history.cancels, ...history.registers];
  return {
    seed,
    durationMs: endMs - beginMs,
    acknowledged: history.acknowledged.length,
    reads: history.reads.length,
    unknown: calls.filter(({ outcome }) => outcome.kind === 'refused' && outcome.refusal.reason === 'OUTCOME_UNKNOWN')
      .length,
    faults: records.length,
    deaths,
    lost: count(/^LOST/),
    duplicated: count(/^DUPLICATED/),
    stale: count(/^(?:STALE|NOT LINEARIZABLE)/),
    kinds: byKind(records, acknowledgements(history), viewBegins(log)),
    problems,
  };
}

/** When views began, in ms of this process. */
const viewBegins = (log: readonly LogLine[]): number[] =>
  log.flatMap(({ time, kind }) => (kind === 'becamePrimary' ? [time - performance.timeOrigin] : []));

function byKind(
  records: readonly FaultRecord[],
  acknowledgedMs: readonly number[],
  viewBeginsMs: readonly number[],
): KindReport[] {
  const kinds = new Map<string, KindReport>();
  for (const [index, { kind, beginMs, healedMs, endMs }] of records.entries()) {
    const known = kinds.get(kind) ?? { kind, count: 0, longestOutageMs: 0, afterHealingMs: 0, viewsMax: 0, views: 0 };
    // In the order of time: the first one after.
    const nextOrderMs = acknowledgedMs.find((atMs) => atMs >= healedMs) ?? healedMs;
    // What happens until the next fault is of this one: a replica that comes back late may still ask for a view.
    const nextMs = records[index + 1]?.beginMs ?? Infinity;
    const views = viewBeginsMs.filter((atMs) => atMs >= beginMs && atMs < nextMs).length;
    kinds.set(kind, {
      kind,
      count: known.count + 1,
      longestOutageMs: Math.max(known.longestOutageMs, longestGapMs(acknowledgedMs, beginMs, endMs)),
      afterHealingMs: Math.max(known.afterHealingMs, nextOrderMs - healedMs),
      viewsMax: Math.max(known.viewsMax, views),
      views: known.views + views,
    });
  }
  return [...kinds.values()].sort((a, b) => b.longestOutageMs - a.longestOutageMs);
}

/** The report as people read it. */
export function reportText(report: NemesisReport): string {
  const { durationMs, acknowledged, reads, unknown, faults, deaths, lost, duplicated, stale, kinds, problems } = report;
  const widest = Math.max(0, ...kinds.map(({ kind }) => kind.length));
  const rows = kinds.map(
    ({ kind, count, longestOutageMs, afterHealingMs, views, viewsMax }) =>
      `  ${kind.padEnd(widest)}  ${String(count).padStart(3)} ×  ${longestOutageMs.toFixed(0).padStart(6)} ms, ` +
      `${afterHealingMs.toFixed(0).padStart(5)} ms after healing  ` +
      `${views} views, ${viewsMax} at most`,
  );
  return [
    `seed ${report.seed}, ${(durationMs / 1_000).toFixed(0)} s: ${acknowledged} orders acknowledged, ${lost} lost, ` +
      `${duplicated} duplicated, ${stale} stale answers; ${reads} reads, ${unknown} calls of unknown outcome`,
    `${faults} faults, ${deaths} servers ended by themselves; longest time between two acknowledged orders by kind:`,
    ...rows,
    ...problems.slice(0, 20),
    problems.length === 0
      ? 'every promise was kept'
      : `${problems.length} PROBLEMS; again: npm run nemesis -- --seed ${report.seed}`,
  ].join('\n');
}
