import type { Command } from 'commander';
import { createPostcodeStandIn } from '../../front-end/postcodes/stand-in.js';
import { announceFailure, announceReady, stopWithSupervisor } from '../child-protocol.js';
import type { Cli, CommonOptions } from '../cli.js';
import { CommandFailedError, UsageError } from '../command-error.js';

/** `postcodes-stand-in`: answers like postcodes.io, for work without the internet. */
export function addPostcodesStandInCommand(program: Command, cli: Cli): void {
  cli
    .withCommonOptions(
      program.command('postcodes-stand-in').description('answer like postcodes.io, for work without the internet'),
    )
    .option('--port <n>', '1 to 65535; 0: any free one', '0')
    .action(async (options: CommonOptions & { port: string }) => {
      const port = Number(options.port);
      if (!/^[0-9]{1,5}$/.test(options.port) || port > 65_535)
        throw new UsageError(`--port is ${JSON.stringify(options.port)}; allowed: 0 to 65535.`);
      let stop = (): void => undefined;
      const stopped = new Promise<void>((resolve) => (stop = resolve));
      const forget = cli.environment.onSignal(['SIGINT', 'SIGTERM', 'SIGHUP'], stop);
      stopWithSupervisor(stop);
      try {
        const standIn = await createPostcodeStandIn({ port });
        cli.print(options, { url: standIn.url }, `Postcodes are answered on ${standIn.url}; Ctrl-C stops it.`);
        announceReady();
        await stopped;
        await standIn.close();
      } catch (error) {
        const message = `The postcode stand-in cannot listen on port ${port}: ${String((error as Error).message)}.`;
        await announceFailure(message);
        throw new CommandFailedError(message);
      } finally {
        forget();
      }
    });
}
