import type { Command } from 'commander';
import { createInterface } from 'node:readline/promises';
import { present } from '../../base/assert.js';
import { majorityOf } from '../../base/numbers.js';
import type { ClusterConfiguration } from '../../ports/configuration.js';
import type { Cli, CommonOptions } from '../cli.js';
import type { ReplicaAnswer } from '../cluster-status.js';
import { CommandFailedError, UsageError } from '../command-error.js';
import { withToken } from '../configuration.js';
import type { FolderTools } from '../environment.js';
import { replicaAnswers } from '../start-report.js';

interface RebuildOptions extends CommonOptions {
  readonly from: string;
  readonly confirm?: string;
}

type Member = ClusterConfiguration['replicas'][number];

/**
 * `rebuild ID --from ID`: when so many disks are lost that no majority remembers, makes the folder of a lost replica from that of
 * one that is left. Works on the folders; nothing may be running.
 */
export function addRebuildCommand(program: Command, cli: Cli): void {
  cli
    .withCommonOptions(
      program
        .command('rebuild <replica>')
        .description('make the folder of a lost replica from that of one that is left, when no majority remembers')
        .requiredOption('--from <replica>', 'the replica whose folder is left')
        .option('--confirm <text>', 'what would be asked for: "REPLICA from REPLICA"'),
    )
    .action(async (lostId: string, options: RebuildOptions) => {
      const configuration = withToken(cli.settings(options));
      const { replicas } = configuration;
      const lost = memberOf(replicas, lostId);
      const survivor = memberOf(replicas, options.from);
      if (lost === survivor) throw new UsageError('a replica cannot be rebuilt from itself.');
      const tools = await cli.environment.openFolderTools();
      refuseWhenNotNeeded(tools, replicas, lost, survivor);
      refuseWhenRunning(await replicaAnswers(cli, configuration), lost.id);
      const { op, commit, view, timeMs } = await asFailure(() => tools.survey(survivor.resources, survivor.id));
      cli.note(
        `${survivor.id} holds everything up to op ${op}, of which up to op ${commit} is known to be committed (view ${view}).\n` +
          `Its last op is of ${new Date(timeMs).toISOString()}. Gone is what the lost disks acknowledged after it without ${survivor.id}: orders, and changes of\n` +
          `their status, and what waited in their outboxes. Nothing here can name them; who ordered later than that should look.\n` +
          `If a lost disk, or a copy of it, can be found: do not go on, put it back and start.`,
      );
      const wanted = `${lost.id} from ${survivor.id}`;
      const given = options.confirm ?? (await ask(cli, `To go on type "${wanted}": `));
      if (given.trim() !== wanted)
        throw new CommandFailedError(`not confirmed with "${wanted}" (or --confirm); nothing was changed.`);
      await asFailure(() => tools.transplant(survivor.resources, lost.resources, lost.id));
      cli.print(
        options,
        { rebuilt: lost.id, from: survivor.id, op, commit, time: new Date(timeMs).toISOString() },
        `${lost.id} is made from ${survivor.id}, up to op ${op}. Start the cluster; replicas that are still lost recover from these by themselves.`,
      );
    });
}

function memberOf(replicas: readonly Member[], id: string): Member {
  const found = replicas.find((member) => member.id === id);
  if (found !== undefined) return found;
  throw new UsageError(
    `there is no replica ${JSON.stringify(id)}; there are ${replicas.map((one) => one.id).join(', ')}.`,
  );
}

/** While a majority remembers, a lost replica recovers by itself and loses nothing (rule 7). */
function refuseWhenNotNeeded(tools: FolderTools, replicas: readonly Member[], lost: Member, survivor: Member): void {
  const remembering = replicas.filter(({ resources }) => tools.remembers(resources));
  if (remembering.includes(lost))
    throw new CommandFailedError(`the folder of ${lost.id} is there and remembers: start it. Nothing was changed.`);
  if (!remembering.includes(survivor))
    throw new CommandFailedError(`the folder of ${survivor.id} is lost itself. Nothing was changed.`);
  if (remembering.length < majorityOf(replicas.length)) return;
  const ids = remembering.map(({ id }) => id).join(', ');
  throw new CommandFailedError(
    `${ids} remember, a majority: start the cluster, ${lost.id} recovers by itself. Nothing was changed.`,
  );
}

/** Folders on other machines cannot be looked into; what runs there can be asked. One that has lost its disk is recovering. */
function refuseWhenRunning(answers: readonly ReplicaAnswer[], lostId: string): void {
  const running = answers.flatMap(({ status }) => status ?? []);
  const remembering = running.filter(({ role }) => role !== 'recovering' && role !== 'founding');
  const lost = remembering.find(({ id }) => id === lostId);
  if (lost !== undefined)
    throw new CommandFailedError(`${lostId} runs, as ${lost.role}: nothing of it is lost. Nothing was changed.`);
  if (running.length === 0) return;
  throw new CommandFailedError(
    `${running.map(({ id, role }) => `${id} runs (${role})`).join(', ')}: stop all first, on every machine; ` +
      'those that remember may be a majority. Nothing was changed.',
  );
}

async function ask(cli: Cli, question: string): Promise<string> {
  const { stdin, stderr } = cli.environment;
  const terminal = createInterface({ input: stdin, output: stderr });
  try {
    // The end of the input is an answer too: none.
    return await Promise.race([
      terminal.question(question),
      new Promise<string>((resolve) => void terminal.once('close', () => resolve(''))),
    ]);
  } finally {
    terminal.close();
  }
}

async function asFailure<T>(run: () => Promise<T>): Promise<T> {
  try {
    return await run();
  } catch (error) {
    throw new CommandFailedError(present(error instanceof Error ? error : undefined, 'storage throws Errors').message, {
      cause: error,
    });
  }
}
