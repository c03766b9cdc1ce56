import { assert, assertNever } from '../base/assert.js';
import { minOp, nextOp, view, type ReplicaIndex, type View } from '../base/numbers.js';
import { refusal } from '../base/refusal.js';
import { onAloneOrders, onOutboxAppended, onOutboxFull, watchMajority } from './alone.js';
import { checkpointWhenDue, onCheckpointed } from './checkpointing.js';
import { noteClaim, onClaimed, onDiffers } from './claims.js';
import type { Effect } from './effect.js';
import type { Event } from './event.js';
import { askAgainWhenLate, onGetChunk, onGetState } from './fetch.js';
import { afterFounded, askWhoIsEmpty, onReport, onReportResponse } from './founding.js';
import { heartbeatWhenDue, sayAliveWhenDue, onHeartbeat, onHeartbeatOk } from './heartbeat.js';
import { cutFrom, lastOp } from './log.js';
import type { Envelope, Message } from './message.js';
import { onAppended, onPrepare, onPrepareOk } from './normal.js';
import { emptyOutbox, onSubmitOutbox } from './outbox.js';
import { noteQuorum } from './quorum-loss.js';
import { dropReads, expireReads, onReads } from './reads.js';
import {
  afterRecoveryViewKept,
  beginRecovery,
  goOnRecovering,
  onRecovery,
  onRecoveryResponse,
  onWantReplica,
} from './recovery.js';
import { refuse } from './refuse.js';
import { dropReplies, expireReplies } from './replies.js';
import { notice, primaryOf, type State, type Step, type Transition } from './state.js';
import { onCheckpointOffered, onCheckpointVerified, onChunk, onNewState } from './state-transfer.js';
import { onConnectionRefused, onStartViewChange, resign, suspectWhenSilent, wish } from './suspicion.js';
import { goOnSwitchingOver, onSwitchOver } from './switchover.js';
import { afterBecamePrimary, afterJoinedView, leaveView, onDoViewChange, onStartView, vote } from './view-change.js';
import { onWrites } from './writes.js';

/** Events kept during a durable transition; beyond, messages are dropped as the network may drop them, and calls refused. */
const DEFERRED_MAX = 20_000;

/** One step of a replica: what the event makes of the state, and what is to be done for it, in order. */
export function step(state: State, event: Event): Effect[] {
  const effects: Effect[] = [];
  take({ state, now: event, effects }, event);
  // A transition that is done, or a view that was risen to, lets the events behind it go on.
  while (state.transition === undefined && state.deferred.length > 0) {
    const next = state.deferred.shift();
    if (next !== undefined) take({ state, now: event, effects }, next);
  }
  goOnSwitchingOver({ state, now: event, effects });
  checkpointWhenDue({ state, now: event, effects });
  noteQuorum({ state, now: event, effects });
  return effects;
}

function take(step: Step, event: Event): void {
  const { state } = step;
  if (state.transition !== undefined && !isAboutDiskOrTime(event)) {
    // That its sender lives is known now; a call that waits before it must not be told otherwise after a slow write.
    if (event.kind === 'message') noteLife(step, event.envelope);
    defer(step, event);
    return;
  }
  switch (event.kind) {
    case 'tick':
      return onTick(step);
    case 'message':
      return onEnvelope(step, event.envelope, event);
    case 'connectionRefused':
      return onConnectionRefused(step, event.peer);
    case 'writes':
      return onWrites(step, event.requests);
    case 'reads':
      return onReads(step, event.requests);
    case 'aloneOrders':
      return onAloneOrders(step, event.requests);
    case 'outboxAppended':
      return onOutboxAppended(step, event.requestIds);
    case 'outboxFull':
      return onOutboxFull(step, event.requestIds);
    case 'appended':
      return onAppended(step, event.op);
    case 'transitionDone':
      return onTransitionDone(step, event.transition);
    case 'checkpointVerified':
      return onCheckpointVerified(step, event);
    case 'checkpointed':
      return onCheckpointed(step, event.op);
    case 'checkpointFailed':
      state.checkpoints.isUnderWay = false;
      return;
    case 'diskFull':
      return onDiskFull(step);
    case 'diskHasRoom':
      state.isDiskFull = false;
      return;
    case 'diskSlow':
      return resign(step, 'an fsync took longer than it may');
    case 'resign':
      return resign(step, event.why);
    case 'switchOver':
      return onSwitchOver(step, event.to, event.why);
    default:
      assertNever(event);
  }
}

const isAboutDiskOrTime = (event: Event): boolean =>
  event.kind === 'tick' ||
  event.kind === 'appended' ||
  event.kind === 'transitionDone' ||
  event.kind === 'outboxAppended' ||
  event.kind === 'outboxFull' ||
  event.kind === 'checkpointed' ||
  event.kind === 'checkpointFailed' ||
  event.kind === 'diskFull' ||
  event.kind === 'diskHasRoom';

function defer(step: Step, event: Event): void {
  const { state } = step;
  // What the own process says is said once; callers are told, and messages come again.
  const isCall = event.kind === 'writes' || event.kind === 'reads' || event.kind === 'aloneOrders';
  if ((!isCall && event.kind !== 'message') || state.deferred.length < DEFERRED_MAX) {
    state.deferred.push(event);
    return;
  }
  const why = refusal('OVERLOADED', 'Too much is waiting for this replica; try again in a moment.');
  if (isCall) for (const { token } of event.requests) refuse(step, token, why);
}

function onTick(step: Step): void {
  const { state } = step;
  noticePause(step);
  watchMajority(step);
  if (state.transition !== undefined) return;
  expireReplies(step);
  expireReads(step);
  heartbeatWhenDue(step);
  sayAliveWhenDue(step);
  suspectWhenSilent(step);
  if (state.transition !== undefined) return;
  askWhoIsEmpty(step);
  goOnRecovering(step);
  askAgainWhenLate(step);
  emptyOutbox(step);
}

/**
 * After a pause of its own (late by more than a heartbeat) a replica knows nothing of the time in between: what it heard then
 * waits unread, so it listens before it suspects anyone, once (rule 3).
 */
function noticePause(step: Step): void {
  const { state, now } = step;
  const isLate = now.nowMs - state.lastTickMs > state.config.heartbeatMs;
  if (isLate && !state.wasPaused) {
    state.wishes.fill(undefined);
    state.listenUntilMs = now.nowMs + state.config.heartbeatMs;
    for (let index = 0; index < state.count; index++)
      if (state.heardMs[index] !== -Infinity) state.heardMs[index] = now.nowMs;
    state.primaryHeardMs = now.nowMs;
    if (state.fetch !== undefined) state.fetch.askedAtMs = now.nowMs;
    if (state.viewChangeDeadlineMs !== Infinity)
      state.viewChangeDeadlineMs = Math.max(state.viewChangeDeadlineMs, now.nowMs + state.config.heartbeatMs);
  }
  state.wasPaused = isLate;
  state.lastTickMs = now.nowMs;
}

function onEnvelope(step: Step, envelope: Envelope, event: Event): void {
  const { state } = step;
  const { from, message, clusterId } = envelope;
  const ignored =
    whyForeign(state, envelope) ?? riseFirst(step, from, message, event) ?? onMessage(step, from, clusterId, message);
  if (ignored !== undefined) notice(step, { kind: 'ignored', message: message.kind, from, why: ignored });
}

/** A member of this cluster has been heard. */
function noteLife({ state, now }: Step, envelope: Envelope): void {
  const isMember = provenView(envelope.message) !== undefined;
  if (isMember && whyForeign(state, envelope) === undefined) state.heardMs[envelope.from] = now.nowMs;
}

function whyForeign(state: State, { from, clusterId, message }: Envelope): string | undefined {
  if (from === state.config.self || from >= state.count) return 'not from a peer';
  if (clusterId === '' || state.clusterId === '') {
    const isOfNoCluster = clusterId === '' && state.clusterId === '';
    if (isOfNoCluster)
      return message.kind === 'report' || message.kind === 'reportResponse' ? undefined : 'of no cluster';
    return mayCrossFounding(message) ? undefined : 'the cluster is not founded on both sides';
  }
  return clusterId === state.clusterId ? undefined : `of another cluster, ${clusterId}`;
}

/** What an empty or wiped replica may say to a member and hear from it. */
const mayCrossFounding = ({ kind }: Message): boolean =>
  kind === 'report' ||
  kind === 'reportResponse' ||
  kind === 'getState' ||
  kind === 'newState' ||
  kind === 'recovery' ||
  kind === 'recoveryResponse';

/**
 * Rule 3 (ii): a message of a member that is durably in a later view takes this replica there first; the message itself is
 * looked at again when that view is on the own disk.
 */
function riseFirst(step: Step, from: ReplicaIndex, message: Message, event: Event): string | undefined {
  const { state, now } = step;
  const proven = provenView(message);
  if (proven === undefined) return undefined;
  state.heardMs[from] = now.nowMs;
  noteClaim(step, from, message, proven);
  if (state.status !== 'normal' && state.status !== 'view-change') return undefined;
  if (proven <= state.view) return undefined;
  // The primary of the own view goes to a view further on: it hands its office over, and is followed there at once (rule 3).
  const isHandedOver =
    message.kind === 'startViewChange' && from === primaryOf(state, state.view) && now.nowMs >= state.listenUntilMs;
  leaveView(step, proven, `${state.config.replicaIds[from]} is in view ${proven}`);
  if (isHandedOver) state.suspects = { why: `${state.config.replicaIds[from]} asked for view ${message.view}` };
  state.deferred.unshift(event);
  return 'a later view comes first';
}

/** The view that the sender must have on disk to send this, or undefined when the message proves none. */
function provenView(message: Message): View | undefined {
  switch (message.kind) {
    case 'prepare':
    case 'prepareOk':
    case 'heartbeat':
    case 'heartbeatOk':
    case 'alive':
    case 'doViewChange':
    case 'startView':
    case 'newState':
    case 'checkpointOffered':
    case 'submitOutbox':
    case 'recoveryResponse':
    case 'differs':
      return message.view;
    case 'startViewChange':
      return view(Math.max(0, message.view - 1));
    case 'getState':
    case 'getChunk':
    case 'chunk':
    case 'recovery':
    case 'wantReplica':
    case 'claimed':
    case 'report':
    case 'reportResponse':
      return undefined;
  }
}

function onMessage(step: Step, from: ReplicaIndex, clusterId: string, message: Message): string | undefined {
  switch (message.kind) {
    case 'prepare':
      return onPrepare(step, from, message);
    case 'prepareOk':
      return onPrepareOk(step, from, message);
    case 'heartbeat':
      return onHeartbeat(step, from, message);
    case 'heartbeatOk':
      return onHeartbeatOk(step, from, message);
    case 'alive':
      // That it was heard, and of which view, is noted with every message.
      return undefined;
    case 'startViewChange':
      return onStartViewChange(step, from, message);
    case 'doViewChange':
      return onDoViewChange(step, from, message);
    case 'startView':
      return onStartView(step, from, message);
    case 'getState':
      return onGetState(step, from, message);
    case 'newState':
      return onNewState(step, from, clusterId, message);
    case 'checkpointOffered':
      return onCheckpointOffered(step, from, message);
    case 'getChunk':
      return onGetChunk(step, from, message);
    case 'chunk':
      return onChunk(step, from, message);
    case 'recovery':
      return onRecovery(step, from, message.nonce);
    case 'recoveryResponse':
      return onRecoveryResponse(step, from, clusterId, message);
    case 'wantReplica':
      return onWantReplica(step, from, message);
    case 'claimed':
      return onClaimed(step, from, message);
    case 'differs':
      return onDiffers(step, from, message);
    case 'report':
      return onReport(step, from, message.nonce);
    case 'reportResponse':
      if (step.state.status === 'founding' && message.isFounded) {
        beginRecovery(step, 'the folder is empty, but the cluster is founded: it has been wiped', true);
        return undefined;
      }
      return onReportResponse(step, from, message);
    case 'submitOutbox':
      return onSubmitOutbox(step, from, message);
  }
}

function onTransitionDone(step: Step, number: number): void {
  const { state } = step;
  const { transition } = state;
  assert(transition?.number === number, 'the transition that is done is the one under way');
  state.transition = undefined;
  finish(step, transition);
}

function finish(step: Step, transition: Transition): void {
  switch (transition.next) {
    case 'leftView':
      // A view that this replica only passes through (rules 3, 7) gets no vote at once: its primary would begin it, and be in the way.
      if (step.state.suspects === undefined) vote(step);
      else wish(step);
      return;
    case 'becomePrimary':
      return afterBecamePrimary(step, transition);
    case 'joinView':
      return afterJoinedView(step, transition);
    case 'founded':
      return afterFounded(step, transition);
    case 'recoveryViewKept':
      return afterRecoveryViewKept(step, transition);
    default:
      assertNever(transition.next);
  }
}

/** Appends above the durable op were given up: the replica takes no entries until there is room (rule 10). */
function onDiskFull(step: Step): void {
  const { state } = step;
  state.isDiskFull = true;
  resign(step, 'the disk is full');
  // What is on its way would find no room, or has lost the log that it continues.
  if (state.transition === undefined) state.fetch = undefined;
  // Behind any other transition no append is waiting: it was made when the disk had settled.
  const mayWait = state.transition === undefined || state.transition.next === 'leftView';
  if (mayWait && lastOp(state.log) > state.durable) {
    cutFrom(state.log, nextOp(state.durable));
    // As after a restart: that more is committed elsewhere is learned again when there is room for it.
    state.commit = minOp(state.commit, state.durable);
    dropReplies(step);
    dropReads(step);
  }
}
