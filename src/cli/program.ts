import { Command, CommanderError } from 'commander';
import { Cli } from './cli.js';
import { explainError } from './command-error.js';
import { type CliEnvironment, EXIT_DONE, EXIT_USAGE } from './environment.js';

type AddCommand = (program: Command, cli: Cli) => void;

/**
 * What adds a command, by its name and in the order of the help. Loaded when it is wanted: a server needs none of the prompts, and
 * six of them start at once.
 */
const COMMANDS = new Map<string, () => Promise<AddCommand>>([
  ['start', async () => (await import('./commands/start.js')).addStartCommand],
  ['replica', async () => (await import('./commands/servers.js')).addServerCommands],
  ['front-end', async () => (await import('./commands/servers.js')).addServerCommands],
  ['postcodes-stand-in', async () => (await import('./commands/postcodes-stand-in.js')).addPostcodesStandInCommand],
  ['client', async () => (await import('./commands/client.js')).addClientCommand],
  ['menu', async () => (await import('./commands/menu.js')).addMenuCommand],
  ['motd', async () => (await import('./commands/motd.js')).addMotdCommand],
  ['postcode', async () => (await import('./commands/postcode.js')).addPostcodeCommand],
  ['order', async () => (await import('./commands/order.js')).addOrderCommand],
  ['orders', async () => (await import('./commands/orders.js')).addOrdersCommand],
  ['track', async () => (await import('./commands/track.js')).addTrackCommand],
  ['cancel', async () => (await import('./commands/cancel.js')).addCancelCommand],
  ['kitchen', async () => (await import('./commands/kitchen.js')).addKitchenCommand],
  ['status', async () => (await import('./commands/status.js')).addStatusCommand],
  ['outbox', async () => (await import('./commands/outbox.js')).addOutboxCommand],
  ['rebuild', async () => (await import('./commands/rebuild.js')).addRebuildCommand],
  ['events', async () => (await import('./commands/events.js')).addEventsCommand],
  ['config', async () => (await import('./commands/config.js')).addConfigCommand],
  ['verify', async () => (await import('./commands/verify.js')).addVerifyCommand],
  ['diff', async () => (await import('./commands/diff.js')).addDiffCommand],
  ['explain', async () => (await import('./commands/explain.js')).addExplainCommand],
  ['switchover', async () => (await import('./commands/switchover.js')).addSwitchoverCommand],
  ['safe-to-stop', async () => (await import('./commands/safe-to-stop.js')).addSafeToStopCommand],
  ['restart', async () => (await import('./commands/restart.js')).addRestartCommand],
  ['resync', async () => (await import('./commands/resync.js')).addResyncCommand],
  ['chaos', async () => (await import('./commands/chaos.js')).addChaosCommand],
  ['drill', async () => (await import('./commands/drill.js')).addDrillCommand],
  ['backup', async () => (await import('./commands/backup.js')).addBackupCommands],
  ['restore', async () => (await import('./commands/backup.js')).addBackupCommands],
]);

/** The command that is named first; all where none is, for the help. */
async function commandsFor(named: string | undefined): Promise<ReadonlySet<AddCommand>> {
  const one = named === undefined ? undefined : COMMANDS.get(named);
  if (one !== undefined) return new Set([await one()]);
  return new Set(await Promise.all([...COMMANDS.values()].map((load) => load())));
}

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
  for (const add of await commandsFor(argv[0])) add(program, cli);
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
