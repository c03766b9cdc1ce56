import type { Command } from 'commander';
import { verdictText } from '../../client/text/postcode-text.js';
import type { Cli, ClientOptions } from '../cli.js';
import { EXIT_FAILED } from '../environment.js';

/** `postcode CODE`; exit code 1 when orders to it would be refused. */
export function addPostcodeCommand(program: Command, cli: Cli): void {
  cli
    .withClientOptions(program.command('postcode').description('check a postcode'))
    .argument('<code>')
    .action(async (typed: string, options: ClientOptions) => {
      await cli.withClient(options, async ({ client }) => {
        const answer = await client.validatePostcode(typed);
        const { verdict, normalised, reason } = answer;
        cli.print(options, answer, verdictText(typed, verdict, normalised, reason));
        if (verdict !== 'valid' && verdict !== 'unchecked') cli.exitCode = EXIT_FAILED;
      });
    });
}
