import type { Command } from 'commander';
import { readWithFallback } from '../../client/fallback-read.js';
import { type MessageView, messageText } from '../../client/text/log-text.js';
import { counted } from '../../client/text/values.js';
import type { AsOfView } from '../../ports/ordering-client.js';
import { logContract } from '../../services/log/contract.js';
import { LIMIT_DEFAULT, LIMIT_MAX } from '../../services/log/limits.js';
import type { Cli, ClientOptions } from '../cli.js';
import { UsageError } from '../command-error.js';
import { EXIT_DONE, EXIT_INTERRUPTED } from '../environment.js';
import { appendLines, appendValue } from './log-append.js';

interface AppendOptions extends ClientOptions {
  readonly writeConcern?: string;
  readonly id?: string;
  readonly timeout: string;
}
interface ListOptions extends ClientOptions {
  readonly from: string;
  readonly limit: string;
  readonly replica?: string;
}
interface TailOptions extends ClientOptions {
  readonly from?: string;
}

interface ListAnswer {
  readonly messages: readonly MessageView[];
  readonly next_from: number;
  readonly count: number;
  readonly as_of: AsOfView;
}

/** Messages that `tail` begins with, where nothing is said. */
const TAIL_DEFAULT = 10;

/** `log append VALUE`, `log list`, `log tail`. */
export function addLogCommand(program: Command, cli: Cli): void {
  const log = program.command('log').description('the message log: append, list, tail');
  const command = (words: string, description: string): Command =>
    cli.withClientOptions(log.command(words).description(description));

  command('append <value>', 'append a message; - appends each line of stdin, in their order')
    .option('--write-concern <n>', '1 to the number of replicas, majority or all (default: as configured)')
    .option(
      '--id <uuid>',
      'UUIDv7 of the request: of an append that is repeated the one of before (default: a new one)',
    )
    .option('--timeout <seconds>', 'how long each attempt may take, 1 to 600', '10')
    .action(async (value: string, options: AppendOptions) => {
      if (value === '-') await appendLines(cli, options);
      else await appendValue(cli, options, value);
    });
  command('list', 'show messages from a key on')
    .option('--from <key>', 'first key', '0')
    .option('--limit <n>', `messages at most, 1 to ${LIMIT_MAX}`, String(LIMIT_DEFAULT))
    .option('--replica <id>', 'ask this replica for what it holds, or the primary')
    .action(async (options: ListOptions) => list(cli, options));
  command('tail', 'show messages as they are committed, until Ctrl-C')
    .option('--from <key>', `first key (default: the last ${TAIL_DEFAULT})`)
    .action(async (options: TailOptions) => tail(cli, options));
}

async function list(cli: Cli, options: ListOptions): Promise<void> {
  const from = keyOf(options.from);
  const limit = limitOf(options.limit);
  const { replica = '' } = options;
  await cli.withServiceClient(logContract, options, async (client) => {
    // Whoever names a replica wants to see what that one holds, fresh or not.
    if (replica !== '') {
      const answer = await client.call<ListAnswer>('List', { from, limit, replica });
      cli.print(options, answer, listText(answer, from));
      return;
    }
    const read = await readWithFallback((how) =>
      client.call<ListAnswer>('List', { from, limit, consistency: how.consistency }),
    );
    cli.printRead(options, read, (answer) => listText(answer, from));
  });
}

async function tail(cli: Cli, options: TailOptions): Promise<void> {
  const stopped = new AbortController();
  const forget = cli.environment.onSignal(['SIGINT', 'SIGTERM', 'SIGHUP'], () => {
    cli.exitCode = EXIT_INTERRUPTED;
    stopped.abort();
  });
  cli.exitCode = EXIT_DONE;
  try {
    await cli.withServiceClient(logContract, options, async (client) => {
      const from = options.from === undefined ? await lastKeys() : keyOf(options.from);
      const pages = client.stream<Pick<ListAnswer, 'messages'>>('Tail', { from }, stopped.signal, {
        resume: (last) => ({ from: last['next_from'] }),
      });
      for await (const { messages } of pages)
        for (const message of messages) cli.print(options, message, messageText(message));

      async function lastKeys(): Promise<number> {
        const { answer } = await readWithFallback((how) =>
          client.call<ListAnswer>('List', { from: 0, limit: 1, consistency: how.consistency }),
        );
        return Math.max(0, answer.count - TAIL_DEFAULT);
      }
    });
  } catch (error) {
    if (!stopped.signal.aborted) throw error;
  } finally {
    forget();
  }
}

function listText({ messages, next_from: nextFrom, count, as_of: asOf }: ListAnswer, from: number): string {
  const about = `of ${counted(count, 'message')}, as of op ${asOf.op} at ${asOf.replica}`;
  if (messages.length === 0) return `No messages from key ${from} on, ${about}.`;
  const more = nextFrom < count ? `\nMore with --from ${nextFrom}.` : '';
  return `${messages.map(messageText).join('\n')}\n\n${messages.length} ${about}.${more}`;
}

function keyOf(text: string): number {
  if (/^[0-9]{1,15}$/.test(text)) return Number(text);
  throw new UsageError(`--from is ${JSON.stringify(text)}; allowed: a whole number from 0.`);
}

function limitOf(text: string): number {
  const limit = Number(text);
  if (/^[0-9]{1,4}$/.test(text) && limit >= 1 && limit <= LIMIT_MAX) return limit;
  throw new UsageError(`--limit is ${JSON.stringify(text)}; allowed: 1 to ${LIMIT_MAX}.`);
}
