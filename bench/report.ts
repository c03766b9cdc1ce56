import Table from 'cli-table3';
import type { Machine } from './machine.js';
import type { Round } from './rounds.js';
import { median, spread } from './statistics.js';

/** Everything a run found, as the JSON file holds it. */
export interface BenchResult {
  readonly machine: Machine;
  /** The bare proxies and the settings with which each was fastest. */
  readonly proxies: readonly { readonly name: string; readonly settings: string }[];
  readonly rounds: readonly Round[];
}

const digits = (value: number, count: number): string => value.toFixed(count);
const subjectsOf = (rounds: readonly Round[]): string[] => [...new Set(rounds.map(({ subject }) => subject))];
const OURS = 'just-hungry';

/** The result for people. */
export function reportText({ machine, proxies, rounds }: BenchResult): string {
  const { commit, date, cpu, cores, memoryGiB, node, kernel, fdatasyncP50Ms, loadAverage } = machine;
  const head = [
    `commit ${commit}, ${date}`,
    `${cores} cores (${cpu}), ${memoryGiB} GiB, ${kernel}, node ${node}, load average before ${digits(loadAverage, 1)}`,
    `fdatasync of 4 KiB p50 ${digits(fdatasyncP50Ms, 2)} ms; three replicas, write concern majority, fsync on`,
    ...proxies.map(({ name, settings }) => `${name}: ${settings} (the fastest settings of those tried)`),
  ];
  return [
    ...head,
    speeds(rounds),
    'CPU: all processes together, customers too; others, idle: cores used by what is not under test, and by nobody',
    costs(rounds),
  ].join('\n');
}

function speeds(rounds: readonly Round[]): string {
  const table = new Table({
    head: [
      'customers',
      'subject',
      'orders/s',
      'lowest…highest',
      'p50 ms',
      'p99 ms',
      'failed',
      'CPU ms per order',
      'others',
      'idle',
      'just-hungry ÷ it',
    ],
    style: { head: [], border: [] },
  });
  for (const customers of customersOf(rounds)) {
    for (const subject of subjectsOf(rounds)) {
      const own = rounds.filter((round) => round.customers === customers && round.subject === subject);
      const rates = own.map(({ ordersPerSecond }) => ordersPerSecond);
      const [low, high] = spread(rates);
      table.push([
        customers,
        subject,
        digits(median(rates), 0),
        `${digits(low, 0)}…${digits(high, 0)}`,
        digits(median(own.map(({ p50 }) => p50)), 2),
        digits(median(own.map(({ p99 }) => p99)), 2),
        own.reduce((sum, { failed }) => sum + failed, 0),
        digits(
          median(own.map(({ processes }) => processes.reduce((sum, { cpuMsPerOrder }) => sum + cpuMsPerOrder, 0))),
          3,
        ),
        digits(median(own.map(({ coresOfOthers }) => coresOfOthers)), 2),
        digits(median(own.map(({ coresIdle }) => coresIdle)), 2),
        subject === OURS ? '' : ratioText(rounds, customers, subject),
      ]);
    }
  }
  return table.toString();
}

/** just-hungry ÷ another subject, by rounds that ran one after the other. */
export function ratios(rounds: readonly Round[], customers: number, other: string): number[] {
  const of = (subject: string): Round[] =>
    rounds.filter((round) => round.customers === customers && round.subject === subject);
  const others = of(other);
  return of(OURS).map(({ ordersPerSecond }, index) => ordersPerSecond / (others[index]?.ordersPerSecond ?? NaN));
}

function ratioText(rounds: readonly Round[], customers: number, other: string): string {
  const all = ratios(rounds, customers, other);
  if (all.length === 0) return '';
  const [low, high] = spread(all);
  return `${digits(median(all), 2)} (${digits(low, 2)}…${digits(high, 2)})`;
}

function costs(rounds: readonly Round[]): string {
  const table = new Table({
    head: ['customers', 'process', 'CPU ms per order', 'cores busy', 'RSS MiB'],
    style: { head: [], border: [] },
  });
  for (const customers of customersOf(rounds)) {
    for (const subject of subjectsOf(rounds)) {
      const own = rounds.filter((round) => round.customers === customers && round.subject === subject);
      for (const name of own[0]?.processes.map((process) => process.name) ?? []) {
        const parts = own.map((round) => ({ round, part: round.processes.find((process) => process.name === name) }));
        table.push([
          customers,
          subject === OURS && name !== 'load generator' ? name : `${name} (${subject})`,
          digits(median(parts.map(({ part }) => part?.cpuMsPerOrder ?? NaN)), 3),
          digits(median(parts.map(({ part }) => part?.coresBusy ?? NaN)), 2),
          digits(median(parts.map(({ part }) => part?.rssMiB ?? NaN)), 0),
        ]);
      }
    }
  }
  return table.toString();
}

const customersOf = (rounds: readonly Round[]): number[] => [...new Set(rounds.map(({ customers }) => customers))];
