import type { ReplicaStatus } from '../ports/calls.js';
import type { Now } from '../vsr/event.js';
import { healthOf } from '../vsr/health.js';
import { lastChain, lastOp } from '../vsr/log.js';
import { whyReadOnly } from '../vsr/quorum-loss.js';
import { actsAsPrimary, peersOf, primaryOf, type State } from '../vsr/state.js';
import { whyClosed } from '../vsr/writes.js';

/** How a replica sees itself, for operators. */
export function statusOf(state: State, now: Now, more: Pick<ReplicaStatus, 'uptimeMs' | 'damage'>): ReplicaStatus {
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
    peers: peersOf(state).map((peer) => ({ id: idOf(state, peer), health: healthOf(state, peer, now.nowMs) })),
    outbox: state.outbox.length,
    takesAlone: state.isAloneTold,
    ...more,
  };
}

/** Id of a replica. */
export const idOf = (state: State, index: number): string => state.config.replicaIds[index] ?? '';

function roleOf(state: State): ReplicaStatus['role'] {
  if (state.status !== 'normal') return state.status;
  return actsAsPrimary(state) ? 'primary' : 'backup';
}
