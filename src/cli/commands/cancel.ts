import type { Command } from 'commander';
import { v7 as uuidV7 } from 'uuid';
import { repeatedWrite } from '../../client/repeated-write.js';
import { receiptText } from '../../client/text/order-text.js';
import type { Cli, ClientOptions } from '../cli.js';
import { orderIdOf } from '../order-id.js';

/** `cancel ORDER`. */
export function addCancelCommand(program: Command, cli: Cli): void {
  cli
    .withClientOptions(program.command('cancel').description('cancel an order that is not accepted yet'))
    .argument('<order>', 'its id')
    .action(async (text: string, options: ClientOptions) => {
      const orderId = orderIdOf(text);
      await cli.withClient(options, async ({ client }) => {
        const requestId = uuidV7();
        const result = await repeatedWrite(() => client.cancelOrder(requestId, orderId));
        cli.print(options, result, `Order ${orderId} is ${result.order.status}. ${receiptText(result.receipt)}`);
      });
    });
}
