import { isoTime } from '../base/iso-time.js';
import { refusal, type Refusal } from '../base/refusal.js';
import { heardCount } from './health.js';
import { actsAsPrimary, notice, type State, type Step } from './state.js';

/** Replicas that must be heard before this one takes writes, or may hope for another that does (rule 12). */
const neededCount = (state: State): number => (actsAsPrimary(state) ? state.config.quorum : state.majority);

/** At the end of a step: since when too few replicas are heard; the operator is told when that begins and when it ends. */
export function noteQuorum(step: Step): void {
  const { state, now } = step;
  const isMember = state.status === 'normal' || state.status === 'view-change';
  const isLost = isMember && heardCount(state, now.nowMs) < neededCount(state);
  if (isLost === (state.quorumLostWallMs !== undefined)) return;
  state.quorumLostWallMs = isLost ? now.wallMs : undefined;
  if (isLost) notice(step, { kind: 'readOnly', why: whyReadOnly(step) });
  else notice(step, { kind: 'writable' });
}

/** The refusal of a replica that reaches too few others: how many, since when, and what to do. */
export function noQuorum(at: Pick<Step, 'state' | 'now'>): Refusal {
  return refusal(
    'NO_QUORUM',
    `${whyReadOnly(at)} This call did nothing; if the order was sent before, repeat it with the same order_id.`,
    { since: closedSince(at) },
  );
}

/** The same as it is, not as an answer to a call: how many are reached, since when. */
export function whyReadOnly(at: Pick<Step, 'state' | 'now'>): string {
  const { state, now } = at;
  const heard = heardCount(state, now.nowMs);
  return (
    `Orders are closed since ${closedSince(at)}: ${state.config.replicaIds[state.config.self]} reaches ${heard} of ${state.count} ` +
    `replicas and ${neededCount(state)} are needed. They open again by themselves.`
  );
}

const closedSince = ({ state, now }: Pick<Step, 'state' | 'now'>): string =>
  `${isoTime(state.quorumLostWallMs ?? now.wallMs).slice(0, 'YYYY-MM-DDThh:mm:ss'.length)}Z`;
