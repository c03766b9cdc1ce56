import { parseArgs } from 'node:util';
import type { Workload } from './workloads/workload.js';
import { workloadsOf } from './workloads/registry.js';

/** What the command line asks for. Times in ms. */
export interface BenchOptions {
  readonly rounds: number;
  readonly measureMs: number;
  readonly warmUpMs: number;
  readonly firstWarmUpMs: number;
  readonly workloads: readonly Workload[];
  /** Instead of the customers of each workload. */
  readonly customers?: readonly number[];
  /** Calls a second, in place of customers who call again at once. */
  readonly ratePerSecond?: number;
  readonly hasPeers: boolean;
  readonly only?: string;
  readonly quietCores: number;
  readonly again: number;
  readonly json?: string;
  readonly markdown?: string;
  readonly profile?: string;
}

export const HELP = `npm run bench -- [options]
  --peers            etcd and PostgreSQL in the same run, where they are installed
  --workloads LIST   what customers do (order); all of order, stream, stream-wide, order-wc1, order-majority, order-all,
                     orders-of-user, menu, mix, append, put, backup-down,
                     transfer with "all"
  --rounds N         rounds of each subject, interleaved (5)
  --seconds N        measured in each round (3)
  --warm-up N        seconds before each measurement (0.5)
  --first-warm-up N  seconds for each subject before the first round (8)
  --customers LIST   concurrent customers (those of each workload: 1,16,64,256 for order, else 64)
  --rate N           N calls a second at fixed times, latency from the time at which each should have been sent
  --only SUBJECT     cluster, proxy or peers, to look at one alone
  --quiet CORES      a round in which everything else on the machine used more than this is measured again (0.3) …
  --again N          … this often at most (2); the one that was disturbed least counts
  --json FILE        writes everything that was measured
  --markdown FILE    writes the tables as Markdown
  --profile FOLDER   writes a CPU profile of every process of ours when it ends`;

/** Reads the command line; `undefined` when it asks for help. Throws on what it does not understand. */
export function parseOptions(args: readonly string[]): BenchOptions | undefined {
  const { values } = parseArgs({
    args: [...args],
    options: {
      peers: { type: 'boolean', default: false },
      workloads: { type: 'string', default: 'order' },
      rounds: { type: 'string', default: '5' },
      seconds: { type: 'string', default: '3' },
      'warm-up': { type: 'string', default: '0.5' },
      'first-warm-up': { type: 'string', default: '8' },
      customers: { type: 'string' },
      rate: { type: 'string' },
      only: { type: 'string' },
      quiet: { type: 'string', default: '0.3' },
      again: { type: 'string', default: '2' },
      json: { type: 'string' },
      markdown: { type: 'string' },
      profile: { type: 'string' },
      help: { type: 'boolean', default: false },
    },
  });
  if (values.help) return undefined;
  const { only, customers, rate, json, markdown, profile } = values;
  if (only !== undefined && !['cluster', 'proxy', 'peers'].includes(only))
    throw new Error(`--only is ${only}; allowed: cluster, proxy, peers`);
  return {
    rounds: wholeNumber('rounds', values.rounds),
    measureMs: positive('seconds', values.seconds) * 1000,
    warmUpMs: positive('warm-up', values['warm-up']) * 1000,
    firstWarmUpMs: positive('first-warm-up', values['first-warm-up']) * 1000,
    workloads: workloadsOf(values.workloads),
    ...(customers === undefined ? {} : { customers: customers.split(',').map((one) => wholeNumber('customers', one)) }),
    ...(rate === undefined ? {} : { ratePerSecond: positive('rate', rate) }),
    hasPeers: values.peers || only === 'peers',
    ...(only === undefined ? {} : { only }),
    quietCores: positive('quiet', values.quiet),
    again: Number(values.again),
    ...(json === undefined ? {} : { json }),
    ...(markdown === undefined ? {} : { markdown }),
    ...(profile === undefined ? {} : { profile }),
  };
}

function positive(name: string, text: string): number {
  const value = Number(text);
  if (!(value > 0 && value < Infinity)) throw new Error(`--${name} is ${text}; allowed: a number above 0`);
  return value;
}

function wholeNumber(name: string, text: string): number {
  const value = positive(name, text);
  if (!Number.isInteger(value)) throw new Error(`--${name} is ${text}; allowed: whole numbers from 1 on`);
  return value;
}
