import { randomUUID } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';
import type { Command } from 'commander';
import { readWithFallback } from '../../client/fallback-read.js';
import { placeOrder, type PlacementOutcome } from '../../client/placement.js';
import type { NewOrder } from '../../ports/ordering-client.js';
import type { Cli, ClientOptions, Connection } from '../cli.js';
import { UsageError } from '../command-error.js';
import { EXIT_INTERRUPTED } from '../environment.js';
import { linesFromArguments } from '../order-arguments.js';
import { timeoutOf } from '../timeout-argument.js';
import { report, RESUME_HINT } from './order-report.js';
import { resumeOrders } from './order-resume.js';
import { streamOrders } from './order-stream.js';

interface OrderOptions extends ClientOptions {
  readonly user?: string;
  readonly postcode?: string;
  readonly name?: string;
  readonly phone?: string;
  readonly address?: string;
  readonly notes?: string;
  readonly writeConcern?: string;
  readonly timeout: string;
  readonly resume?: boolean;
  readonly stream?: string;
}

const ATTEMPT_MS_MAX = 5_000;
const PAUSE_MS = 200;
/** Time for each order of a stream at most. */
const STREAM_MS_MAX = 60_000;

/** `order ITEM[=N]… --user --postcode`, `order --resume [ORDER…]`, `order --stream FILE`. */
export function addOrderCommand(program: Command, cli: Cli): void {
  cli
    .withClientOptions(program.command('order').description('place an order at the prices of the menu'))
    .argument('[items...]', "names as on the menu, each with the number of portions: 'Dal Tadka=2'")
    .option('--user <code>', 'whose order')
    .option('--postcode <code>', 'where to')
    .option('--name <text>')
    .option('--phone <text>')
    .option('--address <text>')
    .option('--notes <text>', 'for the kitchen or the driver')
    .option('--write-concern <n>', '1 to the number of replicas, majority or all (default: as configured)')
    .option('--timeout <seconds>', 'how long to try, 1 to 600', '10')
    .option('--resume', 'find or place the orders of this computer whose outcome is not known; items are their ids')
    .option(
      '--stream <file>',
      'place the orders of a file, or of stdin for -: a JSON object a line; prints a line for each',
    )
    .action(async (items: string[], options: OrderOptions) => {
      const timeoutMs = timeoutOf(options.timeout);
      const { stream } = options;
      if (stream !== undefined) {
        if (items.length > 0 || options.resume === true || options.user !== undefined)
          throw new UsageError('--stream takes everything from its lines: give no items, --user or --resume with it.');
        return streamOrders(cli, { ...options, stream }, Math.min(timeoutMs, STREAM_MS_MAX));
      }
      await cli.withClient(options, async (connection) => {
        const send = async (order: NewOrder): Promise<PlacementOutcome> => sendOrder(cli, connection, order, timeoutMs);
        if (options.resume === true) return resumeOrders(cli, options, connection, items, send);
        const order = await newOrder(connection, items, options);
        report(cli, options, order.order_id, await send(order));
        return undefined;
      });
      return undefined;
    });
}

async function newOrder({ client }: Connection, items: readonly string[], options: OrderOptions): Promise<NewOrder> {
  const { user, postcode, name = '', phone = '', address = '', notes, writeConcern } = options;
  if (items.length === 0)
    throw new UsageError("Nothing to order: name an item, such as just-hungry order 'Dal Tadka=2'.");
  if (user === undefined) throw new UsageError('Whose order? Give --user CODE.');
  if (postcode === undefined) throw new UsageError('Where to? Give --postcode CODE.');
  const { answer } = await readWithFallback((read) => client.getMenu(read));
  return {
    order_id: randomUUID(),
    user_code: user,
    lines: linesFromArguments(items, answer.items),
    post_code: postcode,
    ...(name === '' && phone === '' && address === '' ? {} : { contact: { name, phone, address } }),
    ...(notes === undefined ? {} : { notes }),
    ...(writeConcern === undefined ? {} : { write_concern: writeConcern }),
  };
}

/** Sends an order under its one id until there is an outcome or the time is over. */
async function sendOrder(
  cli: Cli,
  { client, frontEnds }: Connection,
  order: NewOrder,
  timeoutMs: number,
): Promise<PlacementOutcome> {
  const { environment } = cli;
  const pending = cli.pendingOrders();
  const forget = environment.onSignal(['SIGINT', 'SIGTERM', 'SIGHUP'], () => {
    cli.note(`\njust-hungry: interrupted; order ${order.order_id} may have been placed.\n${RESUME_HINT}`);
    environment.exit(EXIT_INTERRUPTED);
  });
  const endMs = performance.now() + timeoutMs;
  try {
    for (;;) {
      const leftMs = Math.max(1, Math.round(endMs - performance.now()));
      const outcome = await placeOrder({ client, pending, frontEnds }, order, Math.min(ATTEMPT_MS_MAX, leftMs));
      if (outcome.kind !== 'unknown' || performance.now() + PAUSE_MS >= endMs) return outcome;
      await pause(PAUSE_MS);
    }
  } finally {
    forget();
  }
}
