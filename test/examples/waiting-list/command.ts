import type { Command } from 'commander';
import type { Cli, ClientOptions } from '../../../src/cli/cli.js';
import { UsageError } from '../../../src/cli/command-error.js';
import { waitingListContract } from './contract.js';
import type { Guest } from './requests.js';

/** `waiting-list join|seat|list`. */
export function addWaitingListCommands(program: Command, cli: Cli): void {
  const group = program.command('waiting-list').description('guests who wait for a table');
  cli
    .withClientOptions(group.command('join <name> <party>').description('put a guest at the end of the list'))
    .action(async (name: string, party: string, options: ClientOptions) => {
      if (!/^[0-9]+$/.test(party)) throw new UsageError(`<party> is ${JSON.stringify(party)}; allowed: 1 to 20.`);
      await cli.withServiceClient(waitingListContract, options, async (client) => {
        const done = await client.call<{ guest: Guest }>('Join', { name, party: Number(party) });
        cli.print(options, done, `${done.guest.name} is number ${done.guest.number}.`);
      });
    });
  cli
    .withClientOptions(group.command('seat').description('take the guest from the front of the list to a table'))
    .action(async (options: ClientOptions) => {
      await cli.withServiceClient(waitingListContract, options, async (client) => {
        const done = await client.call<{ guest: Guest | null }>('Seat', {});
        cli.print(options, done, done.guest === null ? 'Nobody waits.' : `${done.guest.name}, please.`);
      });
    });
  cli
    .withClientOptions(group.command('list').description('say who waits'))
    .option('--replica <id>', "the replica that shall answer, or 'primary'", '')
    .action(async ({ replica, ...options }: ClientOptions & { replica: string }) => {
      await cli.withServiceClient(waitingListContract, options, async (client) => {
        const answer = await client.call<{ guests: Guest[] }>('List', { replica });
        const lines = answer.guests.map(({ number, name, party }) => `${number}  ${name}, party of ${party}`);
        cli.print(options, answer, lines.length === 0 ? 'Nobody waits.' : lines.join('\n'));
      });
    });
}
