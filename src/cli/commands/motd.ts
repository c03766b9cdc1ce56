import type { Command } from 'commander';
import { v7 as uuidV7 } from 'uuid';
import { readWithFallback } from '../../client/fallback-read.js';
import { repeatedWrite } from '../../client/repeated-write.js';
import { receiptText } from '../../client/text/order-text.js';
import type { Cli, ClientOptions } from '../cli.js';

/** `motd`, `motd set TEXT`. */
export function addMotdCommand(program: Command, cli: Cli): void {
  const motd = cli.withClientOptions(program.command('motd').description('show the message of the day'));
  motd.action(async (options: ClientOptions) => {
    await cli.withClient(options, async ({ client }) => {
      const read = await readWithFallback((readOptions) => client.getMotd(readOptions));
      cli.printRead(options, read, (answer) => answer.motd);
    });
  });
  cli
    .withClientOptions(motd.command('set').description('replace the message of the day'))
    .argument('<text>')
    .action(async (text: string, _: unknown, command: Command) => {
      const options = command.optsWithGlobals<ClientOptions>();
      await cli.withClient(options, async ({ client }) => {
        const requestId = uuidV7();
        const result = await repeatedWrite(() => client.setMotd(requestId, text));
        const done = `The message of the day is replaced (version ${result.motd_version}). ${receiptText(result.receipt)}`;
        cli.print(options, result, done);
      });
    });
}
