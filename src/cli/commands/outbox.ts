import type { Command } from 'commander';
import { itemsText } from '../../client/text/order-text.js';
import { alignedTable } from '../../client/text/table.js';
import { counted, dayAndTime, pounds } from '../../client/text/values.js';
import type { OrderView } from '../../ports/ordering-client.js';
import type { OutboxContent, WaitingRequest } from '../../ports/outbox.js';
import type { Cli, CommonOptions } from '../cli.js';
import { withKnownToken } from '../configuration.js';
import { type ClusterAccess, EXIT_FAILED } from '../environment.js';

/** One row: an order in the outbox of a replica. The same order may wait at several. */
export interface OutboxRow extends Pick<OrderView, 'order_id' | 'user_code' | 'lines' | 'total_pence' | 'placed_at'> {
  readonly replica: string;
  /** `waiting`: acknowledged there, not known to be committed. */
  readonly state: 'waiting';
}

/** One row: a request of another service in the outbox of a replica. */
export interface OtherRow {
  readonly replica: string;
  readonly service: string;
  readonly request_id: string;
  readonly accepted_at: string;
  readonly state: 'waiting';
}

interface Answer {
  readonly id: string;
  readonly held: OutboxContent | undefined;
  readonly why: string;
}

/** `outbox`: what waits in the replicas' outboxes for confirmation; exit code 1 when no replica can be asked. */
export function addOutboxCommand(program: Command, cli: Cli): void {
  cli
    .withCommonOptions(program.command('outbox').description('list what waits for confirmation; asks each replica'))
    .action(async (options: CommonOptions) => {
      const configuration = withKnownToken(cli.settings(options));
      const answers = await Promise.all(
        configuration.replicas.map(({ id, address }) => ask(cli, id, address, configuration)),
      );
      const orders = answers.flatMap(({ id, held }) => (held?.orders ?? []).map((order) => rowOf(id, order)));
      const others = answers.flatMap(({ id, held }) => (held?.others ?? []).map((request) => otherOf(id, request)));
      const unreachable = answers.filter(({ held }) => held === undefined);
      for (const { id, why } of unreachable) cli.note(`just-hungry: ${id} does not answer: ${why}`);
      cli.print(options, { orders, others, unreachable: unreachable.map(({ id }) => id) }, outboxText(orders, others));
      if (unreachable.length === answers.length) cli.exitCode = EXIT_FAILED;
    });
}

async function ask(cli: Cli, id: string, address: string, access: ClusterAccess): Promise<Answer> {
  const reader = await cli.environment.createStatusReader(address, access);
  try {
    return { id, held: await reader.outbox(), why: '' };
  } catch (error) {
    return { id, held: undefined, why: error instanceof Error ? error.message : String(error) };
  } finally {
    reader.close();
  }
}

function rowOf(replica: string, { order_id, user_code, lines, total_pence, placed_at }: OrderView): OutboxRow {
  return { replica, order_id, user_code, lines, total_pence, placed_at, state: 'waiting' };
}

function otherOf(replica: string, { service, requestId, acceptedAt }: WaitingRequest): OtherRow {
  return { replica, service, request_id: requestId, accepted_at: acceptedAt, state: 'waiting' };
}

function outboxText(orders: readonly OutboxRow[], others: readonly OtherRow[]): string {
  if (others.length === 0) return ordersText(orders);
  return orders.length === 0 ? othersText(others) : `${ordersText(orders)}\n\n${othersText(others)}`;
}

function othersText(rows: readonly OtherRow[]): string {
  const table = alignedTable(
    [
      { heading: 'REPLICA' },
      { heading: 'SERVICE' },
      { heading: 'REQUEST' },
      { heading: 'ACCEPTED' },
      { heading: 'STATE' },
    ],
    rows.map((row) => [row.replica, row.service, row.request_id, dayAndTime(row.accepted_at), row.state]),
  );
  return `${counted(rows.length, 'request')} of other services waiting for confirmation.\n\n${table}`;
}

function ordersText(rows: readonly OutboxRow[]): string {
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
