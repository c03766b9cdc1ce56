import { setTimeout as pause } from 'node:timers/promises';
import { majorityOf } from '../base/numbers.js';
import type { ClusterConfiguration } from '../ports/configuration.js';
import type { Cli } from './cli.js';
import { CommandFailedError } from './command-error.js';
import { withControl } from './operated-replicas.js';
import { replicaAnswers } from './start-report.js';

/** ms in which the others must be seen to have what the replica has; under load they are a moment behind. */
const LEVEL_WITHIN_MS = 5_000;
const ASK_EVERY_MS = 50;

/** A replica that was told to throw its copy away, and does. */
export interface OrderedResync {
  /** When it was told (performance.now). */
  readonly askedMs: number;
  /** Number of its last event before. */
  readonly lastEvent: number;
}

/**
 * Makes a replica throw its copy away, once a majority of all, not counting it, is seen to have on disk what it has: its copy is
 * then needed by nobody. Throws CommandFailedError with why not; nothing is changed then.
 */
export async function orderResync(cli: Cli, configuration: ClusterConfiguration, id: string): Promise<OrderedResync> {
  const needed = majorityOf(configuration.replicas.length);
  const own = (await replicaAnswers(cli, configuration)).find((one) => one.id === id);
  if (own?.status === undefined)
    throw new CommandFailedError(
      `${id} does not answer (${own?.why ?? ''}). Start it first; if its disk is gone, start it with an empty folder: it copies everything by itself.`,
    );
  const { durableOp } = own.status;
  const giveUpMs = performance.now() + LEVEL_WITHIN_MS;
  for (;;) {
    const others = (await replicaAnswers(cli, configuration)).filter((one) => one.id !== id);
    const level = others.filter(
      ({ status }) => (status?.role === 'primary' || status?.role === 'backup') && status.durableOp >= durableOp,
    );
    if (level.length >= needed) break;
    if (performance.now() > giveUpMs) {
      const lacking = others.filter((one) => !level.includes(one));
      throw new CommandFailedError(
        `${id} keeps its copy: only ${level.length} of the others are members that have all of it (op ${durableOp}), and ${needed} must. ` +
          `Start ${lacking.map((one) => one.id).join(' and ')}, or wait until 'just-hungry status' shows no lag. Nothing was changed.`,
      );
    }
    await pause(ASK_EVERY_MS);
  }
  return withControl(cli, configuration, id, async (control) => {
    const [last] = await control.events(0, 1);
    const askedMs = performance.now();
    const refused = await control.resync();
    if (refused !== undefined) throw new CommandFailedError(`${id} keeps its copy: ${refused} Nothing was changed.`);
    return { askedMs, lastEvent: last?.number ?? 0 };
  });
}
