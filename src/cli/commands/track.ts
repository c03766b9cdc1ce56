import type { Command } from 'commander';
import { readWithFallback } from '../../client/fallback-read.js';
import { historyText, orderText } from '../../client/text/order-text.js';
import type { Cli, ClientOptions } from '../cli.js';
import { orderIdOf } from '../order-id.js';

/** `track ORDER`. */
export function addTrackCommand(program: Command, cli: Cli): void {
  cli
    .withClientOptions(program.command('track').description('show an order with the history of its status'))
    .argument('<order>', 'its id')
    .action(async (text: string, options: ClientOptions) => {
      const orderId = orderIdOf(text);
      await cli.withClient(options, async ({ client }) => {
        const read = await readWithFallback((readOptions) => client.getOrder(orderId, readOptions));
        cli.printRead(
          options,
          read,
          ({ order, history }) => `${orderText(order, cli.paint)}\n\n${historyText(history)}`,
        );
      });
    });
}
