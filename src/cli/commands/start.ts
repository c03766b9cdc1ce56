import type { Command } from 'commander';
import type { Cli } from '../cli.js';
import { start, type StartOptions } from '../start.js';

/** `start`: every process of the cluster, supervised. */
export function addStartCommand(program: Command, cli: Cli): void {
  cli
    .withCommonOptions(
      program.command('start').description('run all replicas and front ends of this computer; Ctrl-C stops them'),
    )
    .option('--logs <folder>', 'where each process has its log file (default: logs beside the configuration)')
    .option('--offline', 'check postcodes without the internet, against a stand-in')
    .option('--client', 'open the prompt client here when all is up; when it is left, stop all')
    .action(async (options: StartOptions) => {
      cli.exitCode = await start(cli, options);
    });
}
