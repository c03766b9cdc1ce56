import { refusal, type Refusal } from '../base/refusal.js';
import type { Token } from './event.js';
import { heardCount } from './health.js';
import { primaryOf, type Step } from './state.js';
import { notFounded } from './core-entries.js';

/** Refuses a call: nothing was done; the answer names the primary where it is known. */
export function refuse(step: Step, token: Token, why: Refusal): void {
  const { state } = step;
  const isKnown = state.status === 'normal' && state.resigned?.view !== state.view;
  const primary = isKnown ? primaryOf(state, state.view) : undefined;
  step.effects.push({ kind: 'reply', token, outcome: { kind: 'refused', refusal: why, primary } });
}

/** Why this replica does not act as primary, for the caller. */
export function whyNotPrimary({ state, now }: Step): Refusal {
  if (state.status === 'founding') return notFounded;
  if (state.status === 'recovering')
    return refusal('DAMAGED', 'This replica is recovering from lost data and answers nothing; ask another one.');
  const heard = heardCount(state, now.nowMs);
  if (heard < state.majority)
    return refusal(
      'NO_QUORUM',
      `Orders are closed: ${state.config.replicaIds[state.config.self]} reaches ${heard} of ${state.count} replicas and ` +
        `needs ${state.majority}. Nothing was ordered; they open again by themselves.`,
    );
  return refusal('NO_PRIMARY', 'This replica is not the primary; the front end finds it. Try again in a moment.');
}
