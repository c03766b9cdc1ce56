import { readWithFallback } from '../../client/fallback-read.js';
import { pairsText, tupleText } from '../../client/text/tuples-text.js';
import { counted } from '../../client/text/values.js';
import type { AsOfView } from '../../ports/ordering-client.js';
import { tuplesContract } from '../../services/tuples/contract.js';
import { PAGE_SIZE_MAX } from '../../services/tuples/limits.js';
import type { Cli, ClientOptions } from '../cli.js';
import { UsageError } from '../command-error.js';
import { EXIT_FAILED, EXIT_INTERRUPTED } from '../environment.js';
import type { WrittenPair } from './tuple-arguments.js';
import { TupleSpace, type ProblemView, type ReadFrom, type Selection } from './tuple-space.js';

/** Options of the commands that read. */
export interface GetOptions extends ClientOptions {
  readonly replica?: string;
  readonly limit: string;
}

/** The `--json` of `tuples get`. */
interface Found extends ProblemView {
  readonly pairs: readonly WrittenPair[];
  /** Whether there may be more. */
  readonly more: boolean;
  readonly as_of: AsOfView;
}

const LIMIT_MAX = 100_000;
/** Time for each page. */
const PAGE_MS = 10_000;

/** `tuples get`: asks page after page, and prints what all of them hold. */
export async function getPairs(cli: Cli, options: GetOptions, selection: Selection): Promise<void> {
  const limit = limitOf(options.limit);
  const { replica } = options;
  const found = await cli.withServiceClient(tuplesContract, options, async (client) => {
    const space = new TupleSpace(client, PAGE_MS);
    // Whoever names a replica wants to see what that one holds, fresh or not.
    if (replica !== undefined) return { answer: await allPages(space, selection, { replica }, limit) };
    return readWithFallback(async ({ consistency }) => allPages(space, selection, { consistency }, limit));
  });
  const { answer } = found;
  if ('consistency' in found) cli.printRead(options, found, textOf);
  else cli.print(options, answer, textOf(answer));
  if (answer.problem === '') return;
  cli.note(`just-hungry: ${answer.reason} [${answer.problem}]`);
  cli.exitCode = EXIT_FAILED;
}

async function allPages(space: TupleSpace, selection: Selection, from: ReadFrom, limit: number): Promise<Found> {
  const pairs: WrittenPair[] = [];
  let pageToken = '';
  let minOp = 0;
  for (;;) {
    const size = Math.min(PAGE_SIZE_MAX, limit - pairs.length);
    const page = await space.get(selection, { ...from, min_op: minOp, size, pageToken });
    pairs.push(...page.pairs);
    const { next, problem, reason, as_of } = page;
    if (next === '' || pairs.length >= limit) return { pairs, more: next !== '', problem, reason, as_of };
    pageToken = next;
    minOp = as_of.op;
  }
}

function textOf({ pairs, more, problem }: Found): string {
  if (problem !== '') return '[]';
  const end = more
    ? `The first ${counted(pairs.length, 'pair')}; more with --limit.`
    : `${counted(pairs.length, 'pair')}.`;
  return `${pairsText(pairs)}${end}`;
}

/** `tuples scan`: prints pairs as they come. */
export async function scanPairs(cli: Cli, options: Omit<GetOptions, 'limit'>, selection: Selection): Promise<void> {
  const stopped = new AbortController();
  const forget = cli.environment.onSignal(['SIGINT', 'SIGTERM', 'SIGHUP'], () => {
    cli.exitCode = EXIT_INTERRUPTED;
    stopped.abort();
  });
  const { replica } = options;
  try {
    await cli.withServiceClient(tuplesContract, options, async (client) => {
      const space = new TupleSpace(client, PAGE_MS);
      for await (const { pairs, problem, reason } of space.scan(
        selection,
        replica === undefined ? {} : { replica },
        stopped.signal,
      )) {
        for (const pair of pairs) cli.print(options, pair, `${tupleText(pair.key)} = ${tupleText(pair.value)}`);
        if (problem === '') continue;
        cli.print(options, { pairs, problem, reason }, '[]');
        cli.note(`just-hungry: ${reason} [${problem}]`);
        cli.exitCode = EXIT_FAILED;
      }
    });
  } finally {
    forget();
  }
}

function limitOf(text: string): number {
  const limit = Number(text);
  if (/^[0-9]{1,6}$/.test(text) && limit >= 1 && limit <= LIMIT_MAX) return limit;
  throw new UsageError(`--limit is ${JSON.stringify(text)}; allowed: 1 to ${LIMIT_MAX}.`);
}
