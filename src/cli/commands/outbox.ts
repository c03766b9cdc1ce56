import type { Command } from 'commander';
import { itemsText } from '../../client/text/order-text.js';
import { alignedTable } from '../../client/text/table.js';
import { counted, dayAndTime, pounds } from '../../client/text/values.js';
import type { OrderView } from '../../ports/ordering-client.js';
import type { Cli, CommonOptions } from '../cli.js';
import { withKnownToken } from '../configuration.js';
import { type ClusterAccess, EXIT_FAILED } from '../environment.js';

/** One row: an order in the outbox of a replica. The same order may wait at several. */
export interface OutboxRow extends Pick<OrderView, 'order_id' | 'user_code' | 'lines' | 'total_pence' | 'placed_at'> {
  readonly replica: string;
  /** `waiting`: acknowledged there, not known to be committed. */
  readonly state: 'waiting';
}

interface Answer {
  readonly id: string;
  readonly orders: readonly OrderView[] | undefined;
  readonly why: string;
}

/** `outbox`: what waits in the replicas' outboxes for confirmation; exit code 1 when no replica can be asked. */
export function addOutboxCommand(program: Command, cli: Cli): void {
  cli
    .withCommonOptions(
      program.command('outbox').description('list orders that wait for confirmation; asks each replica'),
    )
    .action(async (options: CommonOptions) => {
      const configuration = withKnownToken(cli.settings(options));
      const answers = await Promise.all(
        configuration.replicas.map(({ id, address }) => ask(cli, id, address, configuration)),
      );
      const orders = answers.flatMap(({ id, orders: held }) => (held ?? []).map((order) => rowOf(id, order)));
      const unreachable = answers.filter(({ orders: held }) => held === undefined);
      for (const { id, why } of unreachable) cli.note(`just-hungry: ${id} does not answer: ${why}`);
      cli.print(options, { orders, unreachable: unreachable.map(({ id }) => id) }, outboxText(orders));
      if (unreachable.length === answers.length) cli.exitCode = EXIT_FAILED;
    });
}

async function ask(cli: Cli, id: string, address: string, access: ClusterAccess): Promise<Answer> {
  const reader = await cli.environment.createStatusReader(address, access);
  try {
    return { id, orders: await reader.outbox(), why: '' };
  } catch (error) {
    return { id, orders: undefined, why: error instanceof Error ? error.message : String(error) };
  } finally {
    reader.close();
  }
}

function rowOf(replica: string, { order_id, user_code, lines, total_pence, placed_at }: OrderView): OutboxRow {
  return { replica, order_id, user_code, lines, total_pence, placed_at, state: 'waiting' };
}

function outboxText(rows: readonly OutboxRow[]): string {
  if (rows.length === 0) return 'No order waits for confirmation.';
  const table = alignedTable(
    [
      { heading: 'REPLICA' },
      { heading: 'ORDER' },
      { heading: 'USER' },
      { heading: 'PLACED' },
      { heading: 'STATE' },
      { heading: 'TOTAL', align: 'right' },
      { heading: 'ITEMS' },
    ],
    rows.map((row) => [
      row.replica,
      row.order_id,
      row.user_code,
      dayAndTime(row.placed_at),
      row.state,
      pounds(row.total_pence),
      itemsText(row.lines),
    ]),
  );
  return `${counted(rows.length, 'order')} waiting for confirmation.\n\n${table}`;
}
