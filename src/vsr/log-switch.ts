import { assert } from '../base/assert.js';
import { nextOp, type View } from '../base/numbers.js';
import type { Entry } from '../base/entry.js';
import type { OutboxItem } from '../base/service.js';
import { UnknownServiceError } from '../base/unknown-service.js';
import { holdItems } from './held-items.js';
import { cutFrom, lastOp, pushEntry, type Splice } from './log.js';
import {
  beginTransition,
  notice,
  type FetchedCheckpoint,
  type Fetch,
  type State,
  type Step,
  type Transition,
} from './state.js';

/**
 * Makes the log that of view `view`, in one atomic durable step (rule 2 b): logView = view, everything from `splice.from` on
 * replaced. What is cut and had been acknowledged goes to the outbox first (rule 4). Below the commit number nothing is cut.
 */
export function switchLog(step: Step, view: View, splice: Splice, next: Transition['next']): void {
  const { state } = step;
  assert(splice.from > state.commit, `op ${splice.from} is not replaced: ops up to ${state.commit} are committed`);
  assert(lastOp(state.log) === state.durable, 'a log is replaced when the disk is at rest');
  const cut = splice.from <= lastOp(state.log) ? cutFrom(state.log, splice.from) : [];
  for (const entry of splice.entries) pushEntry(state.log, entry);
  state.view = view;
  state.logView = view;
  state.fetch = undefined;
  dropStaged(step);
  const promises = { clusterId: state.clusterId, view, logView: view, recovering: false };
  const salvaged = salvage(step, cut);
  const transition = beginTransition(step, next);
  step.effects.push({ kind: 'switchLog', transition, promises, from: splice.from, entries: splice.entries, salvaged });
}

/** As `switchLog`, with a fetched checkpoint before the entries (rule 5): both in one step. */
export function installFetched(
  step: Step,
  fetch: Fetch,
  checkpoint: FetchedCheckpoint,
  into: { view: View; logView: View; recovering: boolean },
  next: Transition['next'],
): void {
  const { state } = step;
  const { offer } = checkpoint;
  assert(offer.head.base.op >= state.commit, 'a checkpoint replaces no later committed state');
  const uncertain = state.log.entries.filter((entry) => entry.op > state.commit);
  state.log = { base: offer.head.base, entries: [...fetch.entries] };
  state.view = into.view;
  state.logView = into.logView;
  state.fetch = undefined;
  state.staged.clear();
  const salvaged = salvage(step, uncertain);
  const transition = beginTransition(step, next, offer);
  const promises = { clusterId: state.clusterId, ...into };
  step.effects.push({ kind: 'installCheckpoint', transition, promises, offer, entries: fetch.entries, salvaged });
}

/**
 * Gives up what is staged of a checkpoint: the log came another way, or the copy is not what was offered. It may be as large as all
 * that was ever ordered, and nothing else would make room of it before the next start.
 */
export function dropStaged({ state, effects }: Step): void {
  if (state.staged.size === 0) return;
  state.staged.clear();
  effects.push({ kind: 'beginStaging', kept: new Map() });
}

/** What the cut entries had promised to customers. */
function salvage(step: Step, cut: readonly Entry[]): OutboxItem[] {
  const { state } = step;
  const items: OutboxItem[] = [];
  for (const entry of cut) {
    const item = state.services.get(entry.service)?.salvage(entry, state.majority);
    if (item !== undefined) items.push(item);
  }
  if (items.length > 0) {
    holdItems(state, items);
    notice(step, { kind: 'salvaged', requestIds: items.map((item) => item.requestId) });
  }
  return items;
}

/** After an installed checkpoint: services and numbers begin at it. */
export function beginAtCheckpoint(state: State, installed: Transition['installed']): void {
  if (installed === undefined) return;
  const { base, snapshots } = installed.head;
  const unknown = Object.keys(snapshots).find((name) => !state.services.has(name));
  if (unknown !== undefined) throw new UnknownServiceError(unknown, 'a part of the checkpoint');
  for (const [name, service] of state.services) service.restore(snapshots[name] ?? '');
  state.applied = base.op;
  state.commit = base.op;
  state.checkpoints = { older: base.op, newest: base.op, isUnderWay: state.checkpoints.isUnderWay };
}

/** The op from which a log is replaced when nothing of it changes. */
export const nothingCut = (state: State): Splice => ({ from: nextOp(lastOp(state.log)), entries: [] });
