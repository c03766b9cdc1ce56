import type { Command } from 'commander';
import { readWithFallback } from '../../client/fallback-read.js';
import { ordersText } from '../../client/text/order-text.js';
import { PAGE_SIZE_MAX } from '../../services/ordering/limits.js';
import type { Cli, ClientOptions } from '../cli.js';
import { UsageError } from '../command-error.js';

interface OrdersOptions extends ClientOptions {
  readonly user: string;
  readonly pageSize?: string;
  readonly pageToken?: string;
}

/** `orders --user CODE`. */
export function addOrdersCommand(program: Command, cli: Cli): void {
  cli
    .withClientOptions(program.command('orders').description("show a user's orders, newest first"))
    .requiredOption('--user <code>', 'whose orders')
    .option('--page-size <n>', `orders on a page, 1 to ${PAGE_SIZE_MAX} (default: 50)`)
    .option('--page-token <token>', 'next_page_token of the page before')
    .action(async (options: OrdersOptions) => {
      const query = {
        user_code: options.user,
        ...(options.pageSize === undefined ? {} : { page_size: pageSizeOf(options.pageSize) }),
        ...(options.pageToken === undefined ? {} : { page_token: options.pageToken }),
      };
      await cli.withClient(options, async ({ client }) => {
        const read = await readWithFallback((readOptions) => client.getOrders({ ...query, ...readOptions }));
        cli.printRead(options, read, ({ orders, next_page_token: next }) => {
          const more = next === '' ? '' : `\nOlder ones: --page-token ${next}`;
          return ordersText(orders, cli.paint) + more;
        });
      });
    });
}

function pageSizeOf(text: string): number {
  const size = Number(text);
  if (/^[0-9]{1,3}$/.test(text) && size >= 1 && size <= PAGE_SIZE_MAX) return size;
  throw new UsageError(`--page-size is ${JSON.stringify(text)}; allowed: 1 to ${PAGE_SIZE_MAX}.`);
}
