import type { Command } from 'commander';
import { randomBytes } from 'node:crypto';
import path from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { present } from '../../base/assert.js';
import { counted } from '../../client/text/values.js';
import type { ReplicaStatus } from '../../ports/calls.js';
import type { ClusterConfiguration } from '../../ports/configuration.js';
import { CallRefusedError } from '../../ports/ordering-client.js';
import type { Cli, CommonOptions } from '../cli.js';
import { CommandFailedError, UsageError } from '../command-error.js';
import { withKnownToken } from '../configuration.js';
import type { BackupReport, BackupTools, ClusterAccess } from '../environment.js';

interface BackupOptions extends CommonOptions {
  readonly from?: string;
  readonly verify?: boolean;
}

interface RestoreOptions extends CommonOptions {
  readonly only?: string;
  readonly clusterId?: string;
}

type Member = ClusterConfiguration['replicas'][number];

interface Candidate {
  readonly member: Member;
  readonly status: ReplicaStatus;
}

/** How often a backup is begun anew when orders have overtaken it. */
const ATTEMPTS_MAX = 3;
/** ms that a replica has to get as far as the others were when the command began. */
const LEVEL_WITHIN_MS = 5_000;
const ASK_EVERY_MS = 50;
/** From this many bytes on it is told how far it is, at every tenth. */
const PROGRESS_BYTES_MIN = 64 << 20;
const CLUSTER_ID = /^[0-9a-f]{16}$/;

/** `backup FILE` and `restore FILE`. */
export function addBackupCommands(program: Command, cli: Cli): void {
  cli
    .withCommonOptions(
      program
        .command('backup <file>')
        .description('write everything that is ordered to one file, while orders go on; or check such a file')
        .option('--from <replica>', 'the replica to take it from (default: a backup that is level)')
        .option('--verify', 'only read the file that is there, every byte of it, and say whether it is sound'),
    )
    .action(async (file: string, options: BackupOptions) => {
      const tools = await cli.environment.openBackupTools();
      const place = path.resolve(cli.environment.cwd, file);
      if (options.verify === true) return verify(cli, tools, place, options);
      return take(cli, tools, place, options);
    });
  cli
    .withCommonOptions(
      program
        .command('restore <file>')
        .description('make the empty folders of a cluster from a backup; nothing may be running there')
        .option('--only <replica>', 'make only the folder of this one, on the machine where it is')
        .option('--cluster-id <id>', 'with --only, from the second machine on: the id that the first one printed'),
    )
    .action(async (file: string, options: RestoreOptions) => {
      const { replicas } = cli.settings(options);
      const members = options.only === undefined ? replicas : [memberOf(replicas, options.only)];
      const { clusterId = randomBytes(8).toString('hex') } = options;
      if (options.clusterId !== undefined && options.only === undefined)
        throw new UsageError('--cluster-id goes with --only: without, all folders are made here and have one.');
      if (!CLUSTER_ID.test(clusterId))
        throw new UsageError(
          `--cluster-id is ${JSON.stringify(clusterId)}; allowed: the 16 hexadecimal digits that the first restore printed.`,
        );
      const tools = await cli.environment.openBackupTools();
      const place = path.resolve(cli.environment.cwd, file);
      const report = await asFailure(() => tools.restore(place, members, clusterId));
      const ids = members.map(({ id }) => id);
      const { op, view, timeMs } = report;
      cli.print(
        options,
        { file: place, op, view, time: timeOf(report), cluster_id: clusterId, replicas: ids },
        `${ids.join(', ')} hold${ids.length === 1 ? 's' : ''} everything up to op ${op} (${new Date(timeMs).toISOString()}), as a new cluster, ${clusterId}.\n` +
          (options.only === undefined
            ? 'Start it. What was ordered after the backup is not in it.'
            : `Before the first start, once for each of the others: just-hungry restore FILE --only REPLICA --cluster-id ${clusterId}`),
      );
    });
}

async function verify(cli: Cli, tools: BackupTools, file: string, options: BackupOptions): Promise<void> {
  const report = await asFailure(() => tools.verify(file));
  cli.print(
    options,
    { file, sound: true, ...factsOf(report) },
    `${file} is sound: everything of ${report.members.join(', ')} up to op ${report.op} (${timeOf(report)}), ${sizeText(report.bytes)}.`,
  );
}

async function take(cli: Cli, tools: BackupTools, file: string, options: BackupOptions): Promise<void> {
  const configuration = withKnownToken(cli.settings(options));
  const { member, status, silent } = await chosen(cli, configuration, options.from);
  const report = await asFailure(() => again(() => receive(cli, tools, file, member, configuration)));
  const waiting =
    status.outbox === 0
      ? ''
      : `\n${counted(status.outbox, 'order')} in its outbox, not confirmed yet, not in the backup: see 'just-hungry outbox'.`;
  const lacking =
    silent.length === 0
      ? ''
      : `\n${silent.join(', ')} did not answer: if more is committed there after op ${report.op}, it is not in the backup.`;
  cli.print(
    options,
    { file, from: member.id, ...factsOf(report), outbox: status.outbox, unreachable: silent },
    `${file} holds everything of ${member.id} up to op ${report.op} (${timeOf(report)}), ${sizeText(report.bytes)}; it was read again and is sound.${waiting}${lacking}`,
  );
}

async function receive(
  cli: Cli,
  tools: BackupTools,
  file: string,
  { id, address }: Member,
  access: ClusterAccess,
): Promise<BackupReport> {
  const incoming = await tools.receive(address, access);
  let tenth = 0;
  try {
    return await tools.write(file, incoming, (written, of) => {
      const reached = Math.floor((10 * written) / of);
      if (of < PROGRESS_BYTES_MIN || reached === tenth) return;
      tenth = reached;
      cli.note(`${id}: ${sizeText(written)} of ${sizeText(of)}`);
    });
  } finally {
    incoming.cancel();
    incoming.close();
  }
}

/** Once more when orders have overtaken the backup, which the replica says. */
async function again<T>(run: () => Promise<T>): Promise<T> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await run();
    } catch (error) {
      const isOvertaken = error instanceof CallRefusedError && error.refusal.reason === 'OVERLOADED';
      if (!isOvertaken || attempt === ATTEMPTS_MAX) throw error;
    }
  }
}

/**
 * The replica to take a backup from: a backup, so that the primary has no more to do. It holds everything that any replica knew to be
 * committed when the command began.
 */
async function chosen(
  cli: Cli,
  { replicas, ...access }: ClusterConfiguration,
  from: string | undefined,
): Promise<Candidate & { readonly silent: readonly string[] }> {
  const wanted = from === undefined ? undefined : memberOf(replicas, from);
  const all = await Promise.all(replicas.map((member) => ask(cli, member, access)));
  const answered = all.filter((one) => typeof one !== 'string');
  const committed = Math.max(0, ...answered.map(({ status }) => status.commit));
  const members = answered.filter(({ status: { role } }) => role === 'backup' || role === 'primary');
  // Backups first, of these the one that is furthest.
  const sorted = members.toSorted(
    (a, b) =>
      Number(a.status.role === 'primary') - Number(b.status.role === 'primary') || b.status.applied - a.status.applied,
  );
  const found = wanted === undefined ? sorted[0] : members.find(({ member }) => member === wanted);
  if (found === undefined) {
    const why = all.map((one) => (typeof one === 'string' ? one : `${one.member.id} is ${one.status.role}`)).join('; ');
    throw new CommandFailedError(
      `no backup can be taken${wanted === undefined ? '' : ` from ${wanted.id}`} now: ${why}`,
    );
  }
  const silent = replicas.filter(({ id }) => !answered.some(({ member }) => member.id === id)).map(({ id }) => id);
  return { ...(await level(cli, found, committed, access)), silent };
}

async function level(cli: Cli, found: Candidate, committed: number, access: ClusterAccess): Promise<Candidate> {
  const giveUpMs = performance.now() + LEVEL_WITHIN_MS;
  let { status } = found;
  while (status.applied < committed) {
    if (performance.now() > giveUpMs)
      throw new CommandFailedError(
        `${found.member.id} is at op ${status.applied}, others were at op ${committed} ${LEVEL_WITHIN_MS} ms ago: take the backup from another one with --from.`,
      );
    await pause(ASK_EVERY_MS);
    const answer = await ask(cli, found.member, access);
    if (typeof answer === 'string')
      throw new CommandFailedError(`${answer}; take the backup from another one with --from.`);
    ({ status } = answer);
  }
  return { ...found, status };
}

async function ask(cli: Cli, member: Member, access: ClusterAccess): Promise<Candidate | string> {
  const reader = await cli.environment.createStatusReader(member.address, access);
  try {
    return { member, status: await reader.status() };
  } catch (error) {
    return `${member.id} does not answer: ${error instanceof Error ? error.message : String(error)}`;
  } finally {
    reader.close();
  }
}

function memberOf(replicas: readonly Member[], id: string): Member {
  const found = replicas.find((member) => member.id === id);
  if (found !== undefined) return found;
  throw new UsageError(
    `there is no replica ${JSON.stringify(id)}; there are ${replicas.map((one) => one.id).join(', ')}.`,
  );
}

const timeOf = ({ timeMs }: BackupReport): string => new Date(timeMs).toISOString();

const factsOf = (report: BackupReport) => ({
  op: report.op,
  view: report.view,
  time: timeOf(report),
  cluster_id: report.clusterId,
  members: report.members,
  bytes: report.bytes,
});

/** `4.6 kB`, `191.0 MB`. */
const sizeText = (bytes: number): string =>
  bytes < 1e6 ? `${(bytes / 1e3).toFixed(1)} kB` : `${(bytes / 1e6).toFixed(1)} MB`;

async function asFailure<T>(run: () => Promise<T>): Promise<T> {
  try {
    return await run();
  } catch (error) {
    if (error instanceof CallRefusedError) throw error;
    throw new CommandFailedError(
      `${present(error instanceof Error ? error : undefined, 'storage throws Errors').message}.`,
      {
        cause: error,
      },
    );
  }
}
