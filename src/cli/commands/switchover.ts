import type { Command } from 'commander';
import type { Cli, CommonOptions } from '../cli.js';
import { clusterOf } from '../operated-replicas.js';
import { switchOver } from '../switchover.js';

/** `switchover [--to ID]`: moves the primary without a lost or failed order. */
export function addSwitchoverCommand(program: Command, cli: Cli): void {
  cli
    .withCommonOptions(
      program
        .command('switchover')
        .description('hand the primary over to another replica; no order is lost or fails')
        .option('--to <replica>', 'the next primary (default: the backup that has most)'),
    )
    .action(async (options: CommonOptions & { readonly to?: string }) => {
      const { from, to, view, pauseMs } = await switchOver(cli, clusterOf(cli, options, options.to), options.to);
      cli.print(
        options,
        { from, to, view, pause_ms: pauseMs },
        `${to} is primary now, in view ${view}. No new order was executed for ${pauseMs} ms; front ends repeat what came in meanwhile.`,
      );
    });
}
