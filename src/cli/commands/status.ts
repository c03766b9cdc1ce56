import type { Command } from 'commander';
import { setTimeout as pause } from 'node:timers/promises';
import { alignedTable } from '../../client/text/table.js';
import { clockTime, dayAndTime } from '../../client/text/values.js';
import type { ClusterConfiguration } from '../../ports/configuration.js';
import type { Cli, CommonOptions } from '../cli.js';
import { clusterStatus, type ClusterStatus } from '../cluster-status.js';
import { UsageError } from '../command-error.js';
import { withKnownToken } from '../configuration.js';
import { EXIT_DONE, EXIT_FAILED, EXIT_INTERRUPTED } from '../environment.js';
import { replicaAnswers } from '../start-report.js';
import type { StateHashes } from '../cluster-status-view.js';
import { stateHashes } from '../state-hashes.js';
import { bytesText, durationText } from '../status-advice.js';

interface StatusOptions extends CommonOptions {
  readonly watch?: boolean;
  readonly interval: string;
}

/** Hexadecimal digits of a hash that people are shown. */
const SHORT = 12;
const FAULT_LENGTH_MAX = 60;
/** Takes the place of what stood on the terminal. */
const CLEAR = '\u001b[H\u001b[2J';

/** `status`: how the cluster is; exit code 1 when it takes no orders. */
export function addStatusCommand(program: Command, cli: Cli): void {
  cli
    .withCommonOptions(program.command('status').description('show how the replicas are; asks each of them'))
    .option('--watch', 'show it again and again, until Ctrl-C')
    .option('--interval <seconds>', 'between two looks', '2')
    .action(async (options: StatusOptions) => {
      const configuration = withKnownToken(cli.settings(options));
      const intervalMs = secondsOf(options.interval) * 1000;
      if (options.watch !== true) return show(cli, options, configuration);
      await watch(cli, options, configuration, intervalMs);
    });
}

function secondsOf(text: string): number {
  const seconds = Number(text);
  if (/^[0-9.]{1,6}$/.test(text) && seconds >= 0.2 && seconds <= 3600) return seconds;
  throw new UsageError(`--interval is ${JSON.stringify(text)}; allowed: 0.2 to 3600 seconds.`);
}

async function show(cli: Cli, options: StatusOptions, configuration: ClusterConfiguration): Promise<void> {
  const answers = await replicaAnswers(cli, configuration);
  const hashes = await hashesOrNone(cli, configuration, answers);
  const status = clusterStatus(answers, configuration.quorum, hashes);
  const isWatched = options.watch === true && options.json !== true;
  const isTerminal = isWatched && cli.environment.stdout.isTTY === true;
  const above = isWatched ? `${isTerminal ? CLEAR : ''}${new Date().toISOString()}  ` : '';
  const below = isWatched && !isTerminal ? '\n' : '';
  cli.print(options, status, `${above}${statusText(status)}${below}`);
  cli.exitCode = status.writable ? EXIT_DONE : EXIT_FAILED;
}

async function watch(
  cli: Cli,
  options: StatusOptions,
  configuration: ClusterConfiguration,
  intervalMs: number,
): Promise<void> {
  const stopped = new AbortController();
  const forget = cli.environment.onSignal(['SIGINT', 'SIGTERM', 'SIGHUP'], () => stopped.abort());
  try {
    while (!stopped.signal.aborted) {
      await show(cli, options, configuration);
      await pause(intervalMs, undefined, { signal: stopped.signal }).catch(() => undefined);
    }
    cli.exitCode = EXIT_INTERRUPTED;
  } finally {
    forget();
  }
}

/** A status without hashes is better than none. */
async function hashesOrNone(cli: Cli, ...of: [ClusterConfiguration, Parameters<typeof stateHashes>[2]]) {
  try {
    return await stateHashes(cli, ...of);
  } catch {
    return { op: 0, byId: new Map() } satisfies StateHashes;
  }
}

function statusText(status: ClusterStatus): string {
  const { advice, hash_op: hashOp } = status;
  const table = alignedTable(
    COLUMNS.map(([heading, align]) => ({
      heading: heading === 'STATE' && hashOp > 0 ? `STATE AT OP ${hashOp}` : heading,
      align,
    })),
    status.replicas.map(rowOf),
  );
  const todo = advice.map((line) => `To do: ${line}.`);
  return [headOf(status), '', table, ...(todo.length === 0 ? [] : ['', ...todo])].join('\n');
}

function headOf({ writable, may_fail: mayFail, reason, replicas, advice }: ClusterStatus): string {
  const more = mayFail === 1 ? '1 more replica may fail' : `${mayFail} more replicas may fail`;
  if (writable) return `Taking orders; ${more}.${advice.length === 0 ? ' Nothing to do.' : ''}`;
  const isAlone = replicas.some(({ takes_alone: takesAlone }) => takesAlone);
  return `${isAlone ? 'Taking new orders, which wait for confirmation' : 'Not taking orders'}: ${reason}`;
}

const COLUMNS = [
  ['REPLICA', 'left'],
  ['ADDRESS', 'left'],
  ['ROLE', 'left'],
  ['HEALTH', 'left'],
  ['VIEW', 'right'],
  ['OP', 'right'],
  ['COMMIT', 'right'],
  ['LAG', 'right'],
  ['ORDERS', 'right'],
  ['READS', 'right'],
  ['STATE', 'left'],
  ['FREE', 'right'],
  ['UP', 'right'],
  ['LAST FAULT', 'left'],
  ['', 'left'],
] as const;

/** The time of day, and the day where it is not of the last 24 hours: a fault is kept over restarts. */
const whenText = (at: string): string => (Date.now() - Date.parse(at) < 86_400_000 ? clockTime(at) : dayAndTime(at));

function rowOf(replica: ClusterStatus['replicas'][number]): string[] {
  const { disk_free_bytes: free, uptime_seconds: uptime, last_fault: fault, lag_seconds: seconds } = replica;
  const isSilent = replica.role === 'down' || replica.role === 'unknown';
  const known = (value: number): string => (isSilent ? '-' : String(value));
  const lag =
    seconds === null || seconds === 0 ? known(replica.lag_ops) : `${replica.lag_ops} (${durationText(seconds)})`;
  const faultText = fault === null ? '-' : `${whenText(fault.at)} ${fault.what}`;
  return [
    replica.id,
    replica.address,
    replica.role,
    replica.health,
    known(replica.view),
    known(replica.op),
    known(replica.commit),
    lag,
    replica.orders === null ? '-' : String(replica.orders),
    replica.reads === null ? '-' : String(replica.reads),
    replica.state_hash === '' ? '-' : replica.state_hash.slice(0, SHORT),
    free === null ? '-' : bytesText(free),
    uptime === null ? '-' : durationText(uptime),
    faultText.length > FAULT_LENGTH_MAX ? `${faultText.slice(0, FAULT_LENGTH_MAX - 1)}…` : faultText,
    replica.reason,
  ];
}
