import type { Command } from 'commander';
import type { Cli, CommonOptions } from '../cli.js';
import { clusterOf } from '../operated-replicas.js';
import { followCopy, type CopyStep } from '../copy-watch.js';
import { orderResync } from '../resync.js';

/** `resync ID [--wait]`: a replica throws its copy away and copies everything from the others. */
export function addResyncCommand(program: Command, cli: Cli): void {
  cli
    .withCommonOptions(
      program
        .command('resync <replica>')
        .description('make a replica throw its copy away and copy everything from the others')
        .option('--wait', 'until it is a member again, with its progress'),
    )
    .action(async (id: string, options: CommonOptions & { readonly wait?: boolean }) => {
      const configuration = clusterOf(cli, options, id);
      const ordered = await orderResync(cli, configuration, id);
      if (options.wait !== true) {
        const text = `${id} throws its copy away and copies everything from the others; 'just-hungry status' shows how far it is.`;
        cli.print(options, { replica: id, phase: 'ordered' }, text);
        return;
      }
      const show = progressOf(cli, options);
      const tookMs = await followCopy(cli, configuration, id, ordered, (step) => show.step(step));
      show.end();
      cli.print(
        options,
        { replica: id, phase: 'done', took_ms: tookMs },
        `${id} has everything anew and is a member again (${tookMs} ms).`,
      );
    });
}

interface Progress {
  step(step: CopyStep): void;
  end(): void;
}

/** JSON: a line each; a terminal: one line that is written over; else a line for each whole tenth. */
function progressOf(cli: Cli, options: CommonOptions): Progress {
  const { stderr } = cli.environment;
  const isTerminal = 'isTTY' in stderr && stderr.isTTY === true;
  if (options.json === true) return { step: (step) => cli.print(options, step, ''), end: () => undefined };
  let shown = '';
  let width = 0;
  return {
    step(step) {
      const text = stepText(step);
      if (isTerminal) {
        stderr.write(`\r${text.padEnd(width)}`);
        width = text.length;
        return;
      }
      const tenth = `${step.phase} ${Math.floor(partOf(step) * 10)}`;
      if (tenth !== shown) cli.note(text);
      shown = tenth;
    },
    end() {
      if (isTerminal && width > 0) stderr.write('\n');
    },
  };
}

const BAR_WIDTH = 24;
const MEGABYTE = 1_000_000;

function partOf({ bytes_done, bytes_total, op, op_total }: CopyStep): number {
  if (bytes_total > 0) return bytes_done / bytes_total;
  return op_total === 0 ? 0 : Math.min(1, op / op_total);
}

function stepText(step: CopyStep): string {
  const { replica, phase, bytes_done, bytes_total, op, op_total } = step;
  const full = Math.round(partOf(step) * BAR_WIDTH);
  const bar = `[${'#'.repeat(full)}${'.'.repeat(BAR_WIDTH - full)}]`;
  const bytes =
    bytes_total === 0
      ? ''
      : `, ${(bytes_done / MEGABYTE).toFixed(1)} of ${(bytes_total / MEGABYTE).toFixed(1)} MB of the checkpoint`;
  return `${replica} ${bar} ${phase}: op ${op} of ${op_total}${bytes}`;
}
