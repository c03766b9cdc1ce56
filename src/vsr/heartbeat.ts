import type { ReplicaIndex } from '../base/numbers.js';
import { catchUp, catchUpTail } from './fetch.js';
import { UNHEALTHY_AFTER } from './health.js';
import { lastOp } from './log.js';
import type { Heartbeat, HeartbeatOk } from './message.js';
import { isOfThisLog, isPrimarysLog } from './claims.js';
import { countAck, followCommit, onDisk, whyNotFromPrimary } from './normal.js';
import { releaseReads } from './reads.js';
import { beginRound } from './rounds.js';
import { actsAsPrimary, broadcast, send, type Step } from './state.js';

/** Primary, on a tick: a heartbeat when it is due (4.1, step 6). */
export function heartbeatWhenDue(step: Step): void {
  const { state, now } = step;
  if (actsAsPrimary(state) && now.nowMs - state.lastHeartbeatMs >= state.config.heartbeatMs) beginRound(step);
}

/** Member that is not the acting primary, on a tick: says that it is there. */
export function sayAliveWhenDue(step: Step): void {
  const { state, now } = step;
  if (actsAsPrimary(state) || (state.status !== 'normal' && state.status !== 'view-change')) return;
  if (now.nowMs - state.lastAliveMs < state.config.heartbeatMs) return;
  state.lastAliveMs = now.nowMs;
  broadcast(step, { kind: 'alive', view: state.view });
}

/** Backup: the primary lives; the log is fetched where the heartbeat shows that something is missing. */
export function onHeartbeat(step: Step, from: ReplicaIndex, message: Heartbeat): string | undefined {
  const { state, now } = step;
  const ignored = whyNotFromPrimary(state, from, message.view);
  if (ignored !== undefined) return ignored;
  if (state.status === 'recovering') {
    catchUp(step, from);
    return undefined;
  }
  state.suspects = undefined;
  state.primaryHeardMs = now.nowMs;
  const hasLog = state.logView === state.view;
  send(step, from, {
    kind: 'heartbeatOk',
    view: state.view,
    round: message.round,
    ...onDisk(state, hasLog),
  });
  if (!hasLog) {
    // The view stands; a long way to its log is no reason to ask for another.
    const patienceMs = UNHEALTHY_AFTER * state.config.heartbeatMs;
    state.viewChangeDeadlineMs = Math.max(state.viewChangeDeadlineMs, now.nowMs + patienceMs);
    catchUp(step, from);
    return undefined;
  }
  if (!isPrimarysLog(step, message.commit, message.commitChain)) return 'the own log is another one';
  followCommit(step, message.commit);
  if (message.op > lastOp(state.log) && !state.isDiskFull) catchUpTail(step, from);
  if (state.applied >= message.commit) state.levelAtMs = now.wallMs;
  return undefined;
}

/** Primary: the view still stood when `from` answered (rule 9). */
export function onHeartbeatOk(step: Step, from: ReplicaIndex, message: HeartbeatOk): string | undefined {
  const { state } = step;
  if (message.view !== state.view) return 'of another view';
  if (!actsAsPrimary(state)) return 'not the acting primary';
  if (message.round > state.round) return 'of a round that was not begun';
  state.roundAnswered[from] = Math.max(state.roundAnswered[from] ?? 0, message.round);
  if (message.op <= lastOp(state.log) && isOfThisLog(step, from, message.op, message.chain))
    countAck(step, from, message.op);
  releaseReads(step);
  return undefined;
}
