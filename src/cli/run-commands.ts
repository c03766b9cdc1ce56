import { Command, CommanderError } from 'commander';
import { Cli } from './cli.js';
import { explainError } from './command-error.js';
import { type CliEnvironment, EXIT_DONE, EXIT_USAGE } from './environment.js';

/** Adds a command to the program. */
export type AddCommand = (program: Command, cli: Cli) => void;

/**
 * Runs one command line (without node and script) of these commands. Returns the exit code, or `undefined` when a server was started that
 * keeps the process alive. Never throws for what a person can do wrong, or for what the cluster refuses.
 */
export async function runCommands(
  commands: readonly AddCommand[],
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
  for (const add of commands) add(program, cli);
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
