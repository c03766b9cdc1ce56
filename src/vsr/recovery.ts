import { assert } from '../base/assert.js';
import { nextOp, nextView, op, view as makeView, type ReplicaIndex, type View } from '../base/numbers.js';
import { extendLog } from './append.js';
import { raiseCommit } from './commit.js';
import { anyPeer, beginFetch } from './fetch.js';
import { holdItems } from './held-items.js';
import { beginAtCheckpoint, dropStaged } from './log-switch.js';
import { cutFrom, emptyLog, GENESIS, lastOp } from './log.js';
import type { NewState, RecoveryResponse, WantReplica } from './message.js';
import { renewOffice } from './suspicion.js';
import {
  actsAsPrimary,
  beginTransition,
  broadcast,
  notice,
  primaryOf,
  send,
  type Step,
  type Transition,
} from './state.js';

/** Ops by which a recovering replica may be behind when it asks for a view to join: it has the rest in no time. */
const NEARLY_LEVEL_OPS = 5_000;

/** The replica has forgotten its promises: it does not vote until a majority of the others told where they are (rule 7). */
export function beginRecovery(step: Step, why: string, isFolderLost: boolean): void {
  const { state, now } = step;
  state.status = 'recovering';
  state.fetch = undefined;
  state.founding = undefined;
  state.recovery = { nonce: now.randomU32, answers: new Map(), isFolderLost, source: undefined, above: undefined };
  if (isFolderLost) state.log = emptyLog(GENESIS);
  notice(step, { kind: 'recovering', why });
}

/** On a tick: asks where the others are, then for data, then for a view that may be joined. */
export function goOnRecovering(step: Step): void {
  const { state, now } = step;
  const { recovery } = state;
  if (recovery === undefined || state.transition !== undefined) return;
  if (now.nowMs - state.lastWishMs < state.config.heartbeatMs) return;
  state.lastWishMs = now.nowMs;
  if (recovery.above === undefined) {
    broadcast(step, { kind: 'recovery', nonce: recovery.nonce });
    return;
  }
  askForData(step);
}

/** Only a replica that has its promises answers, with the view that is on its disk. */
export function onRecovery(step: Step, from: ReplicaIndex, nonce: number): string | undefined {
  const { state } = step;
  if (state.status === 'recovering' || state.status === 'founding') return 'has no promises itself';
  send(step, from, { kind: 'recoveryResponse', nonce, view: state.view });
  return undefined;
}

/** Collects the views of a majority of all replicas, not counting this one. */
export function onRecoveryResponse(
  step: Step,
  from: ReplicaIndex,
  clusterId: string,
  message: RecoveryResponse,
): string | undefined {
  const { state } = step;
  const { recovery } = state;
  if (recovery === undefined || recovery.nonce !== message.nonce || recovery.above !== undefined) return 'not asked';
  recovery.answers.set(from, message.view);
  if (recovery.answers.size < state.majority) return undefined;
  const above = makeView(Math.max(state.view, ...[...recovery.answers.values()].map(nextView)));
  keepRecoveryView(step, clusterId, above);
  return undefined;
}

function keepRecoveryView(step: Step, clusterId: string, above: View): void {
  const { state } = step;
  const { recovery } = state;
  assert(recovery !== undefined, 'only a recovering replica keeps a view to stay above');
  state.clusterId = clusterId;
  state.view = above;
  recovery.above = above;
  const promises = {
    clusterId,
    view: above,
    logView: recovery.isFolderLost ? makeView(0) : state.logView,
    recovering: true,
  };
  const transition = beginTransition(step, 'recoveryViewKept');
  if (recovery.isFolderLost) {
    state.logView = makeView(0);
    step.effects.push({ kind: 'initialise', transition, promises, entries: [] });
    return;
  }
  // What is not known to be committed counts for nothing here, but may have been promised to a customer.
  const from = nextOp(state.commit);
  const cut = from <= lastOp(state.log) ? cutFrom(state.log, from) : [];
  const salvaged = cut.flatMap((entry) => state.services.get(entry.service)?.salvage(entry, state.majority) ?? []);
  holdItems(state, salvaged);
  step.effects.push({ kind: 'switchLog', transition, promises, from, entries: [], salvaged });
}

/** The view to stay above is on disk, or a checkpoint came with it: copies data from anyone who has it. */
export function afterRecoveryViewKept(step: Step, transition: Transition): void {
  const { state } = step;
  const { recovery } = state;
  assert(recovery !== undefined, 'only a recovering replica keeps a view to stay above');
  if (transition.installed !== undefined) {
    beginAtCheckpoint(state, transition.installed);
  } else if (recovery.isFolderLost) {
    for (const service of state.services.values()) service.restore('');
    state.applied = op(0);
    state.commit = op(0);
  }
  recovery.isFolderLost = false;
  state.durable = lastOp(state.log);
  if (transition.installed !== undefined) raiseCommit(step, lastOp(state.log));
  askForData(step);
}

function askForData(step: Step): void {
  const { state } = step;
  const { recovery } = state;
  if (recovery?.above === undefined) return;
  recovery.source ??= anyPeer(step);
  if (recovery.source !== undefined) beginFetch(step, 'data', recovery.above, recovery.source, lastOp(state.log));
}

/** Committed entries from a peer: they are added as data and applied; no vote goes with them. */
export function takeData(step: Step, message: NewState): void {
  const { state } = step;
  state.fetch = undefined;
  if (state.isDiskFull) return;
  dropStaged(step);
  extendLog(step, message.suffix.entries);
  raiseCommit(step, lastOp(state.log));
  if (lastOp(state.log) < message.op && message.suffix.entries.length > 0) {
    askForData(step);
    return;
  }
  const above = state.recovery?.above;
  if (above === undefined || message.logView !== message.view) return;
  send(step, primaryOf(state, message.view), { kind: 'wantReplica', above, op: lastOp(state.log) });
}

/** Primary: begins a new view of its own, so that a recovered replica may be a member of it (rule 7). */
export function onWantReplica(step: Step, from: ReplicaIndex, message: WantReplica): string | undefined {
  const { state } = step;
  if (!actsAsPrimary(state)) return 'not the acting primary';
  if (state.view > message.above) return 'the view is high enough already';
  if (lastOp(state.log) - message.op > NEARLY_LEVEL_OPS) return 'too far behind';
  renewOffice(
    step,
    message.above,
    `${state.config.replicaIds[from]} has recovered and needs a view above ${message.above}`,
  );
  return undefined;
}
