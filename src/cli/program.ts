import { Command, CommanderError } from 'commander';
import { Cli } from './cli.js';
import { explainError } from './command-error.js';
import { addCancelCommand } from './commands/cancel.js';
import { addClientCommand } from './commands/client.js';
import { addDiffCommand } from './commands/diff.js';
import { addExplainCommand } from './commands/explain.js';
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
import { addVerifyCommand } from './commands/verify.js';
import { type CliEnvironment, EXIT_DONE, EXIT_USAGE } from './environment.js';

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
  addVerifyCommand,
  addDiffCommand,
  addExplainCommand,
];

/**
 * Runs one command line (without node and script). Returns the exit code, or `undefined` when a server was started that
 * keeps the process alive. Never throws for what a person can do wrong, or for what the cluster refuses.
 */
export async function runCommandLine(
  argv: readonly string[],
  environment: CliEnvironment,
): Promise<number | undefined> {
  const cli = new Cli(environment);
  const program = new Command('just-hungry');
  program
    .description('Food ordering that stays up and loses nothing.')
    .exitOverride()
    .showHelpAfterError("See 'just-hungry COMMAND --help'.")
    .configureOutput({
      writeOut: (text) => environment.stdout.write(text),
      writeErr: (text) => environment.stderr.write(text.replace(/^error: /, 'just-hungry: ')),
    });
  for (const add of COMMANDS) add(program, cli);
  // A command that waits must not end because nothing else holds the process, such as a watch between two connections.
  const alive = setInterval(() => undefined, 60_000);
  try {
    await program.parseAsync([...argv], { from: 'user' });
    return cli.exitCode;
  } catch (error) {
    // Commander has told it already; help that was asked for is no fault.
    if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT_DONE : EXIT_USAGE;
    const { lines, exitCode } = explainError(error, (environment.env['JUST_HUNGRY_DEBUG'] ?? '') !== '');
    for (const line of lines) cli.note(`just-hungry: ${line}`);
    return exitCode;
  } finally {
    clearInterval(alive);
  }
}
