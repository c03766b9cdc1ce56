import { addBackupCommands } from './commands/backup.js';
import { addCancelCommand } from './commands/cancel.js';
import { addChaosCommand } from './commands/chaos.js';
import { addClientCommand } from './commands/client.js';
import { addConfigCommand } from './commands/config.js';
import { addDiffCommand } from './commands/diff.js';
import { addDrillCommand } from './commands/drill.js';
import { addEventsCommand } from './commands/events.js';
import { addExplainCommand } from './commands/explain.js';
import { addKitchenCommand } from './commands/kitchen.js';
import { addLogCommand } from './commands/log.js';
import { addMenuCommand } from './commands/menu.js';
import { addMotdCommand } from './commands/motd.js';
import { addOrderCommand } from './commands/order.js';
import { addOrdersCommand } from './commands/orders.js';
import { addOutboxCommand } from './commands/outbox.js';
import { addPostcodeCommand } from './commands/postcode.js';
import { addPostcodesStandInCommand } from './commands/postcodes-stand-in.js';
import { addRebuildCommand } from './commands/rebuild.js';
import { addRecordsCommand } from './commands/records.js';
import { addRestartCommand } from './commands/restart.js';
import { addResyncCommand } from './commands/resync.js';
import { addSafeToStopCommand } from './commands/safe-to-stop.js';
import { addServerCommands } from './commands/servers.js';
import { addStartCommand } from './commands/start.js';
import { addStatusCommand } from './commands/status.js';
import { addSwitchoverCommand } from './commands/switchover.js';
import { addTrackCommand } from './commands/track.js';
import { addTuplesCommand } from './commands/tuples.js';
import { addVerifyCommand } from './commands/verify.js';
import type { CliEnvironment } from './environment.js';
import { type AddCommand, runCommands } from './run-commands.js';

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
  addRecordsCommand,
  addLogCommand,
  addTuplesCommand,
  addStatusCommand,
  addEventsCommand,
  addVerifyCommand,
  addDiffCommand,
  addExplainCommand,
  addOutboxCommand,
  addSwitchoverCommand,
  addSafeToStopCommand,
  addRestartCommand,
  addResyncCommand,
  addBackupCommands,
  addRebuildCommand,
  addConfigCommand,
  addChaosCommand,
  addDrillCommand,
];

/** Runs one command line (without node and script), as `runCommands` says. `more`: commands besides those of this program. */
export function runCommandLine(
  argv: readonly string[],
  environment: CliEnvironment,
  more: readonly AddCommand[] = [],
): Promise<number | undefined> {
  return runCommands([...COMMANDS, ...more], argv, environment);
}
