import type { Command } from 'commander';
import { alignedTable } from '../../client/text/table.js';
import type { ChaosClient } from '../../net/chaos-client.js';
import type { ChaosDeed, ChaosFault } from '../../ports/chaos.js';
import type { ClusterConfiguration } from '../../ports/configuration.js';
import type { Cli, CommonOptions } from '../cli.js';
import { CommandFailedError, UsageError } from '../command-error.js';
import { withKnownToken } from '../configuration.js';
import { EXIT_FAILED } from '../environment.js';
import { askReplicas } from '../start-report.js';
import { clusterTlsOf } from '../tls-files.js';

type Member = ClusterConfiguration['replicas'][number];

/** `chaos …`: makes replicas fail on purpose. They refuse it unless their configuration says `chaos: true`. */
export function addChaosCommand(program: Command, cli: Cli): void {
  const chaos = program
    .command('chaos')
    .description('make replicas fail on purpose; only where "chaos": true is configured');
  const command = (words: string, description: string): Command =>
    cli.withCommonOptions(chaos.command(words).description(description));
  const inject = async (options: CommonOptions, id: string, fault: ChaosFault | ChaosDeed): Promise<void> => {
    const settings = cli.settings(options);
    const member = memberOf(settings, id);
    await withReplica(member, withKnownToken(settings), (client) => client.inject(fault));
    cli.print(options, { replica: id, fault: jsonOf(fault) }, `${id}: ${textOf(fault)}.`);
  };

  command('kill-primary', 'kill -9 the primary; its supervisor starts it again').action(
    async (options: CommonOptions) => {
      const { primary, reason } = await askReplicas(cli, withKnownToken(cli.settings(options)));
      if (primary === '') throw new CommandFailedError(`There is no primary to kill: ${reason}`);
      await inject(options, primary, { kind: 'kill' });
    },
  );
  command('kill <id>', 'kill -9 a replica; its supervisor starts it again').action(
    async (id: string, options: CommonOptions) => inject(options, id, { kind: 'kill' }),
  );
  command('pause <id> <time>', 'let a replica stand still (SIGSTOP by its supervisor) for 5s, 500ms …').action(
    async (id: string, time: string, options: CommonOptions) =>
      inject(options, id, { kind: 'pause', ms: timeOf(time) }),
  );
  command('delay <id> <time>', 'make messages from and to a replica late by 30s, 200ms …')
    .option('--once', 'only the next replication message')
    .action(async (id: string, time: string, options: CommonOptions & { once?: boolean }) =>
      inject(options, id, { kind: options.once === true ? 'delayNext' : 'delay', ms: timeOf(time) }),
    );
  command('drop <id> <rate>', 'lose this share (0 … 1) of the messages from and to a replica').action(
    async (id: string, rate: string, options: CommonOptions) =>
      inject(options, id, { kind: 'drop', rate: rateOf(rate) }),
  );
  command(
    'errors <id> <rate>',
    'fail this share (0 … 1) of the calls that a replica gets, before or after they are done',
  ).action(async (id: string, rate: string, options: CommonOptions) =>
    inject(options, id, { kind: 'errors', rate: rateOf(rate) }),
  );
  command('cut <from> <to>', 'cut the way between two replicas')
    .option('--one-way', 'what TO sends still reaches FROM')
    .action(async (from: string, to: string, options: CommonOptions & { oneWay?: boolean }) => {
      memberOf(cli.settings(options), to);
      if (from === to) throw new UsageError(`A way has two ends; both are ${JSON.stringify(to)}.`);
      await inject(options, from, { kind: 'cut', peer: to, isOneWay: options.oneWay === true });
    });
  command('disk-full <id>', 'let no file of a replica grow').action(async (id: string, options: CommonOptions) =>
    inject(options, id, { kind: 'diskFull' }),
  );
  command('slow-disk <id> <time>', 'make each fsync of a replica take 300ms … longer').action(
    async (id: string, time: string, options: CommonOptions) =>
      inject(options, id, { kind: 'slowDisk', ms: timeOf(time) }),
  );
  command('clear [id]', 'end what was injected, everywhere or in one replica').action(
    async (id: string | undefined, options: CommonOptions) => {
      const { done, failed } = await ofEach(cli, options, id, (client) => client.clear());
      const cleared = done.map(({ replica }) => replica);
      cli.print(options, { cleared, unreachable: failed }, `Cleared: ${cleared.join(', ') || 'none'}.`);
    },
  );
  command('list', 'show what was injected and lasts').action(async (options: CommonOptions) => {
    const { done, failed } = await ofEach(cli, options, undefined, (client) => client.list());
    const rows = done.flatMap(({ replica, answer }) => answer.map((fault) => ({ replica, fault })));
    const faults = rows.map(({ replica, fault }) => ({ replica, ...jsonOf(fault) }));
    const table = alignedTable(
      [{ heading: 'REPLICA' }, { heading: 'FAULT' }],
      rows.map(({ replica, fault }) => [replica, textOf(fault)]),
    );
    cli.print(options, { faults, unreachable: failed }, rows.length === 0 ? noneText(done, failed) : table);
  });
}

/** Asks each replica, or the one named; exit code 1 when none answers. Throws the first refusal when all are alike. */
async function ofEach<T>(
  cli: Cli,
  options: CommonOptions,
  id: string | undefined,
  ask: (client: ChaosClient) => Promise<T>,
): Promise<{ done: { replica: string; answer: T }[]; failed: string[] }> {
  const settings = cli.settings(options);
  const members = id === undefined ? settings.replicas : [memberOf(settings, id)];
  const configuration = withKnownToken(settings);
  const answers = await Promise.allSettled(members.map((member) => withReplica(member, configuration, ask)));
  const done: { replica: string; answer: T }[] = [];
  const failed: string[] = [];
  for (const [index, answer] of answers.entries()) {
    const replica = members[index]?.id ?? '';
    if (answer.status === 'fulfilled') done.push({ replica, answer: answer.value });
    else {
      failed.push(replica);
      cli.note(`just-hungry: ${replica}: ${String((answer.reason as Error).message)}`);
    }
  }
  if (done.length === 0) cli.exitCode = EXIT_FAILED;
  return { done, failed };
}

async function withReplica<T>(
  { address }: Member,
  configuration: ClusterConfiguration,
  ask: (client: ChaosClient) => Promise<T>,
): Promise<T> {
  const { createChaosClient } = await import('../../net/chaos-client.js');
  const client = createChaosClient(address, configuration.token, clusterTlsOf(configuration));
  try {
    return await ask(client);
  } finally {
    client.close();
  }
}

function memberOf({ replicas }: Pick<ClusterConfiguration, 'replicas'>, id: string): Member {
  const found = replicas.find((one) => one.id === id);
  if (found !== undefined) return found;
  throw new UsageError(
    `There is no replica ${JSON.stringify(id)}; allowed: ${replicas.map((one) => one.id).join(', ')}.`,
  );
}

/** Of a replica that does not answer nothing is known. */
function noneText(done: readonly { readonly replica: string }[], failed: readonly string[]): string {
  if (failed.length === 0) return 'No replica fails on purpose.';
  if (done.length === 0) return 'No replica could be asked.';
  return `${done.map(({ replica }) => replica).join(', ')}: nothing fails on purpose; ${failed.join(', ')} could not be asked.`;
}

const MS_MAX = 600_000;

/** `5s` or `200ms` in ms: a number alone could be either. */
function timeOf(text: string): number {
  const [, digits, unit] = /^(\d{1,6}(?:\.\d{1,3})?)(ms|s)$/.exec(text) ?? [];
  const ms = Math.round(Number(digits) * (unit === 's' ? 1_000 : 1));
  if (ms >= 1 && ms <= MS_MAX) return ms;
  throw new UsageError(`The time is ${JSON.stringify(text)}; allowed: 1ms to 600s, such as 200ms or 5s.`);
}

function rateOf(text: string): number {
  const rate = Number(text);
  if (text.trim() !== '' && rate > 0 && rate <= 1) return rate;
  throw new UsageError(`The share is ${JSON.stringify(text)}; allowed: above 0 and up to 1, such as 0.2.`);
}

/** A fault as `--json` shows it. */
function jsonOf(fault: ChaosFault | ChaosDeed): object {
  const kind = fault.kind.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
  if (fault.kind === 'cut') return { kind, peer: fault.peer, one_way: fault.isOneWay };
  if ('ms' in fault) return { kind, ms: fault.ms };
  return 'rate' in fault ? { kind, rate: fault.rate } : { kind };
}

/** Without the digits that binary fractions leave. */
const percentOf = (rate: number): string => `${Number((rate * 100).toPrecision(6))} %`;

function textOf(fault: ChaosFault | ChaosDeed): string {
  switch (fault.kind) {
    case 'kill':
      return 'is killed (kill -9)';
    case 'pause':
      return `stands still for ${fault.ms} ms (SIGSTOP, then SIGCONT, by its supervisor)`;
    case 'delayNext':
      return `the next replication message is late by ${fault.ms} ms`;
    case 'delay':
      return `every message from and to its peers is late by ${fault.ms} ms`;
    case 'drop':
      return `loses ${percentOf(fault.rate)} of the messages from and to its peers`;
    case 'errors':
      return `fails ${percentOf(fault.rate)} of the calls it gets`;
    case 'cut':
      return `nothing reaches ${fault.peer}${fault.isOneWay ? '' : ', nor comes from it'}`;
    case 'diskFull':
      return 'no file can grow';
    case 'slowDisk':
      return `each fsync takes ${fault.ms} ms longer`;
  }
}
