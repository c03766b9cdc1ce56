import { setTimeout as pause } from 'node:timers/promises';
import type { ClusterConfiguration } from '../ports/configuration.js';
import type { Cli } from './cli.js';
import { withControl } from './operated-replicas.js';
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

/**
 * Tells how far `id` is, until it is a member again with everything that was committed when it was back. Returns how long it
 * took since `askedMs` (performance.now). Ends with Ctrl-C at any time: the copy goes on without it.
 */
export async function followCopy(
  cli: Cli,
  configuration: ClusterConfiguration,
  id: string,
  askedMs: number,
  tell: (step: CopyStep) => void,
): Promise<number> {
  const nothing = { replica: id, bytes_done: 0, bytes_total: 0, op: 0 };
  tell({ ...nothing, phase: 'restarting', op_total: await committed(cli, configuration) });
  await untilBack(cli, configuration, id, askedMs);
  const target = await committed(cli, configuration);
  return withControl(cli, configuration, id, async (control) => {
    for (;;) {
      const [progress, status] = await Promise.all([control.copyProgress(), control.status()]).catch(() => []);
      const total = Math.max(target, await committed(cli, configuration));
      if (progress !== undefined && status !== undefined) {
        const isMember = status.role === 'backup' || status.role === 'primary';
        if (isMember && status.durableOp >= target) return Math.round(performance.now() - askedMs);
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

async function committed(cli: Cli, configuration: ClusterConfiguration): Promise<number> {
  const answers = await replicaAnswers(cli, configuration);
  return Math.max(0, ...answers.map(({ status }) => status?.commit ?? 0));
}
