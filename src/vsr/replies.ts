import { nextOp, type OpNumber } from '../base/numbers.js';
import type { Receipt } from './effect.js';
import { entryAt } from './log.js';
import { readReceipt } from './receipts.js';
import type { Pending, State, Step } from './state.js';

/** How long before its deadline a caller is told that its write concern is not met (design 6). */
export const NOT_MET_LEAD_MS = 100;

/** Keeps a reply until the op is on as many disks as its caller asked for; releases it at once when it is. */
export function awaitDisks(step: Step, at: OpNumber, pending: Pending): void {
  const { state } = step;
  if (isMet(state, at, pending.copiesNeeded)) {
    release(step, at, pending);
    return;
  }
  const waiting = state.pending.get(at);
  if (waiting === undefined) state.pending.set(at, [pending]);
  else waiting.push(pending);
  if (pending.copiesNeeded !== state.majority) state.pendingOddly++;
}

/** Releases the replies whose condition is met since the commit number was `committedBefore`. */
export function releaseReplies(step: Step, committedBefore: OpNumber): void {
  const { state } = step;
  for (let at = nextOp(committedBefore); at <= state.commit; at = nextOp(at)) releaseAt(step, at);
  if (state.pendingOddly > 0) for (const at of state.pending.keys()) releaseAt(step, at);
}

function releaseAt(step: Step, at: OpNumber): void {
  const { state } = step;
  const waiting = state.pending.get(at);
  if (waiting === undefined) return;
  const left = waiting.filter((pending) => {
    if (!isMet(state, at, pending.copiesNeeded)) return true;
    if (pending.copiesNeeded !== state.majority) state.pendingOddly--;
    release(step, at, pending);
    return false;
  });
  if (left.length === 0) state.pending.delete(at);
  else state.pending.set(at, left);
}

function release(step: Step, at: OpNumber, pending: Pending): void {
  const outcome = { kind: 'written', reply: pending.reply, receipt: receiptOf(step.state, at) } as const;
  step.effects.push({ kind: 'reply', token: pending.token, outcome });
}

/** Tells callers whose deadline is near that the write is executed but not yet on enough disks. */
export function expireReplies(step: Step): void {
  const { state, now } = step;
  for (const [at, waiting] of state.pending) {
    if (!waiting.some((pending) => pending.deadlineMs - NOT_MET_LEAD_MS <= now.nowMs)) continue;
    const left = waiting.filter((pending) => {
      if (pending.deadlineMs - NOT_MET_LEAD_MS > now.nowMs) return true;
      if (pending.copiesNeeded !== state.majority) state.pendingOddly--;
      const outcome = { kind: 'notMet', receipt: receiptOf(state, at), copiesNeeded: pending.copiesNeeded } as const;
      step.effects.push({ kind: 'reply', token: pending.token, outcome });
      return false;
    });
    if (left.length === 0) state.pending.delete(at);
    else state.pending.set(at, left);
  }
}

/** On leaving a view: the outcome of what waits is unknown here; callers ask again with the same id (rule 4). */
export function dropReplies(step: Step): void {
  const { state } = step;
  for (const waiting of state.pending.values())
    for (const { token } of waiting) step.effects.push({ kind: 'reply', token, outcome: { kind: 'dropped' } });
  state.pending.clear();
  state.pendingOddly = 0;
}

const copiesOf = (state: State, at: OpNumber): number => state.acked.filter((acked) => acked >= at).length;

/** Below a majority a number of disks is enough; from a majority on the op must be committed too. */
function isMet(state: State, at: OpNumber, copiesNeeded: number): boolean {
  if (copiesNeeded === state.majority) return at <= state.commit;
  if (copiesOf(state, at) < copiesNeeded) return false;
  return copiesNeeded < state.majority || at <= state.commit;
}

/** Where the entry at `at` stands; it is in the log or committed. */
export function receiptOf(state: State, at: OpNumber): Receipt {
  const entry = entryAt(state.log, at);
  const { view, chain } = entry ?? readReceipt(state.receipts, at);
  const committed = at <= state.commit;
  // What is committed is on a majority, though this primary may not have heard of every copy (an op of an earlier view).
  const copies = Math.max(copiesOf(state, at), committed ? state.majority : 0);
  return { op: at, view, copies, committed, chain };
}
