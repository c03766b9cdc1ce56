import type { ReplicaStatus } from '../ports/calls.js';
import type { ReplicaIndex } from '../base/numbers.js';
import type { Now } from '../vsr/event.js';
import { type Health, healthOf, hearsPrimary } from '../vsr/health.js';
import { lastChain, lastOp } from '../vsr/log.js';
import { whyReadOnly } from '../vsr/quorum-loss.js';
import { actsAsPrimary, peersOf, primaryOf, type State } from '../vsr/state.js';
import { whyClosed } from '../vsr/writes.js';

/** What the core does not know of its replica. */
export interface ReplicaFacts extends KnownFacts {
  /** How a peer is shown that the core sees so. */
  readonly healthShown: (peer: ReplicaIndex, health: Health) => Health;
}

type KnownFacts = Pick<ReplicaStatus, 'uptimeMs' | 'damage' | 'orders' | 'reads' | 'diskFreeBytes' | 'lastFault'>;

/** How a replica sees itself, for operators. */
export function statusOf(state: State, now: Now, { healthShown, ...more }: ReplicaFacts): ReplicaStatus {
  const closed = whyClosed({ state, now, effects: [] });
  return {
    id: idOf(state, state.config.self),
    role: roleOf(state),
    view: state.view,
    logView: state.logView,
    op: lastOp(state.log),
    durableOp: state.durable,
    commit: state.commit,
    applied: state.applied,
    chain: lastChain(state.log),
    primaryId:
      state.status === 'normal' && state.resigned?.view !== state.view ? idOf(state, primaryOf(state, state.view)) : '',
    writable: closed === undefined,
    // What a caller is told to do is none of the operator's.
    reason: closed?.reason === 'NO_QUORUM' ? whyReadOnly({ state, now }) : (closed?.message ?? ''),
    peers: peersOf(state).map((peer) => ({
      id: idOf(state, peer),
      health: healthShown(peer, healthOf(state, peer, now.nowMs)),
    })),
    outbox: state.outbox.length,
    takesAlone: state.isAloneTold,
    lagMs: lagMsOf(state, now),
    ...more,
  };
}

/** ms since it last knew itself level with a live primary. */
function lagMsOf(state: State, { nowMs, wallMs }: Now): number | undefined {
  if (actsAsPrimary(state)) return 0;
  if (state.status === 'normal' && state.applied >= state.commit && hearsPrimary(state, nowMs)) return 0;
  return state.levelAtMs === 0 ? undefined : Math.max(0, wallMs - state.levelAtMs);
}

/** Id of a replica. */
export const idOf = (state: State, index: number): string => state.config.replicaIds[index] ?? '';

function roleOf(state: State): ReplicaStatus['role'] {
  if (state.status !== 'normal') return state.status;
  return actsAsPrimary(state) ? 'primary' : 'backup';
}
