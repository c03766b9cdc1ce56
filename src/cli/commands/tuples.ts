import { readFileSync } from 'node:fs';
import path from 'node:path';
import { text as readText } from 'node:stream/consumers';
import type { Command } from 'commander';
import { receiptText } from '../../client/text/order-text.js';
import { tupleText, pairsText } from '../../client/text/tuples-text.js';
import { counted } from '../../client/text/values.js';
import { tuplesContract } from '../../services/tuples/contract.js';
import { ELEMENT_LENGTH_MAX, PAIRS_MAX } from '../../services/tuples/limits.js';
import { tupleProblem } from '../../services/tuples/tuple.js';
import type { Cli, ClientOptions } from '../cli.js';
import { UsageError } from '../command-error.js';
import { EXIT_FAILED } from '../environment.js';
import { timeoutOf } from '../timeout-argument.js';
import { createGroup, deleteGroup, forGroups, keyOfGroup, type BulkResult } from '../tuples/bulk.js';
import { compareReplicas } from '../tuples/stats.js';
import { elementsOf, pairsOfArguments, pairsOfJson, type WrittenPair } from '../tuples/tuple-arguments.js';
import { TupleSpace, type ChangedView, type Selection } from '../tuples/tuple-space.js';
import { getPairs, scanPairs, type GetOptions } from '../tuples/reads.js';

interface WriteOptions extends ClientOptions {
  readonly writeConcern?: string;
  readonly timeout: string;
}
interface ChangeOptions extends WriteOptions {
  readonly file?: string;
}
interface BulkOptions extends WriteOptions {
  readonly from?: string;
  readonly to?: string;
  readonly parallel?: boolean;
}

/** `tuples get | scan | put | post | delete | create | create-one | delete-one | stats`. */
export function addTuplesCommand(program: Command, cli: Cli): void {
  const tuples = program.command('tuples').description('the tuple space: pairs of tuples, found by patterns');
  // Whatever is no command of it comes here.
  tuples
    .argument('[operator]')
    .argument('[rest...]')
    .allowUnknownOption()
    .action((operator: string | undefined) => {
      const known = tuples.commands.map((one) => one.name()).join(', ');
      if (operator === undefined) throw new UsageError(`Which operator? There are: ${known}.`);
      throw new UsageError(`tuples ${operator}: not implemented. There are: ${known}.`);
    });
  const command = (words: string, description: string): Command =>
    cli.withClientOptions(tuples.command(words).description(description));
  const read = (words: string, description: string): Command =>
    command(words, description).option('--replica <id>', 'ask this replica for what it holds, or the primary');
  const write = (words: string, description: string): Command =>
    command(words, description)
      .option('--write-concern <n>', '1 to the number of replicas, majority or all (default: as configured)')
      .option('--timeout <seconds>', 'how long to try each call, 1 to 600', '30');
  const bulk = (words: string, description: string): Command =>
    write(words, description)
      .option('--from <n>', 'first id of many groups')
      .option('--to <n>', 'last id')
      .option('--parallel', 'many calls at once');

  read('get <keys> [values]', 'show the pairs whose key and value match: a Python pattern for each element')
    .option('--limit <n>', 'pairs at most, 1 to 100000', '1000')
    .action(async (keys: string, values: string | undefined, options: GetOptions) =>
      getPairs(cli, options, selectionOf(keys, values)),
    );
  read('scan [keys] [values]', 'show all pairs that match, as they come').action(
    async (keys: string | undefined, values: string | undefined, options: GetOptions) =>
      scanPairs(cli, options, selectionOf(keys, values)),
  );
  for (const kind of ['put', 'post'] as const)
    write(
      `${kind} [pairs...]`,
      kind === 'put' ? 'add pairs whose key is absent: KEY VALUE …' : 'give keys that are present another value',
    )
      .option('--file <file>', 'pairs of a JSON list, of stdin for -: [[["user", "1"], ["ann"]], …]')
      .action(async (texts: string[], options: ChangeOptions) => change(cli, kind, options, texts));
  bulk('delete [keys] [values]', 'remove the pairs that match and show them; or the groups --from … --to').action(
    async (keys: string | undefined, values: string | undefined, options: BulkOptions) =>
      keys === undefined
        ? groups(cli, 'delete', options)
        : removePairs(cli, options, { from: options.from ?? options.to, selection: selectionOf(keys, values) }),
  );
  bulk('create', 'create the groups --from … --to, each by a call of its own').action(async (options: BulkOptions) =>
    groups(cli, 'create', options),
  );
  for (const kind of ['create', 'delete'] as const)
    write(`${kind}-one <id>`, `${kind} the group of this id: the pair ${tupleText(keyOfGroup('ID'))}`).action(
      async (id: string, options: WriteOptions) => oneGroup(cli, kind, options, id),
    );
  command('stats', 'whether all replicas hold the same pairs, and how many')
    .option('--wait <seconds>', 'how long to wait for replicas that lag, 1 to 600', '10')
    .action(async (options: ClientOptions & { wait: string }) => stats(cli, options));
}

function selectionOf(keys: string | undefined, values: string | undefined): Selection {
  return {
    keys: keys === undefined ? undefined : elementsOf(keys),
    values: values === undefined ? undefined : elementsOf(values),
  };
}

async function withSpace<T>(cli: Cli, options: WriteOptions, action: (space: TupleSpace) => Promise<T>): Promise<T> {
  const timeoutMs = timeoutOf(options.timeout);
  return cli.withServiceClient(tuplesContract, options, async (client) =>
    action(new TupleSpace(client, timeoutMs, options.writeConcern)),
  );
}

async function change(cli: Cli, kind: 'put' | 'post', options: ChangeOptions, texts: readonly string[]): Promise<void> {
  const pairs = await pairsOf(cli, options.file, texts);
  await withSpace(cli, options, async (space) => {
    // A list may be longer than a call; what is behind a call that failed is not done.
    for (let first = 0; first < pairs.length; first += PAIRS_MAX) {
      const some = pairs.slice(first, first + PAIRS_MAX);
      const { used, notUsed, receipt } = kind === 'put' ? await space.put(some) : await space.post(some);
      const all = notUsed.map((one) => ({ ...one, index: first + one.index }));
      const result =
        kind === 'put' ? { added: used, not_added: all, receipt } : { updated: used, not_used: all, receipt };
      cli.print(options, result, changeText(kind, { used, notUsed: all, receipt }));
      if (notUsed.length > 0) cli.exitCode = EXIT_FAILED;
    }
  });
}

async function pairsOf(cli: Cli, file: string | undefined, texts: readonly string[]): Promise<WrittenPair[]> {
  if (file === undefined) {
    if (texts.length === 0) throw new UsageError("No pairs: give KEY VALUE, such as 'user 1' ann, or --file FILE.");
    return pairsOfArguments(texts);
  }
  if (texts.length > 0) throw new UsageError('--file has all pairs: give none beside it.');
  if (file === '-') return pairsOfJson(await readText(cli.environment.stdin), 'stdin');
  try {
    return pairsOfJson(readFileSync(path.resolve(cli.environment.cwd, file), 'utf8'), file);
  } catch (error) {
    if (error instanceof UsageError) throw error;
    throw new UsageError(`${file} cannot be read: ${error instanceof Error ? error.message : String(error)}`);
  }
}

function changeText(kind: 'put' | 'post', { used, notUsed, receipt }: ChangedView): string {
  const did = kind === 'put' ? 'Added' : 'Updated';
  const lines = notUsed.map(
    ({ index, key, value, message }) => `  entry ${index}, ${tupleText(key)} = ${tupleText(value)}: ${message}`,
  );
  const others = lines.length === 0 ? [] : [`Not ${did.toLowerCase()}:`, ...lines];
  return [`${did} ${counted(used, 'pair')}. ${receiptText(receipt)}`, ...others].join('\n');
}

async function removePairs(
  cli: Cli,
  options: BulkOptions,
  { from, selection }: { readonly from: string | undefined; readonly selection: Selection },
): Promise<void> {
  if (from !== undefined) throw new UsageError('--from and --to name groups: give no patterns with them.');
  await withSpace(cli, options, async (space) => {
    let page = await space.delete(selection);
    for (;;) {
      const { pairs, problem, reason, receipt, next } = page;
      const result = { removed: pairs, problem, reason, more: next !== '', receipt };
      // One call does a bounded work; a page that removed nothing is told only if it is the only one.
      if (pairs.length > 0 || next === '')
        cli.print(
          options,
          result,
          problem === '' ? `${pairsText(pairs)}Removed ${counted(pairs.length, 'pair')}.` : '[]',
        );
      if (problem !== '') {
        cli.note(`just-hungry: ${reason} [${problem}]`);
        cli.exitCode = EXIT_FAILED;
      }
      if (next === '') return;
      page = await space.delete(selection, next);
    }
  });
}

async function groups(cli: Cli, kind: 'create' | 'delete', options: BulkOptions): Promise<void> {
  const ids = idsOf(options);
  const result = await withSpace(cli, options, async (space) =>
    forGroups(ids, { isParallel: options.parallel === true }, (id) =>
      kind === 'create' ? createGroup(space, id) : deleteGroup(space, id),
    ),
  );
  cli.print(options, result, bulkText(kind, result));
  if (result.failed.length > 0) cli.exitCode = EXIT_FAILED;
}

const GROUPS_MAX = 100_000;

function idsOf({ from, to }: BulkOptions): string[] {
  const first = numberOf('--from', from);
  const last = numberOf('--to', to);
  if (last < first || last - first >= GROUPS_MAX)
    throw new UsageError(`--to is ${last}; allowed: ${first} to ${first + GROUPS_MAX - 1}.`);
  return Array.from({ length: last - first + 1 }, (_, index) => String(first + index));
}

function numberOf(name: string, text: string | undefined): number {
  if (text === undefined) throw new UsageError(`Which groups? Give --from and --to, such as --from 0 --to 99.`);
  if (/^[0-9]{1,9}$/.test(text)) return Number(text);
  throw new UsageError(`${name} is ${JSON.stringify(text)}; allowed: a whole number from 0.`);
}

function bulkText(kind: 'create' | 'delete', { asked, done, failed }: BulkResult): string {
  return [
    `${kind === 'create' ? 'Created' : 'Deleted'} ${done} of ${counted(asked, 'group')}.`,
    ...failed.map(({ id, reason, message }) => `  group ${id}: ${message} [${reason}]`),
  ].join('\n');
}

async function oneGroup(cli: Cli, kind: 'create' | 'delete', options: WriteOptions, id: string): Promise<void> {
  // Not only because no group can have it: as a pattern it would delete others.
  if (tupleProblem([id]) !== undefined)
    throw new UsageError(
      `${JSON.stringify(id)} is no id of a group: give 1 to ${ELEMENT_LENGTH_MAX} ASCII letters and digits.`,
    );
  const problem = await withSpace(cli, options, async (space) =>
    kind === 'create' ? createGroup(space, id) : deleteGroup(space, id),
  );
  const did = kind === 'create' ? 'created' : 'deleted';
  const result = { id, [did]: problem === undefined, reason: problem?.reason ?? '' };
  cli.print(
    options,
    result,
    problem === undefined ? `Group ${id} ${did}.` : `Group ${id} not ${did}: ${problem.message}.`,
  );
  if (problem !== undefined) cli.exitCode = EXIT_FAILED;
}

async function stats(cli: Cli, options: ClientOptions & { readonly wait: string }): Promise<void> {
  const ids = cli.settings(options).replicas.map(({ id }) => id);
  const patienceMs = timeoutOf(options.wait);
  const found = await cli.withServiceClient(tuplesContract, options, async (client) =>
    compareReplicas(new TupleSpace(client, patienceMs), ids, patienceMs),
  );
  const counts = Object.fromEntries(found.replicas.map(({ id, tuples }) => [id, tuples]));
  const whys = found.replicas.filter(({ reason }) => reason !== '').map(({ id, reason }) => `${id}: ${reason}`);
  cli.print(options, found, [`[${found.equal}, ${JSON.stringify(counts)}]`, ...whys].join('\n'));
  if (!found.equal) cli.exitCode = EXIT_FAILED;
}
