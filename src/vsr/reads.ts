import { refusal } from '../base/refusal.js';
import { maxOp, type OpNumber } from '../base/numbers.js';
import type { AsOf } from './effect.js';
import type { ReadRequest } from './event.js';
import { beginRound } from './rounds.js';
import { lastOp } from './log.js';
import { notFounded } from './core-entries.js';
import { refuse, whyNotPrimary } from './refuse.js';
import { actsAsPrimary, reachedBy, type State, type Step, type WaitingRead } from './state.js';
import { hearsPrimary } from './health.js';

/** Reads that may wait at one replica; beyond, they are refused as OVERLOADED. */
export const READS_WAITING_MAX = 50_000;

/**
 * Bytes of answers after which a step answers no more reads: the others are answered in the next ones, which heartbeats come between.
 * A few hundred readers of whole pages would otherwise keep a primary silent for so long that it is deposed.
 */
export const READ_BYTES_PER_STEP_MAX = 512 * 1024;

/**
 * Takes reads (rule 9). A linearizable one waits until the tables hold everything that was in the log when it came and a
 * majority has answered a round begun after that: the view still stood, so nothing newer was acknowledged elsewhere.
 */
export function onReads(step: Step, requests: readonly ReadRequest[]): void {
  const { state } = step;
  let round: number | undefined;
  for (const request of requests) {
    if (request.deadlineMs <= step.now.nowMs) continue;
    if (state.reads.length >= READS_WAITING_MAX) {
      refuse(step, request.token, refusal('OVERLOADED', 'Too many reads are waiting here; try again in a moment.'));
    } else if (state.status === 'founding' || state.status === 'recovering') {
      refuse(step, request.token, whyNotPrimary(step));
    } else if (state.applied < 1) {
      refuse(step, request.token, notFounded);
    } else if (request.consistency === 'linearizable') {
      if (!actsAsPrimary(state)) {
        refuse(step, request.token, whyNotPrimary(step));
        continue;
      }
      round ??= beginRound(step);
      state.reads.push({ request, round, minApplied: maxOp(lastOp(state.log), request.minOp) });
    } else {
      const minApplied = request.consistency === 'session' ? request.minOp : (0 as OpNumber);
      state.reads.push({ request, round: undefined, minApplied });
    }
  }
  releaseReads(step);
}

/**
 * Answers the reads whose condition is met, as many as a step takes; each waits for its own only. Those that are left although they
 * could be answered are due: `onReads` answers them, also when it is given no others, and so does a tick.
 */
export function releaseReads(step: Step): void {
  const { state } = step;
  state.areReadsDue = false;
  if (state.reads.length === 0) return;
  const confirmed = actsAsPrimary(state) ? reachedBy(state.roundAnswered, state.majority) : -1;
  let kept = 0;
  let bytes = 0;
  for (const read of state.reads) {
    const isReadyNow = isReady(state, read, confirmed);
    if (isReadyNow && bytes < READ_BYTES_PER_STEP_MAX) bytes += answer(step, read);
    else {
      state.areReadsDue ||= isReadyNow;
      state.reads[kept++] = read;
    }
  }
  state.reads.length = kept;
}

const isReady = (state: State, read: WaitingRead, confirmed: number): boolean =>
  state.applied >= read.minApplied && (read.round === undefined || confirmed >= read.round);

/** Returns the bytes of the answer, where the service says. */
function answer(step: Step, { request, round }: WaitingRead): number {
  const { state } = step;
  const service = state.services.get(request.service);
  if (service === undefined) {
    refuse(step, request.token, refusal('INVALID_FIELD', `This cluster does not serve ${request.service}.`));
    return 0;
  }
  // What waits in the own outbox is shown where anything may be missing or too much.
  const answered = (request.consistency === 'any' ? (service.alone ?? service) : service).query(request.query);
  const outcome = {
    kind: 'read',
    answer: answered,
    asOf: asOf(step, round !== undefined),
  } as const;
  step.effects.push({ kind: 'reply', token: request.token, outcome });
  return answered.kind === 'done' ? (answered.bytes ?? 0) : 0;
}

function asOf({ state, now }: Step, isLinearizable: boolean): AsOf {
  if (isLinearizable) return { op: state.applied, view: state.view, timeMs: now.wallMs, complete: true };
  const complete = state.applied >= state.commit && (actsAsPrimary(state) || hearsPrimary(state, now.nowMs));
  return { op: state.applied, view: state.view, timeMs: state.levelAtMs, complete };
}

/** On a tick: forgets reads whose caller no longer waits, and answers what was left to be answered. */
export function expireReads(step: Step): void {
  forgetExpired(step);
  if (step.state.areReadsDue) releaseReads(step);
}

function forgetExpired({ state, now }: Step): void {
  if (!state.reads.some((read) => read.request.deadlineMs <= now.nowMs)) return;
  const left = state.reads.filter((read) => read.request.deadlineMs > now.nowMs);
  state.reads.splice(0, state.reads.length, ...left);
}

/** On leaving a view: linearizable reads must be asked of the next primary. */
export function dropReads(step: Step): void {
  const { state } = step;
  const left = state.reads.filter((read) => {
    if (read.round === undefined) return true;
    step.effects.push({ kind: 'reply', token: read.request.token, outcome: { kind: 'dropped' } });
    return false;
  });
  state.reads.splice(0, state.reads.length, ...left);
}
