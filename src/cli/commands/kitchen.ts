import type { Command } from 'commander';
import { v7 as uuidV7 } from 'uuid';
import { runKitchenTerminal } from '../../client/kitchen/kitchen-terminal.js';
import { repeatedWrite } from '../../client/repeated-write.js';
import { eventText, receiptText } from '../../client/text/order-text.js';
import type { OrderingClient, OrderStatusName } from '../../ports/ordering-client.js';
import { isOrderStatus, ORDER_STATUSES } from '../../services/ordering/order-status.js';
import { type Cli, type ClientOptions, repeated } from '../cli.js';
import { UsageError } from '../command-error.js';
import { EXIT_DONE, EXIT_INTERRUPTED } from '../environment.js';
import { orderIdOf } from '../order-id.js';

interface KitchenOptions extends ClientOptions {
  readonly set?: readonly string[];
  readonly fromOp: string;
}

/** `kitchen`: the live board, events as lines, or `--set ORDER=STATUS`. */
export function addKitchenCommand(program: Command, cli: Cli): void {
  cli
    .withClientOptions(
      program.command('kitchen').description('live board of the open orders; without a terminal: events as lines'),
    )
    .option('--set <order=status>', 'move an order on and leave; may be repeated', repeated)
    .option('--from-op <n>', 'first event to print, without a terminal', '0')
    .action(async (options: KitchenOptions) => {
      const changes = options.set?.map(changeOf);
      const fromOp = opOf(options.fromOp);
      await cli.withClient(options, async ({ client }) => {
        if (changes !== undefined) return setStatuses(cli, options, client, changes);
        return watch(cli, options, client, fromOp);
      });
    });
}

interface Change {
  readonly orderId: string;
  readonly status: OrderStatusName;
}

async function setStatuses(
  cli: Cli,
  options: KitchenOptions,
  client: OrderingClient,
  changes: readonly Change[],
): Promise<void> {
  for (const { orderId, status } of changes) {
    const requestId = uuidV7();
    const result = await repeatedWrite(() => client.updateOrderStatus(requestId, orderId, status));
    cli.print(options, result, `Order ${orderId} is ${result.order.status}. ${receiptText(result.receipt)}`);
  }
}

async function watch(cli: Cli, options: KitchenOptions, client: OrderingClient, fromOp: number): Promise<void> {
  const { environment } = cli;
  const { stdin, stdout } = environment;
  const stopped = new AbortController();
  cli.exitCode = EXIT_DONE;
  const forget = environment.onSignal(['SIGINT', 'SIGTERM', 'SIGHUP'], () => {
    cli.exitCode = EXIT_INTERRUPTED;
    stopped.abort();
  });
  try {
    if (stdin.isTTY === true && stdout.isTTY === true && options.json !== true) {
      const code = await runKitchenTerminal(client, { input: stdin, output: stdout, paint: cli.paint }, stopped.signal);
      if (code !== EXIT_DONE) cli.exitCode = code;
      return;
    }
    for await (const event of client.watchOrders(fromOp, undefined, stopped.signal))
      cli.print(options, event, eventText(event));
  } catch (error) {
    if (!stopped.signal.aborted) throw error;
  } finally {
    forget();
  }
}

function changeOf(text: string): Change {
  const at = text.indexOf('=');
  const status = text.slice(at + 1).toLowerCase();
  if (at > 0 && isOrderStatus(status)) return { orderId: orderIdOf(text.slice(0, at)), status };
  const allowed = ORDER_STATUSES.slice(1).join(', ');
  throw new UsageError(`--set is ${JSON.stringify(text)}; allowed: ORDER=STATUS with a status of ${allowed}.`);
}

function opOf(text: string): number {
  if (/^[0-9]{1,15}$/.test(text)) return Number(text);
  throw new UsageError(`--from-op is ${JSON.stringify(text)}; allowed: a whole number from 0.`);
}
