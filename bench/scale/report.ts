import type { Machine } from '../machine.js';
import type { Round } from '../rounds.js';
import { median } from '../statistics.js';
import type { StartTimes } from './cluster.js';
import type { CrowdMeasurement } from './crowd-measurement.js';
import type { GrowthMeasurement } from './growth.js';
import type { StartMeasurement } from './restart.js';

/** Everything that a run has measured. */
export interface ScaleResult {
  readonly machine: Machine;
  readonly small: number;
  readonly large: number;
  readonly start: StartMeasurement | undefined;
  readonly growth: GrowthMeasurement | undefined;
  readonly crowd: CrowdMeasurement | undefined;
}

const MIB = 1 << 20;

/** The result as a table in Markdown. */
export function reportText({ machine, small, large, start, growth, crowd }: ScaleResult): string {
  const rows: string[][] = [];
  if (start !== undefined) {
    const seconds = (times: readonly StartTimes[], of: (time: StartTimes) => number): string =>
      `${Math.min(...times.map(of)).toFixed(2)} … ${Math.max(...times.map(of)).toFixed(2)} s`;
    const firstOrder = ({ firstOrderMs }: StartTimes): number => firstOrderMs / 1000;
    const kinds = [[0, start.none] as const, [small, start.few] as const, [large, start.many] as const];
    for (const [orders, times] of kinds) {
      const cpu = seconds(times, ({ cpuSeconds }) => cpuSeconds);
      rows.push([
        `start to the first read and order, ${orders} orders`,
        `${seconds(times, firstOrder)}, CPU ${cpu}`,
        '',
      ]);
    }
    rows.push([`memory of a replica for each of ${large} orders`, `${start.bytesPerOrder.toFixed(0)} bytes`, '≤ 150']);
    const last = rows[2];
    if (last !== undefined) last[2] = '≤ 2 s';
  }
  if (growth !== undefined) {
    const { readFewMs, readManyMs, readRatio, few, many, throughputRatio } = growth;
    const read = `${readManyMs.toFixed(2)} ms ÷ ${readFewMs.toFixed(2)} ms = ${readRatio.toFixed(2)}`;
    rows.push([`orders of a user (20), p50, ${large} ÷ ${small} orders`, read, '≤ 1.2']);
    const rate = `${rateOf(many)}/s ÷ ${rateOf(few)}/s; neighbouring rounds ${throughputRatio.toFixed(2)}`;
    rows.push([`orders a second, 64 customers, ${large} ÷ ${small} orders`, rate, '≥ 0.9']);
  }
  if (crowd !== undefined) {
    const { watchers, idle, rssBefore, rssWith, without, with: withCrowd, eventsSeen, streamsEnded } = crowd;
    const memory = `${((rssWith - rssBefore) / MIB).toFixed(0)} MiB more (${(rssBefore / MIB).toFixed(0)} before)`;
    rows.push([`front end with ${watchers} watchers and ${idle} idle connections`, memory, '']);
    rows.push(['orders a second without → with them', `${rateOf(without)} → ${rateOf(withCrowd)}`, '']);
    rows.push(['p99 without → with them', `${p99Of(without)} → ${p99Of(withCrowd)} ms`, '']);
    rows.push(['events that they saw; streams that ended', `${eventsSeen}; ${streamsEnded}`, '']);
  }
  const { commit, date, node, kernel, cpu, cores, memoryGiB, loadAverage } = machine;
  const about = `Commit ${commit}, ${date}, ${cores} cores (${cpu}), ${memoryGiB} GiB, ${kernel}, node ${node}, load before ${loadAverage.toFixed(2)}.`;
  const table = rows.map((row) => `| ${row.join(' | ')} |`);
  return [about, '', '| what | measured | target |', '|---|---|---|', ...table].join('\n');
}

const rateOf = (rounds: readonly Round[]): string => median(rounds.map((one) => one.callsPerSecond)).toFixed(0);

const p99Of = (rounds: readonly Round[]): string => median(rounds.map((one) => one.latency.p99)).toFixed(1);
