import { addServerCommands } from './commands/servers.js';
import type { CliEnvironment } from './environment.js';
import { runCommands } from './run-commands.js';

/** The commands of which `start` runs several at once: they load none of the others, nor the prompts. */
export const SERVER_COMMANDS: ReadonlySet<string | undefined> = new Set(['replica', 'front-end']);

/** As `runCommandLine`, of these alone. */
export function runServerCommandLine(
  argv: readonly string[],
  environment: CliEnvironment,
): Promise<number | undefined> {
  return runCommands([addServerCommands], argv, environment);
}
