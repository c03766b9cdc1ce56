import { refusal, type Refusal } from '../base/refusal.js';
import type { Token } from './event.js';
import { heardCount } from './health.js';
import { noQuorum } from './quorum-loss.js';
import { primaryOf, type Step } from './state.js';
import { notFounded } from './core-entries.js';

/** Refuses a call: nothing was done; the answer names the primary where it is known. */
export function refuse(step: Step, token: Token, why: Refusal): void {
  const { state } = step;
  const isGoing = state.resigned?.view === state.view || state.switchover !== undefined;
  const isKnown = state.status === 'normal' && !isGoing;
  const primary = isKnown ? primaryOf(state, state.view) : undefined;
  step.effects.push({ kind: 'reply', token, outcome: { kind: 'refused', refusal: why, primary } });
}

/** Why this replica does not act as primary, for the caller. */
export function whyNotPrimary(step: Step): Refusal {
  const { state, now } = step;
  if (state.status === 'founding') return notFounded;
  if (state.status === 'recovering')
    return refusal('DAMAGED', 'This replica is recovering from lost data and answers nothing; ask another one.');
  if (heardCount(state, now.nowMs) < state.majority) return noQuorum(step);
  return refusal('NO_PRIMARY', 'This replica is not the primary; the front end finds it. Try again in a moment.');
}
