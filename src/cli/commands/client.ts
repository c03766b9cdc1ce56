import type { Command } from 'commander';
import { runPromptClient } from '../../client/dialogue/prompt-client.js';
import { type DialogueContext, farewell, newSession } from '../../client/dialogue/session.js';
import { InquirerPrompter } from '../../client/inquirer-prompter.js';
import { LinePrompter } from '../../client/line-prompter.js';
import { stopWithSupervisor } from '../child-protocol.js';
import type { Cli, ClientOptions } from '../cli.js';
import { EXIT_INTERRUPTED } from '../environment.js';

/** `client`: the prompts, in a terminal or line by line from a pipe. */
export function addClientCommand(program: Command, cli: Cli): void {
  cli
    .withClientOptions(
      program.command('client').description('order by prompts; reads lines where there is no terminal'),
    )
    .action(async (options: ClientOptions) => {
      const { environment } = cli;
      const { stdin, stdout } = environment;
      await cli.withClient(options, async ({ client, frontEnds }) => {
        const isTerminal = stdin.isTTY === true && stdout.isTTY === true;
        const prompter = isTerminal ? new InquirerPrompter(stdin, stdout) : new LinePrompter(stdin, stdout);
        const context: DialogueContext = {
          client,
          prompter,
          pending: cli.pendingOrders(),
          frontEnds,
          paint: cli.paint,
        };
        const session = newSession();
        // A prompt that is open sees Ctrl-C itself; this is for the time in between, such as with an order on its way.
        const leave = (): void => {
          prompter.close();
          stdout.write(`\n${farewell(session)}\n`, () => environment.exit(EXIT_INTERRUPTED));
        };
        const forget = environment.onSignal(['SIGINT', 'SIGTERM', 'SIGHUP'], leave);
        stopWithSupervisor(leave);
        try {
          cli.exitCode = await runPromptClient(context, session);
        } finally {
          forget();
        }
      });
    });
}
