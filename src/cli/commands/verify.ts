import type { Command } from 'commander';
import { alignedTable } from '../../client/text/table.js';
import { counted } from '../../client/text/values.js';
import { commonState, type CommonState } from '../../operations/common-op.js';
import { differencesOf, differenceText, type NotedState, stateHash } from '../../operations/state-comparison.js';
import { ORDERING } from '../../services/ordering/ordering.js';
import type { Cli, CommonOptions } from '../cli.js';
import { UsageError } from '../command-error.js';
import { withKnownToken } from '../configuration.js';
import { EXIT_FAILED } from '../environment.js';
import { type ReachedReplica, withReplicas } from '../replica-access.js';
import { type FileDamage, rereadAll } from '../reread.js';

interface VerifyOptions extends CommonOptions {
  readonly deep?: boolean;
  readonly wait: string;
}

/** Hexadecimal digits of a hash that people are shown. */
const SHORT = 12;

/** `verify`: whether all copies are equal, at one op, while orders go on; exit code 1 unless all were compared and are. */
export function addVerifyCommand(program: Command, cli: Cli): void {
  cli
    .withCommonOptions(
      program
        .command('verify')
        .description('compare all copies at one op, without stopping orders; true when all are equal'),
    )
    .option('--deep', 'read every byte of the tables from the disks too')
    .option('--wait <seconds>', 'how long to wait for a replica that lags', '10')
    .action(async (options: VerifyOptions) => {
      const patienceMs = secondsOf(options.wait) * 1000;
      await withReplicas(cli, withKnownToken(cli.settings(options)), async (replicas) => {
        const answering = replicas.filter(({ status }) => status !== undefined);
        const comparable = answering.map(({ id, inspector, status }) => {
          return { id, noteAt: inspector.noteAt, applied: status?.applied ?? 0 };
        });
        const state = await commonState(comparable, { monotonicMs: () => performance.now() }, patienceMs);
        const damage = options.deep === true ? await rereadAll(replicas, state) : undefined;
        const result = resultOf(replicas, state, damage);
        cli.print(options, result, textOf(result));
        if (!result.equal) cli.exitCode = EXIT_FAILED;
      });
    });
}

function secondsOf(text: string): number {
  if (/^[0-9]{1,4}$/.test(text)) return Number(text);
  throw new UsageError(`--wait is ${JSON.stringify(text)}; allowed: seconds, a whole number from 0 to 9999.`);
}

type Result = ReturnType<typeof resultOf>;

/** The `--json` of `verify`. */
function resultOf(replicas: readonly ReachedReplica[], state: CommonState, damage: readonly FileDamage[] | undefined) {
  const noted: NotedState[] = state.states.flatMap(({ id, note }) => (note === undefined ? [] : [{ id, note }]));
  const differences = differencesOf(noted);
  const isDifferent = differences.length > 0 || (damage ?? []).some(({ isCertain }) => isCertain);
  const isWhole = noted.length === replicas.length && (damage ?? []).length === 0;
  return {
    /** All copies were compared, and hold the same. */
    equal: !isDifferent && isWhole,
    verdict: isDifferent ? ('different' as const) : isWhole ? ('equal' as const) : ('incomplete' as const),
    op: noted.length === 0 ? 0 : state.op,
    view: noted[0]?.note.view ?? 0,
    replicas: replicas.map(({ id, address, why: whyNoAnswer }) => {
      const found = state.states.find((one) => one.id === id);
      const note = found?.note;
      return {
        id,
        address,
        compared: note !== undefined,
        /** Why it was not. */
        reason: note === undefined ? (found?.why ?? whyNoAnswer) : '',
        state_hash: note === undefined ? '' : stateHash(note),
        chain: note?.chain ?? '',
        counts: note?.counts[ORDERING] ?? {},
        /** By name, those beside food ordering. */
        services: Object.fromEntries(Object.entries(note?.counts ?? {}).filter(([name]) => name !== ORDERING)),
        files: note?.files ?? [],
      };
    }),
    differences,
    ...(damage === undefined ? {} : { damage: damage.map(({ replica, file, what }) => ({ replica, file, what })) }),
  };
}

const FIRST_LINE = { equal: 'true', different: 'false', incomplete: 'unknown' } as const;

function textOf(result: Result): string {
  const { verdict, op, replicas, differences, damage } = result;
  const compared = replicas.filter((one) => one.compared);
  const table = alignedTable(
    [
      { heading: 'REPLICA' },
      { heading: 'ORDERS', align: 'right' },
      { heading: 'CHANGES', align: 'right' },
      { heading: 'REFUSALS', align: 'right' },
      { heading: 'MENU ITEMS', align: 'right' },
      { heading: 'STATE' },
      { heading: '' },
    ],
    replicas.map(({ id, counts, state_hash: hash, reason }) => [
      id,
      ...['orders', 'changes', 'refusals', 'menu_items'].map((word) => String(counts[word] ?? '-')),
      hash === '' ? '-' : hash.slice(0, SHORT),
      reason,
    ]),
  );
  const lines: string[] = [FIRST_LINE[verdict], ''];
  if (verdict === 'equal') lines.push(`All ${replicas.length} copies are equal at op ${op}.`);
  else if (compared.length === 0) lines.push('No replica could be compared.');
  else if (differences.length === 0 && compared.length > 1)
    lines.push(`${compared.map(({ id }) => id).join(' and ')} are equal at op ${op}; the others were not compared.`);
  else if (differences.length === 0) lines.push('There is only one copy to look at, nothing to compare it with.');
  else lines.push(`At op ${op}:`, ...differences.map((difference) => `  ${differenceText(difference)}`));
  if (damage !== undefined && damage.length === 0)
    lines.push(
      `Read from the disks: ${counted(compared.length, 'copy').replace('copys', 'copies')}, every byte as it should be.`,
    );
  for (const { replica, file, what } of damage ?? []) lines.push(`  ${replica}: ${file}: ${what}`);
  const [odd] = differences.flatMap(({ groups }) => groups.slice(1).flatMap(({ replicas: who }) => who));
  const [good] = differences[0]?.groups[0]?.replicas ?? [];
  if (odd !== undefined && good !== undefined)
    lines.push(`What differs, row by row: just-hungry diff ${good} ${odd}. Delete neither folder before you know.`);
  const missing = replicas.find((one) => !one.compared);
  if (missing !== undefined && verdict === 'incomplete')
    lines.push(`Start ${missing.id}, or wait until it is level, and verify again ('just-hungry status' shows it).`);
  const services = servicesText(compared);
  return [...lines, '', table, ...(services === '' ? [] : ['', services])].join('\n');
}

/** How much the other services hold, a row for each that holds anything; empty: none does. */
function servicesText(compared: Result['replicas']): string {
  const names = [...new Set(compared.flatMap(({ services }) => Object.keys(services)))].sort();
  const rows = names.map((name) => [name, ...compared.map(({ services }) => countsText(services[name] ?? {}))]);
  const used = rows.filter(([, ...texts]) => texts.some((text) => text !== ''));
  return alignedTable([{ heading: 'SERVICE' }, ...compared.map(({ id }) => ({ heading: id }))], used);
}

/** `guests 3, seated 1`; empty when there is nothing at all. */
function countsText(counts: Readonly<Record<string, number>>): string {
  const words = Object.entries(counts);
  return words.every(([, count]) => count === 0) ? '' : words.map(([word, count]) => `${word} ${count}`).join(', ');
}
