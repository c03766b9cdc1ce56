import { addCancelCommand } from './commands/cancel.js';
import { addClientCommand } from './commands/client.js';
import { addKitchenCommand } from './commands/kitchen.js';
import { addMenuCommand } from './commands/menu.js';
import { addMotdCommand } from './commands/motd.js';
import { addOrderCommand } from './commands/order.js';
import { addOrdersCommand } from './commands/orders.js';
import { addOutboxCommand } from './commands/outbox.js';
import { addPostcodeCommand } from './commands/postcode.js';
import { addPostcodesStandInCommand } from './commands/postcodes-stand-in.js';
import { addServerCommands } from './commands/servers.js';
import { addRebuildCommand } from './commands/rebuild.js';
import { addStartCommand } from './commands/start.js';
import { addStatusCommand } from './commands/status.js';
import { addTrackCommand } from './commands/track.js';
import type { CliEnvironment } from './environment.js';
import { runCommands } from './run-commands.js';

const COMMANDS = [
  addStartCommand,
  addServerCommands,
  addPostcodesStandInCommand,
  addClientCommand,
  addMenuCommand,
  addMotdCommand,
  addPostcodeCommand,
  addOrderCommand,
  addOrdersCommand,
  addTrackCommand,
  addCancelCommand,
  addKitchenCommand,
  addStatusCommand,
  addOutboxCommand,
  addRebuildCommand,
];

/** Runs one command line (without node and script), as `runCommands` says. */
export function runCommandLine(argv: readonly string[], environment: CliEnvironment): Promise<number | undefined> {
  return runCommands(COMMANDS, argv, environment);
}
