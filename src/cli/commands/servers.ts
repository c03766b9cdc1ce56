import type { Command } from 'commander';
import type { Cli, CommonOptions } from '../cli.js';
import { UsageError } from '../command-error.js';
import { withToken, type Settings } from '../configuration.js';

interface FrontEndOptions extends CommonOptions {
  readonly postcodesUrl?: string;
}

/** `replica ID` and `front-end ID`: one server in this process. */
export function addServerCommands(program: Command, cli: Cli): void {
  cli
    .withCommonOptions(program.command('replica').description('run one replica in this process'))
    .argument('<id>', 'as in the configuration')
    .option('--recover', 'begin as recovering: trust nothing that was not fetched and verified')
    .action(async (id: string, options: CommonOptions & { recover?: boolean }) => {
      const settings = cli.settings(options);
      mustBeOneOf(id, settings.replicas, 'replica', settings);
      cli.exitCode = undefined;
      await cli.environment.runReplica(withToken(settings), id, { recover: options.recover === true });
    });
  cli
    .withCommonOptions(program.command('front-end').description('run one front end in this process'))
    .argument('<id>', 'as in the configuration')
    .option('--postcodes-url <url>', 'where postcodes are checked, instead of postcodes.url of the configuration')
    .action(async (id: string, options: FrontEndOptions) => {
      const settings = cli.settings(options);
      mustBeOneOf(id, settings.frontEnds, 'front end', settings);
      const configuration = withToken(settings);
      const url = options.postcodesUrl ?? configuration.postcodes.url;
      if (!URL.canParse(url))
        throw new UsageError(`--postcodes-url is ${JSON.stringify(url)}; allowed: an http address.`);
      cli.exitCode = undefined;
      await cli.environment.runFrontEnd({ ...configuration, postcodes: { ...configuration.postcodes, url } }, id);
    });
}

function mustBeOneOf(id: string, known: readonly { readonly id: string }[], kind: string, { file }: Settings): void {
  if (known.some((one) => one.id === id)) return;
  const ids = known.map((one) => one.id).join(', ');
  throw new UsageError(`${file} has no ${kind} ${JSON.stringify(id)}; allowed: ${ids}.`);
}
