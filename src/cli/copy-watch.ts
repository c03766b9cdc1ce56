import { setTimeout as pause } from 'node:timers/promises';
import type { ClusterConfiguration } from '../ports/configuration.js';
import type { Cli } from './cli.js';
import { CommandFailedError } from './command-error.js';
import type { ReplicaControl } from './environment.js';
import { withControl } from './operated-replicas.js';
import type { OrderedResync } from './resync.js';
import { untilBack } from './rolling-restart.js';
import { replicaAnswers } from './start-report.js';

/** How far a copy is: a line of `resync --wait --json`. */
export interface CopyStep {
  readonly replica: string;
  /** `restarting`: the process is not back yet; `joining`: it has everything and waits for a view that it may join. */
  readonly phase: 'restarting' | 'copying' | 'joining';
  /** Of a checkpoint; total 0: none is on its way. */
  readonly bytes_done: number;
  readonly bytes_total: number;
  readonly op: number;
  /** What was committed when it was last asked. */
  readonly op_total: number;
}

const ASK_EVERY_MS = 100;
const EVENTS_MAX = 1_000;
/** ms for which a member that has not been seen to recover is believed to be about to tell. */
const TOLD_WITHIN_MS = 3_000;

/**
 * Tells how far `id` is, until it is a member again with everything that was committed when it was back, and has told that it
 * recovered. Returns how long it took since it was told to, ms. Throws CommandFailedError when it did not copy anything. Ends with Ctrl-C at any time: the copy goes on without it.
 */
export async function followCopy(
  cli: Cli,
  configuration: ClusterConfiguration,
  id: string,
  { askedMs, lastEvent }: OrderedResync,
  tell: (step: CopyStep) => void,
): Promise<number> {
  const nothing = { replica: id, bytes_done: 0, bytes_total: 0, op: 0 };
  tell({ ...nothing, phase: 'restarting', op_total: await committed(cli, configuration) });
  await untilBack(cli, configuration, id, askedMs);
  const target = await committed(cli, configuration);
  let memberMs: number | undefined;
  return withControl(cli, configuration, id, async (control) => {
    for (;;) {
      const [progress, status] = await Promise.all([control.copyProgress(), control.status()]).catch(() => []);
      const total = Math.max(target, await committed(cli, configuration));
      if (progress !== undefined && status !== undefined) {
        const isMember = status.role === 'backup' || status.role === 'primary';
        if (isMember && status.durableOp >= target) {
          if (await hasRecovered(control, lastEvent)) return Math.round(performance.now() - askedMs);
          memberMs ??= performance.now();
          if (performance.now() - memberMs > TOLD_WITHIN_MS)
            throw new CommandFailedError(
              `${id} has started again as a member without copying anything: its log says what its folder was taken for. Run this again.`,
            );
        }
        tell({
          replica: id,
          phase: progress.bytesTotal === 0 && progress.op >= target ? 'joining' : 'copying',
          bytes_done: progress.bytesDone,
          bytes_total: progress.bytesTotal,
          op: progress.op,
          op_total: total,
        });
      }
      await pause(ASK_EVERY_MS);
    }
  });
}

/** Whether it has begun anew since, by its own events: that it is a member says nothing of that. */
async function hasRecovered(control: ReplicaControl, lastEvent: number): Promise<boolean> {
  const kinds = (await control.events(lastEvent, EVENTS_MAX).catch(() => [])).map(({ kind }) => kind);
  const began = kinds.indexOf('recovering');
  return began >= 0 && kinds.includes('recovered', began);
}

async function committed(cli: Cli, configuration: ClusterConfiguration): Promise<number> {
  const answers = await replicaAnswers(cli, configuration);
  return Math.max(0, ...answers.map(({ status }) => status?.commit ?? 0));
}
