import type { Round } from '../rounds.js';
import { median } from '../statistics.js';
import { digits, medianText } from './numbers.js';
import { ratios } from './ratios.js';
import { type BenchResult, OURS } from './result.js';
import { targets } from './targets.js';

/** A table before it is drawn. */
export interface ReportTable {
  readonly title: string;
  readonly head: readonly string[];
  readonly rows: readonly (readonly string[])[];
}

const middle = (rounds: readonly Round[], of: (round: Round) => number, count: number): string =>
  digits(median(rounds.map(of)), count);

/** Every table of a report; those that would have no rows are left out. */
export function reportTables(result: BenchResult): ReportTable[] {
  const speeds = result.workloads.map((workload) => speedTable(result, workload));
  return [...speeds, targetTable(result), costTable(result)].filter(({ rows }) => rows.length > 0);
}

/** Rounds that belong together, in the order of the run. */
function groups(rounds: readonly Round[]): Round[][] {
  const found = new Map<string, Round[]>();
  for (const round of rounds) {
    const key = `${round.workload}|${round.customers}|${round.subject}`;
    found.set(key, [...(found.get(key) ?? []), round]);
  }
  return [...found.values()];
}

function speedTable({ rounds }: BenchResult, { name, what, unit }: BenchResult['workloads'][number]): ReportTable {
  const rows = groups(rounds.filter(({ workload }) => workload === name)).map((own) => {
    const [{ subject, customers }] = own as [Round, ...Round[]];
    const all = subject === OURS ? [] : ratios(rounds, { workload: name, customers, ours: OURS, other: subject });
    const cpu = ({ processes }: Round): number => processes.reduce((sum, { cpuMsPerCall }) => sum + cpuMsPerCall, 0);
    return [
      String(customers),
      subject,
      medianText(
        own.map(({ callsPerSecond }) => callsPerSecond),
        0,
      ),
      middle(own, ({ latency }) => latency.p50, 2),
      middle(own, ({ latency }) => latency.p99, 2),
      middle(own, ({ corrected }) => corrected.p99, 2),
      middle(own, ({ corrected }) => corrected.p999, 2),
      digits(Math.max(...own.map(({ latency }) => latency.max)), 1),
      String(own.reduce((sum, { failed }) => sum + failed, 0)),
      middle(own, cpu, 3),
      middle(own, ({ coresOfOthers }) => coresOfOthers, 2),
      middle(own, ({ coresIdle }) => coresIdle, 2),
      all.length === 0 ? '' : medianText(all, 2),
    ];
  });
  const notes = rounds.filter(({ workload, note }) => workload === name && note !== '').map(({ note }) => note);
  return {
    title: [`${name}: ${what}`, ...new Set(notes)].join('; '),
    head: [
      'customers',
      'subject',
      `${unit}/s (lowest…highest)`,
      'p50 ms',
      'p99 ms',
      'p99 corrected',
      'p99.9 corrected',
      'worst ms',
      'failed',
      'CPU ms per call',
      'others',
      'idle',
      'just-hungry ÷ it',
    ],
    rows,
  };
}

function targetTable(result: BenchResult): ReportTable {
  const all = targets(result);
  return {
    title: 'Targets',
    head: ['what', 'measured', 'target', 'verdict'],
    rows: all.some(({ verdict }) => verdict !== 'not measured')
      ? all.map(({ what, measured, limit, verdict }) => [what, measured, limit, verdict])
      : [],
  };
}

function costTable({ rounds }: BenchResult): ReportTable {
  const rows = groups(rounds).flatMap((own) => {
    const [{ workload, subject, customers, processes }] = own as [Round, ...Round[]];
    return processes.map(({ name }) => {
      const parts = own.flatMap((round) => round.processes.filter((process) => process.name === name));
      const of = (pick: (part: (typeof parts)[number]) => number, count: number): string =>
        digits(median(parts.map(pick)), count);
      return [
        workload,
        String(customers),
        subject,
        name,
        of(({ cpuSeconds }) => cpuSeconds, 2),
        of(({ cpuMsPerCall }) => cpuMsPerCall, 3),
        of(({ coresBusy }) => coresBusy, 2),
        digits(Math.max(...parts.map(({ rssMiB }) => rssMiB)), 0),
      ];
    });
  });
  return {
    title: 'Processes',
    head: [
      'workload',
      'customers',
      'subject',
      'process',
      'CPU s a round',
      'CPU ms per call',
      'cores busy',
      'peak RSS MiB',
    ],
    rows,
  };
}
