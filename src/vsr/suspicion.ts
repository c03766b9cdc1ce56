import { nextView, view as makeView, type ReplicaIndex, type View } from '../base/numbers.js';
import { heardCount, UNHEALTHY_AFTER } from './health.js';
import type { StartViewChange } from './message.js';
import { actsAsPrimary, broadcast, notice, peersOf, primaryOf, type Step } from './state.js';
import { dropReads } from './reads.js';
import { dropReplies } from './replies.js';
import { leaveView, vote } from './view-change.js';

/** Heartbeats after which a received wish is forgotten (rule 3). */
const WISH_KEPT_FOR = 2;

/** On a tick: what silence means, and the wish for the next view repeated while it is wanted (rule 3). */
export function suspectWhenSilent(step: Step): void {
  const { state, now } = step;
  if (state.status !== 'normal' && state.status !== 'view-change') return;
  const patienceMs = UNHEALTHY_AFTER * state.config.heartbeatMs;
  if (actsAsPrimary(state)) {
    if (heardCount(state, now.nowMs) < state.majority)
      resign(step, `no majority has answered for ${UNHEALTHY_AFTER} heartbeats`);
  } else if (state.status === 'view-change') {
    if (now.nowMs >= state.viewChangeDeadlineMs) suspect(step, `view ${state.view} did not begin in time`);
  } else if (primaryOf(state, state.view) !== state.config.self) {
    const silentMs = now.nowMs - state.primaryHeardMs;
    if (silentMs >= patienceMs) suspect(step, `${primaryId(step)} missed ${UNHEALTHY_AFTER} heartbeats`);
  }
  const isDue = now.nowMs - state.lastWishMs >= state.config.heartbeatMs;
  if (!isDue) return;
  state.lastWishMs = now.nowMs;
  if (state.status === 'view-change') vote(step);
  if (state.suspects !== undefined && state.transition === undefined) wish(step);
}

/**
 * Wants the next view from now on. Backups do not hear each other before that: what was silent so far may well live, and only
 * from now on shows by its silence, or by refusing the connection, that it does not (or customers would be told NO_QUORUM).
 */
function suspect(step: Step, why: string): void {
  const { state, now } = step;
  if (state.suspects !== undefined) return;
  state.suspects = { why };
  if (state.status !== 'normal') return;
  for (const peer of peersOf(state)) if (peer !== primaryOf(state, state.view)) state.heardMs[peer] = now.nowMs;
}

/** Says that this replica wants the next view, and counts who does. */
export function wish(step: Step): void {
  const { state, now } = step;
  state.lastWishMs = now.nowMs;
  broadcast(step, { kind: 'startViewChange', view: nextView(state.view) });
  changeViewWhenWanted(step);
}

/** A peer wants view `message.view`; its durable view is the one before. */
export function onStartViewChange(step: Step, from: ReplicaIndex, message: StartViewChange): string | undefined {
  const { state, now } = step;
  if (state.status !== 'normal' && state.status !== 'view-change') return 'not a member of a view';
  if (message.view !== nextView(state.view)) return 'not of the next view';
  if (now.nowMs < state.listenUntilMs) return 'after a pause of its own it may be old';
  state.wishes[from] = { view: message.view, atMs: now.nowMs };
  const isPrimaryResigning = from === primaryOf(state, state.view);
  // A view whose primary is heard has begun, though its log is still on the way to here: nobody gives it up for one wish.
  const hasViewBegun = now.nowMs - state.primaryHeardMs < WISH_KEPT_FOR * state.config.heartbeatMs;
  const isCandidateAsking = state.status === 'view-change' && !hasViewBegun && from === primaryOf(state, message.view);
  if ((isPrimaryResigning || isCandidateAsking) && state.suspects === undefined) {
    suspect(step, `${state.config.replicaIds[from]} asked for view ${message.view}`);
    wish(step);
    return undefined;
  }
  changeViewWhenWanted(step);
  return undefined;
}

function changeViewWhenWanted(step: Step): void {
  const { state, now } = step;
  const wanted = nextView(state.view);
  const keptMs = WISH_KEPT_FOR * state.config.heartbeatMs;
  let count = state.suspects === undefined ? 0 : 1;
  for (const one of state.wishes) if (one?.view === wanted && now.nowMs - one.atMs <= keptMs) count++;
  if (count >= state.majority) leaveView(step, wanted, state.suspects?.why ?? 'a majority of the others asked for it');
}

/** The connection to a peer was refused or reset: a dead process. No need to wait for heartbeats. */
export function onConnectionRefused(step: Step, peer: ReplicaIndex): void {
  const { state } = step;
  state.heardMs[peer] = -Infinity;
  const isMember = state.status === 'normal' || state.status === 'view-change';
  if (!isMember || peer !== primaryOf(state, state.view) || state.suspects !== undefined) return;
  suspect(step, `${primaryId(step)} refused the connection`);
  wish(step);
}

/** A primary gives up its office: it stops its heartbeats and asks for the next view itself (rule 3). */
export function resign(step: Step, why: string): void {
  const { state } = step;
  if (!actsAsPrimary(state)) return;
  state.resigned = { view: state.view, why };
  state.switchover = undefined;
  state.suspects = { why };
  notice(step, { kind: 'resigned', view: state.view, why });
  dropReads(step);
  // It counts no more copies in this view; alone it may not leave it for long, and its callers had better ask again.
  dropReplies(step);
  wish(step);
}

/** A primary leaves for the smallest view above `above` of which it is primary itself (rule 7). */
export function renewOffice(step: Step, above: View, why: string): void {
  handOver(step, above, step.state.config.self, why);
}

/** A primary leaves for the smallest view above `above` of which `to` is primary (rules 3 and 7). */
export function handOver(step: Step, above: View, to: ReplicaIndex, why: string): void {
  const { state } = step;
  if (!actsAsPrimary(state)) return;
  let target = Math.max(above, state.view) + 1;
  while (target % state.count !== to) target++;
  if (target === state.view + 1) {
    resign(step, why);
    return;
  }
  // startViewChange(w) is a message of view w − 1: that view must be on disk before (rule 1).
  leaveView(step, makeView(target - 1), why);
  state.suspects = { why };
}

const primaryId = ({ state }: Step): string => state.config.replicaIds[primaryOf(state, state.view)] ?? '?';
