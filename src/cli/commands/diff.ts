import type { Command } from 'commander';
import { counted } from '../../client/text/values.js';
import { commonState } from '../../operations/common-op.js';
import { rowDifferences } from '../../operations/row-difference.js';
import { headerOf } from '../../operations/table-headers.js';
import { rowsOfText, tableDifference, type TableDifference } from '../../operations/table-difference.js';
import type { FileNote } from '../../ports/inspection.js';
import { ORDERING } from '../../services/ordering/ordering.js';
import type { Cli, CommonOptions } from '../cli.js';
import { CommandFailedError, UsageError } from '../command-error.js';
import { withKnownToken } from '../configuration.js';
import { type DiffSide, runningSide, stoppedSide } from '../diff-sides.js';
import { EXIT_FAILED } from '../environment.js';
import { type ReachedReplica, withReplicas } from '../replica-access.js';

/** ms that replicas which run are waited for at one op. */
const PATIENCE_MS = 10_000;
/** Rows of a table that people are shown. */
const ROWS_SHOWN = 20;

/** The `--json` of `diff`. */
interface Result {
  readonly equal: boolean;
  readonly op: number;
  readonly a: Side;
  readonly b: Side;
  readonly files: readonly FileDiff[];
}

interface Side {
  readonly replica: string;
  readonly how: DiffSide['how'];
  /** The last op that it holds; ops behind `op` are not compared. */
  readonly last_op: number;
  readonly notes: readonly string[];
}

interface FileDiff {
  readonly file: string;
  readonly missing: readonly string[];
  readonly extra: readonly string[];
  readonly different: readonly { readonly a: string; readonly b: string; readonly columns: readonly string[] }[];
  /** There are more rows that differ. */
  readonly cut: boolean;
  /** What is to be known besides, for people; empty: nothing. */
  readonly note: string;
}

/** `diff A B`: what two copies hold that the other does not, in rows; exit code 1 when they differ. */
export function addDiffCommand(program: Command, cli: Cli): void {
  cli
    .withCommonOptions(
      program
        .command('diff <a> <b>')
        .description('show in rows how two copies differ; of a replica that is stopped its folder is read'),
    )
    .action(async (a: string, b: string, options: CommonOptions) => {
      const configuration = withKnownToken(cli.settings(options));
      for (const id of [a, b])
        mustBeReplica(
          id,
          configuration.replicas.map((one) => one.id),
        );
      if (a === b) throw new UsageError('two different replicas are compared.');
      await withReplicas(cli, configuration, async (replicas) => {
        const chosen = [a, b].flatMap((id) => replicas.find((one) => one.id === id) ?? []);
        const result = await compare(cli, chosen as [ReachedReplica, ReachedReplica]);
        cli.print(options, result, textOf(result));
        if (!result.equal) cli.exitCode = EXIT_FAILED;
      });
    });
}

function mustBeReplica(id: string, ids: readonly string[]): void {
  if (!ids.includes(id))
    throw new UsageError(`there is no replica ${JSON.stringify(id)}; there are ${ids.join(', ')}.`);
}

async function compare(cli: Cli, chosen: readonly [ReachedReplica, ReachedReplica]): Promise<Result> {
  const { op, sides, noted } = await sidesOf(cli, chosen);
  const [a, b] = sides;
  try {
    const files: FileDiff[] = [];
    const kinds = new Map([...a.files, ...b.files].map(({ name, kind }) => [name, kind]));
    const names = [...kinds].sort(([left], [right]) => (left < right ? -1 : 1));
    for (const [name, kind] of names) {
      const notes = noted?.map((files_) => files_.find((file) => file.name === name));
      if (notes !== undefined && notes[0]?.hash === notes[1]?.hash && notes[0]?.length === notes[1]?.length) continue;
      // A stopped folder shows none: there is nothing to compare it with.
      if (kind === 'snapshot' && notes === undefined) continue;
      const lacking = sides.filter((side) => !side.files.some((file) => file.name === name));
      if (kind === 'snapshot')
        files.push(plain(name, name === ORDERING_SNAPSHOT ? SNAPSHOT_NOTE : OTHER_SNAPSHOT_NOTE));
      else if (lacking.length > 0)
        files.push(plain(name, `${lacking.map(({ id }) => id).join(' and ')} has no such file`));
      else if (kind === 'document') files.push(...(await documentDiff(name, op, sides, notes !== undefined)));
      else files.push(...(await tableDiff(name, op, sides)));
    }
    const sideOf = ({ id, how, lastOp, notes }: DiffSide): Side => ({
      replica: id,
      how,
      last_op: Math.max(op, lastOp),
      notes,
    });
    return { equal: files.length === 0, op, a: sideOf(a), b: sideOf(b), files };
  } finally {
    for (const side of sides) side.stopped?.close();
  }
}

const ORDERING_SNAPSHOT = `${ORDERING}.snapshot`;
const OTHER_SNAPSHOT_NOTE = 'what no file shows of this service differs';
const SNAPSHOT_NOTE =
  'what no file shows differs: versions of the menu and the message, requests that are remembered, stock that is reserved';

/** Two that run are noted at one op; with one that is stopped, the op is the last that both hold. */
async function sidesOf(
  cli: Cli,
  chosen: readonly [ReachedReplica, ReachedReplica],
): Promise<{ op: number; sides: [DiffSide, DiffSide]; noted: (readonly FileNote[])[] | undefined }> {
  const running = chosen.filter(({ status }) => status !== undefined);
  const comparable = running.map(({ id, inspector, status }) => ({
    id,
    noteAt: inspector.noteAt,
    applied: status?.applied ?? 0,
  }));
  const state =
    running.length === 0
      ? undefined
      : await commonState(comparable, { monotonicMs: () => performance.now() }, PATIENCE_MS);
  const tools = running.length === 2 ? undefined : await cli.environment.openFolderTools();
  const sides = await Promise.all(
    chosen.map(async (replica) => {
      if (tools !== undefined && replica.status === undefined) return stoppedSide(tools, replica);
      const found = state?.states.find(({ id }) => id === replica.id);
      if (found?.note === undefined)
        throw new CommandFailedError(`${replica.id} cannot be compared: ${found?.why ?? ''}. Wait until it is level.`);
      return { ...runningSide(replica, found.note.files), lastOp: state?.op ?? 0 };
    }),
  );
  const noted = running.length === 2 ? state?.states.map(({ note }) => note?.files ?? []) : undefined;
  const op = Math.min(...sides.map(({ lastOp }) => lastOp));
  return { op, sides: sides as [DiffSide, DiffSide], noted };
}

const plain = (file: string, note: string): FileDiff => ({
  file,
  missing: [],
  extra: [],
  different: [],
  cut: false,
  note,
});

async function tableDiff(name: string, op: number, sides: readonly [DiffSide, DiffSide]): Promise<FileDiff[]> {
  const headers = await Promise.all(sides.map((side) => side.headerOf(name)));
  // A replica that runs has looked at its own; of two that do not, one may be damaged.
  const ofRunning = headers[sides.findIndex(({ how }) => how === 'running')] ?? '';
  const agreed = headers[0] === headers[1] ? (headers[0] ?? '') : '';
  const header = headerOf(name) ?? (ofRunning === '' ? agreed : ofRunning);
  const odd = sides.filter(({ how }, at) => how === 'stopped' && header !== '' && headers[at] !== header);
  const found = await tableDifference(name, header, op, sides);
  const told = odd.map(({ id }) => `the header row of ${id} is not the one that was written`);
  if (header === '' && agreed === '') told.push('the header rows differ');
  const note = told.join('; ');
  if (found === undefined) return note === '' ? [] : [plain(name, note)];
  const diff = fileDiff(name, found);
  return [{ ...diff, note: [diff.note, note].filter((part) => part !== '').join('; ') }];
}

function fileDiff(
  file: string,
  { missing, extra, different, isOrderOnly, isCut }: Omit<TableDifference, 'table'>,
): FileDiff {
  return { file, missing, extra, different, cut: isCut, note: isOrderOnly ? 'the same rows in another order' : '' };
}

/** A document is compared as it is now: where one side may be ahead, that is told. */
async function documentDiff(
  name: string,
  op: number,
  sides: readonly [DiffSide, DiffSide],
  isNoted: boolean,
): Promise<FileDiff[]> {
  const of = { table: name, fromOp: 1, toOp: 1 };
  const [a, b] = await Promise.all(sides.map(async (side) => rowsOfText((await side.readRows(of)).rows)));
  const found = rowDifferences(a?.[0] ?? '', a ?? [], b ?? []);
  const isSame = found.missing.length + found.extra.length + found.different.length === 0;
  if (isSame && a?.join('') === b?.join(''))
    return isNoted ? [plain(name, `it differed at op ${op}; by now both hold the same`)] : [];
  const ahead = sides.find(({ lastOp }) => lastOp > op);
  const diff = fileDiff(name, { ...found, isCut: false });
  if (ahead === undefined) return [diff];
  const note = `${ahead.id} is at op ${ahead.lastOp}: this may have been changed after op ${op}`;
  return [{ ...diff, note }];
}

function textOf({ equal, op, a, b, files }: Result): string {
  const of = ({ replica, how }: Side): string => (how === 'running' ? replica : `${replica} (stopped)`);
  const lines = [`${of(a)} and ${of(b)} ${equal ? 'are equal' : 'differ'} at op ${op}.`];
  for (const { replica, how, notes, last_op: lastOp } of [a, b]) {
    if (how === 'stopped')
      lines.push(
        `${replica} does not run: its files are read as they lie there. What its journal and the others prove, it puts right when it starts.`,
      );
    if (lastOp > op) lines.push(`${replica} goes on to op ${lastOp}: what is behind op ${op} is not compared.`);
    for (const note of notes) lines.push(`${replica}: ${note}.`);
  }
  for (const file of files) lines.push('', ...fileLines(file, a.replica, b.replica));
  return lines.join('\n');
}

function fileLines({ file, missing, extra, different, cut, note }: FileDiff, a: string, b: string): string[] {
  const count = missing.length + extra.length + different.length;
  const head = count === 0 ? `${file}: ${note}` : `${file}: ${counted(count, 'row')}${note === '' ? '' : `; ${note}`}`;
  const lines = [head];
  for (const { a: left, b: right, columns } of different.slice(0, ROWS_SHOWN))
    lines.push(
      `  differs${columns.length === 0 ? '' : ` in ${columns.join(', ')}`}:`,
      `    ${a}: ${left}`,
      `    ${b}: ${right}`,
    );
  const listed = [
    [`${b} lacks`, missing],
    [`only ${b} has`, extra],
  ] as const;
  for (const [what, rows] of listed) {
    if (rows.length > 0) lines.push(`  ${what}:`, ...rows.slice(0, ROWS_SHOWN).map((row) => `    ${row}`));
  }
  const hidden = [missing, extra, different].reduce((sum, { length }) => sum + Math.max(0, length - ROWS_SHOWN), 0);
  if (hidden > 0) lines.push(`  … and ${hidden} more; --json has ${cut ? 'more of them' : 'them all'}.`);
  if (cut) lines.push('  There are more than were looked for.');
  return lines;
}
