import type { CopyProgress } from '../ports/calls.js';
import type { Now } from '../vsr/event.js';
import { healthOf } from '../vsr/health.js';
import { lastOp } from '../vsr/log.js';
import { isBackup, peersOf, primaryOf, type State } from '../vsr/state.js';
import { idOf } from './status.js';

/** How far a replica is with copying state from the others. */
export function copyProgressOf(state: State): CopyProgress {
  const op = lastOp(state.log);
  const checkpoint = state.fetch?.checkpoint;
  const isCopying = state.status === 'recovering' || state.fetch !== undefined;
  if (checkpoint === undefined) return { isCopying, bytesDone: 0, bytesTotal: 0, op };
  const { offer, fileIndex, offset } = checkpoint;
  const lengths = offer.files.map(({ length }) => length);
  const bytesTotal = sum(lengths);
  const isWhole = checkpoint.state !== 'copying';
  const bytesDone = isWhole ? bytesTotal : sum(lengths.slice(0, fileIndex)) + offset;
  return { isCopying, bytesDone, bytesTotal, op };
}

const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0);

/**
 * Why this replica may not throw its copy away now, for people; undefined when it may. It gives up its vote with it and is
 * a member again only by a majority of N not counting itself (rule 7): those must be there, or it would be lost for as long.
 */
export function whyNoResync(state: State, now: Now): string | undefined {
  const id = idOf(state, state.config.self);
  if (state.status === 'recovering') return `${id} copies everything from the others already.`;
  if (!isBackup(state)) {
    const isPrimary = state.status === 'normal' && primaryOf(state, state.view) === state.config.self;
    return isPrimary
      ? `${id} is the primary: run 'just-hungry switchover' first.`
      : `${id} is between two views: try again in a moment.`;
  }
  const heard = peersOf(state).filter((peer) => healthOf(state, peer, now.nowMs) === 'healthy');
  if (heard.length < state.majority)
    return `${id} hears ${heard.length} of the others, and ${state.majority} must be there to copy from: start them first.`;
  if (state.diverged.size === 0 && state.outbox.length > 0)
    return `${state.outbox.length} orders wait in the outbox of ${id}: wait until 'just-hungry outbox' is empty.`;
  return undefined;
}
