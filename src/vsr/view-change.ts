import { assert, present } from '../base/assert.js';
import { maxOp, minOp, type OpNumber, type ReplicaIndex, type View } from '../base/numbers.js';
import { advanceCommit, applyCommitted, dropSpeculation, raiseCommit, speculateUncommitted } from './commit.js';
import { forgetDifferences } from './claims.js';
import { beginFetch, catchUp } from './fetch.js';
import { committedByFounding, foundedByAll } from './founding.js';
import { UNHEALTHY_AFTER } from './health.js';
import { isSound, lastChain, lastOp, spliceOnto, suffixAfter, suffixEnd } from './log.js';
import { beginAtCheckpoint, nothingCut, switchLog } from './log-switch.js';
import type { DoViewChange, LogSuffix, StartView } from './message.js';
import { acknowledge, whyNotFromPrimary } from './normal.js';
import { dropReads, releaseReads } from './reads.js';
import { dropReplies } from './replies.js';
import { beginRound } from './rounds.js';
import {
  beginTransition,
  broadcast,
  notice,
  peersOf,
  primaryOf,
  send,
  type State,
  type Step,
  type Transition,
  type Vote,
} from './state.js';

/** The time-out of a view change doubles with each attempt, up to this factor. */
const PATIENCE_FACTOR_MAX = 16;

/**
 * Leaves the view for `view` (4.2, step 1; rule 3): from here on nothing is sent or counted for the old one. The doViewChange
 * follows when the new view is on disk and every append before it has settled, so that it states only what the disk holds.
 */
export function leaveView(step: Step, view: View, why: string): void {
  const { state, now } = step;
  assert(view > state.view, 'a view never falls');
  assert(state.transition === undefined, 'one durable transition at a time');
  assert(state.status === 'normal' || state.status === 'view-change', 'only a member changes views');
  notice(step, { kind: 'viewChangeBegun', view, why });
  state.status = 'view-change';
  state.view = view;
  state.suspects = undefined;
  state.switchover = undefined;
  state.fetch = undefined;
  state.primaryHeardMs = -Infinity;
  state.votes.clear();
  dropReplies(step);
  dropReads(step);
  dropSpeculation(state);
  const patience = Math.min(PATIENCE_FACTOR_MAX, 2 ** state.viewChangeAttempts++);
  state.viewChangeDeadlineMs = now.nowMs + UNHEALTHY_AFTER * state.config.heartbeatMs * patience;
  const { clusterId, logView } = state;
  const transition = beginTransition(step, 'leftView');
  step.effects.push({ kind: 'persist', transition, promises: { clusterId, view, logView, recovering: false } });
}

/** The new view is on disk: states what the own disk holds (4.2, step 2). */
export function vote(step: Step): void {
  const { state } = step;
  assert(lastOp(state.log) === state.durable, 'a doViewChange states only what is on disk');
  const own: Vote = {
    from: state.config.self,
    logView: state.logView,
    op: lastOp(state.log),
    commit: state.commit,
    chain: lastChain(state.log),
    suffix: suffixAfter(
      state.log,
      maxOp(state.commit, state.log.base.op),
      lastOp(state.log),
      state.config.suffixBytesMax,
    ),
  };
  const to = primaryOf(state, state.view);
  const { view } = state;
  const { logView, op, commit, chain, suffix } = own;
  if (to === state.config.self) {
    state.votes.set(own.from, own);
    // Before it is elected nobody hears of the view from its own primary, and a replica that had counted the others' wishes
    // has perhaps never said its own: whoever is behind learns from this that the view is wanted (rule 3 ii), and votes.
    const empty = suffixAfter(state.log, op, op);
    broadcast(step, { kind: 'doViewChange', view, logView, op, commit, chain, suffix: empty });
    takeOverWhenElected(step);
    return;
  }
  send(step, to, { kind: 'doViewChange', view, logView, op, commit, chain, suffix });
}

/** The primary of the new view collects what the others hold (4.2, step 3). */
export function onDoViewChange(step: Step, from: ReplicaIndex, message: DoViewChange): string | undefined {
  const { state } = step;
  if (message.view !== state.view) return 'of another view';
  if (state.status !== 'view-change' || primaryOf(state, state.view) !== state.config.self) return 'not collecting';
  if (!isSound(message.suffix)) return 'the entries are not sound';
  const { logView, op, commit, chain, suffix } = message;
  state.votes.set(from, { from, logView, op, commit, chain, suffix });
  takeOverWhenElected(step);
  return undefined;
}

/** The log with the highest (logView, op) of a majority, never simply the longest (rule 4). */
export function bestVote(votes: Iterable<Vote>): Vote | undefined {
  let best: Vote | undefined;
  for (const one of votes)
    if (best === undefined || one.logView > best.logView || (one.logView === best.logView && one.op > best.op))
      best = one;
  return best;
}

function takeOverWhenElected(step: Step): void {
  const { state } = step;
  if (state.votes.size < state.majority || !state.votes.has(state.config.self) || state.fetch !== undefined) return;
  const best = present(bestVote(state.votes.values()), 'a majority has voted');
  if (lastChain(state.log) === best.chain && lastOp(state.log) === best.op) {
    switchLog(step, state.view, nothingCut(state), 'becomePrimary');
    return;
  }
  const splice = suffixEnd(best.suffix) === best.op ? spliceOnto(state.log, best.suffix) : undefined;
  if (splice !== undefined) switchLog(step, state.view, splice, 'becomePrimary');
  else beginFetch(step, 'doViewChange', state.view, best.from, state.commit, best);
}

/** The view's log is on the own disk: the view begins (4.2, step 4). */
export function afterBecamePrimary(step: Step, transition: Transition): void {
  const { state, now } = step;
  beginAtCheckpoint(state, transition.installed);
  state.durable = lastOp(state.log);
  state.start = lastOp(state.log);
  let commit = maxOp(state.commit, committedByFounding(state.log));
  let known: OpNumber = state.commit;
  for (const one of state.votes.values()) {
    commit = maxOp(commit, one.commit);
    known = minOp(known, one.commit);
    if (one.from !== state.config.self) state.heardMs[one.from] = now.nowMs;
  }
  assert(commit <= lastOp(state.log), 'the log of a new view holds everything committed');
  state.votes.clear();
  settleInView(state);
  state.acked.fill(0 as OpNumber);
  state.roundAnswered.fill(0);
  forgetDifferences(state);
  state.round = 0;
  raiseCommit(step, commit);
  speculateUncommitted(state);
  const suffix = viewSuffix(state, known);
  for (const peer of peersOf(state))
    send(step, peer, { kind: 'startView', view: state.view, start: state.start, commit: state.commit, suffix });
  beginRound(step);
  notice(step, { kind: 'becamePrimary', view: state.view, start: state.start });
  advanceCommit(step);
  foundedByAll(step);
}

/** What a startView carries: from what every voter has committed, if that fits a message; else the others ask. */
function viewSuffix(state: State, known: OpNumber): LogSuffix {
  const end = lastOp(state.log);
  const suffix = suffixAfter(state.log, maxOp(known, state.log.base.op), end, state.config.suffixBytesMax);
  return suffixEnd(suffix) === end ? suffix : suffixAfter(state.log, end, end);
}

function settleInView(state: State): void {
  state.status = 'normal';
  state.suspects = undefined;
  state.viewChangeAttempts = 0;
  state.viewChangeDeadlineMs = Infinity;
}

/** A backup takes the view's log (4.2, step 5). A startView of one's own logView changes nothing. */
export function onStartView(step: Step, from: ReplicaIndex, message: StartView): string | undefined {
  const { state } = step;
  const ignored = whyNotFromPrimary(state, from, message.view);
  if (ignored !== undefined) return ignored;
  if (state.status !== 'recovering' && state.logView === state.view) return 'the log is this view’s already';
  if (!isSound(message.suffix)) return 'the entries are not sound';
  const splice = suffixEnd(message.suffix) >= message.start ? spliceOnto(state.log, message.suffix) : undefined;
  if (splice === undefined || splice.from <= state.commit || lastOp(state.log) !== state.durable) {
    catchUp(step, from);
    return undefined;
  }
  state.start = message.start;
  switchLog(step, message.view, splice, 'joinView');
  return undefined;
}

/** The view's log is on the own disk: from here on prepareOk may be sent and the commit number followed. */
export function afterJoinedView(step: Step, transition: Transition): void {
  const { state, now } = step;
  beginAtCheckpoint(state, transition.installed);
  state.durable = lastOp(state.log);
  if (state.recovery !== undefined) notice(step, { kind: 'recovered', view: state.view });
  state.recovery = undefined;
  settleInView(state);
  const primary = primaryOf(state, state.view);
  state.heardMs[primary] = now.nowMs;
  state.primaryHeardMs = now.nowMs;
  assert(lastOp(state.log) >= state.start, 'a log of a view reaches the op at which it began');
  applyCommitted(step);
  acknowledge(step);
  releaseReads(step);
  notice(step, { kind: 'becameBackup', view: state.view, primary });
}
