import { present } from '../base/assert.js';
import type { OpNumber } from '../base/numbers.js';
import { chainAt, timeAt, trimTo } from './log.js';
import { unpinned } from './pins.js';
import type { State, Step } from './state.js';

const INTERVAL_BYTES = 32 << 20;

/** At the end of a step: orders a checkpoint when enough was committed since the last. */
export function checkpointWhenDue(step: Step): void {
  const { state } = step;
  const { checkpoints, applied, log } = state;
  if (checkpoints.isUnderWay || state.transition !== undefined || state.status !== 'normal') return;
  if (!isDue(state)) return;
  checkpoints.isUnderWay = true;
  const snapshots: Record<string, string> = {};
  for (const [name, service] of state.services) snapshots[name] = service.snapshot();
  const chain = present(chainAt(log, applied), `applied op ${applied} is in the log`);
  step.effects.push({
    kind: 'checkpoint',
    head: { base: { op: applied, chain, timeMs: timeAt(log, applied) }, snapshots },
  });
}

function isDue({ applied, checkpoints, config, log, logView, bytes }: State): boolean {
  if (applied - checkpoints.newest >= config.checkpointIntervalOps) return true;
  const sinceBytes = bytes.sinceCheckpoint.of(log, logView, checkpoints.newest, applied);
  return sinceBytes >= (config.checkpointIntervalBytes ?? INTERVAL_BYTES);
}

/** A checkpoint is durable: the log in memory reaches back to the one before, for replicas that lag a little, or to where one that copies is. */
export function onCheckpointed(step: Step, at: OpNumber): void {
  const { state } = step;
  const { checkpoints } = state;
  checkpoints.isUnderWay = false;
  // A checkpoint received from a peer may have overtaken the own one.
  if (at <= checkpoints.newest) return;
  checkpoints.older = checkpoints.newest;
  checkpoints.newest = at;
  trimTo(state.log, unpinned(step, checkpoints.older));
}
