import type { PlacementOutcome } from '../../client/placement.js';
import { orderText, receiptText } from '../../client/text/order-text.js';
import type { Cli, ClientOptions } from '../cli.js';
import { EXIT_FAILED } from '../environment.js';

/** Where an order without an outcome is found again. */
export const RESUME_HINT = "It is noted on this computer: 'just-hungry order --resume' finds it or places it, once.";

/** Prints what became of an order and sets the exit code. */
export function report(cli: Cli, options: ClientOptions, orderId: string, outcome: PlacementOutcome): void {
  if (outcome.kind === 'placed') {
    const { order, receipt } = outcome;
    cli.print(options, { order, receipt }, `${orderText(order, cli.paint)}\n${receiptText(receipt)}`);
    return;
  }
  cli.exitCode = EXIT_FAILED;
  const { message, reason } = outcome.refusal;
  if (outcome.kind === 'refused') cli.note(`just-hungry: order ${orderId} was refused: ${message} [${reason}]`);
  else cli.note(`just-hungry: order ${orderId} is not confirmed: ${message} [${reason}]\n${RESUME_HINT}`);
}
