import { setTimeout as pause } from 'node:timers/promises';
import type { ClusterConfiguration } from '../ports/configuration.js';
import type { Cli } from './cli.js';
import { CommandFailedError } from './command-error.js';
import { withControl } from './operated-replicas.js';
import { replicaAnswers } from './start-report.js';
import { predictStop } from './stop-prediction.js';
import { primaryOf, switchOver } from './switchover.js';
import type { ReplicaAnswer } from './cluster-status.js';

/** What was done: a line of `restart --rolling --json`. */
export interface RestartStep {
  readonly step: 'switchover' | 'restarted' | 'done';
  /** Empty with `done`. */
  readonly replica: string;
  /** From the request until it was level again, or as `switchover` tells it; ms. */
  readonly took_ms: number;
  readonly message: string;
}

/** ms that replicas have to get level before the next one is restarted. */
const LEVEL_WITHIN_MS = 60_000;
/** ms that a process has to be back; its supervisor starts it after a fraction of a second. */
const BACK_WITHIN_MS = 60_000;
/** ms that the others have to agree that one ends. */
const AGREED_WITHIN_MS = 10_000;
const ASK_EVERY_MS = 50;

/**
 * Restarts every replica: backups first, each only when all are level, the primary last, after a switchover. Whoever keeps the
 * processes running (`just-hungry start`, systemd) must start them again. Throws CommandFailedError; what was done then stays.
 */
export async function restartInTurn(
  cli: Cli,
  configuration: ClusterConfiguration,
  tell: (step: RestartStep) => void,
): Promise<void> {
  const { replicas } = configuration;
  const beganMs = performance.now();
  const restarted = new Set<string>();
  for (let left = replicas.length; left > 0; left--) {
    const answers = await levelAnswers(cli, configuration);
    const primary = primaryOf(answers);
    const backup = replicas.find(({ id }) => !restarted.has(id) && id !== primary);
    const id = backup?.id ?? primary ?? '';
    if (backup === undefined) {
      const done = await switchOver(cli, configuration);
      tell({
        step: 'switchover',
        replica: done.to,
        took_ms: done.pauseMs,
        message: `${done.to} is primary now instead of ${done.from} (pause ${done.pauseMs} ms)`,
      });
    }
    const tookMs = await restartOne(cli, configuration, id);
    restarted.add(id);
    tell({
      step: 'restarted',
      replica: id,
      took_ms: tookMs,
      message: `${id} has restarted and is level (${tookMs} ms)`,
    });
  }
  const tookMs = Math.round(performance.now() - beganMs);
  tell({
    step: 'done',
    replica: '',
    took_ms: tookMs,
    message: `All ${replicas.length} replicas have restarted (${tookMs} ms).`,
  });
}

async function restartOne(cli: Cli, configuration: ClusterConfiguration, id: string): Promise<number> {
  const prediction = predictStop(await levelAnswers(cli, configuration), id, configuration.quorum);
  if (!prediction.safe) throw new CommandFailedError(`${id} is not restarted: ${prediction.why}`);
  const askedMs = performance.now();
  await orderRestart(cli, configuration, id);
  await untilBack(cli, configuration, id, askedMs);
  await levelAnswers(cli, configuration);
  return Math.round(performance.now() - askedMs);
}

/** Another one may have come back a moment ago, and not all have heard it yet: then it is asked again. */
async function orderRestart(cli: Cli, configuration: ClusterConfiguration, id: string): Promise<void> {
  const giveUpMs = performance.now() + AGREED_WITHIN_MS;
  for (;;) {
    const refused = await withControl(cli, configuration, id, (control) => control.restart());
    if (refused === undefined) return;
    if (performance.now() > giveUpMs) throw new CommandFailedError(`${id} is not restarted: ${refused}`);
    await pause(ASK_EVERY_MS);
  }
}

/** Waits until the process is another one: it has run for less time than has passed since it was told to end. */
export async function untilBack(
  cli: Cli,
  configuration: ClusterConfiguration,
  id: string,
  askedMs: number,
): Promise<void> {
  await withControl(cli, configuration, id, async (control) => {
    for (;;) {
      const beforeMs = performance.now();
      const status = await control.status().catch(() => undefined);
      if (status !== undefined && status.uptimeMs < beforeMs - askedMs) return;
      if (performance.now() - askedMs > BACK_WITHIN_MS)
        throw new CommandFailedError(
          `${id} was told to end and has not come back within ${BACK_WITHIN_MS / 1_000} s. Nothing keeps it running? Start it: ` +
            `'just-hungry replica ${id}' (or 'just-hungry start' for all), then run this again.`,
        );
      await pause(ASK_EVERY_MS);
    }
  });
}

/** Waits until all are members of one view and have what was committed when they were asked. */
async function levelAnswers(cli: Cli, configuration: ClusterConfiguration): Promise<ReplicaAnswer[]> {
  const giveUpMs = performance.now() + LEVEL_WITHIN_MS;
  let target = Infinity;
  for (;;) {
    const answers = await replicaAnswers(cli, configuration);
    const statuses = answers.flatMap(({ status }) => status ?? []);
    const primary = statuses.find(({ role, writable }) => role === 'primary' && writable);
    // Under load nobody has what is committed at this moment; all must have what was committed a moment ago.
    const isLevel =
      primary !== undefined &&
      statuses.length === answers.length &&
      statuses.every(
        ({ role, view, durableOp }) => role !== 'recovering' && view === primary.view && durableOp >= target,
      ) &&
      primary.peers.every(({ health }) => health === 'healthy');
    if (isLevel) return answers;
    if (primary !== undefined && target === Infinity) target = primary.commit;
    if (performance.now() > giveUpMs) {
      const lacking = answers
        .filter(({ status }) => status === undefined || status.durableOp < target)
        .map(({ id }) => id);
      throw new CommandFailedError(
        `not all replicas are level after ${LEVEL_WITHIN_MS / 1_000} s (${lacking.join(', ') || 'no primary takes orders'}): ` +
          "see 'just-hungry status', mend that, then run this again. No further replica was stopped.",
      );
    }
    await pause(ASK_EVERY_MS);
  }
}
