import { isMeantFor, type PendingOrder } from '../../client/pending-orders.js';
import type { PlacementOutcome } from '../../client/placement.js';
import { counted } from '../../client/text/values.js';
import type { NewOrder } from '../../ports/ordering-client.js';
import { canonicalUuid } from '../../services/uuid.js';
import type { Cli, ClientOptions, Connection } from '../cli.js';
import { UsageError } from '../command-error.js';
import { EXIT_FAILED } from '../environment.js';
import { report } from './order-report.js';

/**
 * Settles the orders that this computer has noted and whose client is gone, oldest first; with ids exactly those. Each is
 * printed like a new one, so `--json` gives a line for each.
 */
export async function resumeOrders(
  cli: Cli,
  options: ClientOptions,
  { frontEnds }: Connection,
  ids: readonly string[],
  send: (order: NewOrder) => Promise<PlacementOutcome>,
): Promise<void> {
  const { waiting, inUse, unreadable } = await cli.pendingOrders().list();
  for (const { file, why } of unreadable) {
    cli.note(`${file}: left alone: ${why}. Look into it, then remove it.`);
    cli.exitCode = EXIT_FAILED;
  }
  const chosen =
    ids.length === 0 ? waiting.filter((one) => isMeantFor(one, frontEnds)) : named(ids, [...waiting, ...inUse]);
  if (ids.length === 0) {
    const elsewhere = waiting.filter((one) => !isMeantFor(one, frontEnds));
    for (const { order, frontEnds: others } of elsewhere)
      cli.note(
        `Order ${order.order_id} was sent to ${others.join(', ')}: resume it with --front-end ${others[0] ?? ''}.`,
      );
    if (inUse.length > 0) cli.note(`${counted(inUse.length, 'order')} left to the client that is still busy with it.`);
  }
  if (chosen.length === 0) cli.note('No order without an outcome: nothing to resume.');
  for (const { order } of chosen) report(cli, options, order.order_id, await send(order));
}

function named(ids: readonly string[], all: readonly PendingOrder[]): PendingOrder[] {
  return ids.map((text) => {
    const found = all.find(({ order }) => order.order_id === canonicalUuid(text));
    if (found !== undefined) return found;
    throw new UsageError(
      `No order ${text} is noted on this computer; 'just-hungry order --resume' takes all that are.`,
    );
  });
}
