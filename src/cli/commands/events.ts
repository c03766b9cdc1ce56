import { setTimeout as pause } from 'node:timers/promises';
import type { Command } from 'commander';
import { alignedTable } from '../../client/text/table.js';
import { EventTail, type TailRound } from '../../operations/events/event-tail.js';
import { historyOfPrimaries, type PrimaryTerm } from '../../operations/events/merged-events.js';
import type { ReplicaEvent } from '../../ports/events.js';
import type { Cli, CommonOptions } from '../cli.js';
import { UsageError } from '../command-error.js';
import { withKnownToken } from '../configuration.js';
import { EXIT_DONE, EXIT_FAILED, EXIT_INTERRUPTED } from '../environment.js';

/** Events shown when nothing says how many. */
const LAST_DEFAULT = 50;
const LAST_MAX = 1_000;
/** ms between two rounds of `--follow`. */
const FOLLOW_EVERY_MS = 250;

interface EventsOptions extends CommonOptions {
  readonly follow?: boolean;
  readonly since?: string;
  readonly last?: string;
  readonly primaries?: boolean;
}

/** `events`: what has happened, at all replicas in one list; exit code 1 when no replica can be asked. */
export function addEventsCommand(program: Command, cli: Cli): void {
  cli
    .withCommonOptions(
      program.command('events').description('what has happened: failures, view changes, repairs; asks each replica'),
    )
    .option('--follow', 'go on with what happens, until Ctrl-C')
    .option('--since <time>', 'from then on: RFC 3339, or as long ago as 30s, 10m, 2h, 3d')
    .option('--last <n>', `the newest, 1 to ${LAST_MAX} (default: ${LAST_DEFAULT})`)
    .option('--primaries', 'who was primary when, and why')
    .action(async (options: EventsOptions) => {
      if (options.primaries === true && options.follow === true)
        throw new UsageError('--primaries is a list of what was; leave out --follow.');
      const sinceTime = options.since === undefined ? undefined : sinceOf(options.since, Date.now());
      const last = lastOf(options, sinceTime);
      const configuration = withKnownToken(cli.settings(options));
      const { replicas } = configuration;
      const sources = await Promise.all(
        replicas.map(async ({ id, address }) => ({
          id,
          reader: await cli.environment.createEventReader(address, configuration),
        })),
      );
      const told = new Reachability(cli);
      try {
        const tail = new EventTail(sources, Date.now());
        const round = await tail.first(sinceTime === undefined && options.primaries !== true ? last : Infinity);
        told.note(round);
        const events = round.events.filter(({ time }) => sinceTime === undefined || time >= sinceTime).slice(-last);
        if (options.primaries === true)
          printPrimaries(cli, options, round, { firstMember: replicas[0]?.id ?? '', since: sinceTime ?? '', last });
        else if (options.follow === true) await follow(cli, options, tail, events, told);
        else cli.print(options, { events, unreachable: [...round.unreachable.keys()] }, eventsText(events));
        if (options.follow !== true && round.unreachable.size === sources.length) cli.exitCode = EXIT_FAILED;
      } finally {
        for (const { reader } of sources) reader.close();
      }
    });
}

/** Tells on stderr when a replica can no longer be asked, and when it can again. */
class Reachability {
  #unreachable: ReadonlyMap<string, string> = new Map();

  constructor(private readonly cli: Cli) {}

  note({ unreachable }: TailRound): void {
    for (const [id, why] of unreachable)
      if (!this.#unreachable.has(id))
        this.cli.note(`just-hungry: ${id} does not answer, its events are missing: ${why}`);
    for (const id of this.#unreachable.keys())
      if (!unreachable.has(id)) this.cli.note(`just-hungry: ${id} answers again; its events follow`);
    this.#unreachable = unreachable;
  }
}

async function follow(
  cli: Cli,
  options: EventsOptions,
  tail: EventTail,
  first: readonly ReplicaEvent[],
  told: Reachability,
): Promise<void> {
  const stopped = new AbortController();
  cli.exitCode = EXIT_DONE;
  const forget = cli.environment.onSignal(['SIGINT', 'SIGTERM', 'SIGHUP'], () => {
    cli.exitCode = EXIT_INTERRUPTED;
    stopped.abort();
  });
  const print = (events: readonly ReplicaEvent[]): void => {
    for (const event of events) cli.print(options, event, lineOf(event));
  };
  try {
    print(first);
    while (!stopped.signal.aborted) {
      await pause(FOLLOW_EVERY_MS, undefined, { signal: stopped.signal }).catch(() => undefined);
      const round = await tail.next(performance.now());
      if (stopped.signal.aborted) return;
      told.note(round);
      print(round.events);
    }
  } finally {
    forget();
  }
}

function printPrimaries(
  cli: Cli,
  options: EventsOptions,
  { events, unreachable }: TailRound,
  { firstMember, since, last }: { readonly firstMember: string; readonly since: string; readonly last: number },
): void {
  const primaries = historyOfPrimaries(events, firstMember)
    .filter(({ from }) => from >= since)
    .slice(-last);
  cli.print(options, { primaries, unreachable: [...unreachable.keys()] }, primariesText(primaries));
}

function primariesText(primaries: readonly PrimaryTerm[]): string {
  if (primaries.length === 0) return 'No replica that answers has become primary, as far as is known.';
  return alignedTable(
    [
      { heading: 'FROM' },
      { heading: 'PRIMARY' },
      { heading: 'VIEW', align: 'right' },
      { heading: 'OP', align: 'right' },
      { heading: 'WHY' },
    ],
    primaries.map(({ from, primary, view, op, reason }) => [from, primary, String(view), String(op), reason]),
  );
}

function eventsText(events: readonly ReplicaEvent[]): string {
  if (events.length === 0) return 'Nothing has happened, as far as the replicas that answer know.';
  return alignedTable(
    [
      { heading: 'TIME' },
      { heading: 'REPLICA' },
      { heading: 'EVENT' },
      { heading: 'ABOUT' },
      { heading: 'VIEW', align: 'right' },
      { heading: 'OP', align: 'right' },
      { heading: 'WHY' },
    ],
    events.map(({ time, replica, kind, subject, view, op, reason }) => [
      time,
      replica,
      kind,
      subject,
      String(view),
      String(op),
      reason,
    ]),
  );
}

/** As it comes: columns cannot know what follows. */
function lineOf({ time, replica, kind, subject, view, op, reason }: ReplicaEvent): string {
  const about = subject === '' ? '' : ` ${subject}`;
  return `${time} ${replica} view ${view} op ${op} ${kind}${about}${reason === '' ? '' : `: ${reason}`}`;
}

const UNIT_MS: Readonly<Record<string, number>> = { s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 };

/** The time in the form that events have. */
function sinceOf(text: string, nowMs: number): string {
  const ago = /^([0-9]{1,6})([smhd])$/.exec(text);
  const ms = ago === null ? Date.parse(text) : nowMs - Number(ago[1]) * (UNIT_MS[ago[2] ?? ''] ?? 0);
  if (!Number.isNaN(ms) && (ago !== null || /^\d{4}-\d\d-\d\d/.test(text))) return new Date(ms).toISOString();
  throw new UsageError(
    `--since is ${JSON.stringify(text)}; allowed: a time such as 2026-11-21T12:00:00Z, or as long ago as 30s, 10m, 2h, 3d.`,
  );
}

/** With `--since` or `--primaries` all of it, unless it is said how many. */
function lastOf({ last, primaries }: EventsOptions, since: string | undefined): number {
  if (last === undefined) return since === undefined && primaries !== true ? LAST_DEFAULT : Infinity;
  if (/^[0-9]{1,4}$/.test(last) && Number(last) >= 1 && Number(last) <= LAST_MAX) return Number(last);
  throw new UsageError(`--last is ${JSON.stringify(last)}; allowed: a whole number from 1 to ${LAST_MAX}.`);
}
