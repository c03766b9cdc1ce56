import type { Command } from 'commander';
import type { Cli, CommonOptions } from '../cli.js';
import { UsageError } from '../command-error.js';
import { clusterOf } from '../operated-replicas.js';
import { restartInTurn } from '../rolling-restart.js';

/** `restart --rolling`: restarts each replica in turn, the primary last and after a switchover. */
export function addRestartCommand(program: Command, cli: Cli): void {
  cli
    .withCommonOptions(
      program
        .command('restart')
        .description('restart the replicas under load, one after the other, the primary last and after a switchover')
        .option('--rolling', 'one at a time: the only way there is, so that it is said'),
    )
    .action(async (options: CommonOptions & { readonly rolling?: boolean }) => {
      if (options.rolling !== true)
        throw new UsageError(
          "say --rolling: replicas are restarted one at a time. To stop all, stop 'just-hungry start'.",
        );
      const configuration = clusterOf(cli, options);
      await restartInTurn(cli, configuration, (step) => cli.print(options, step, step.message));
    });
}
