import type { ReplicaGauges } from '../ports/gauges.js';
import { actsAsPrimary, peersOf, type State } from '../vsr/state.js';

/** Gauges of a state. `commitHeard`: the primary's commit number as last heard; `diskQueue`: items in the disk queue. */
export function gaugesOf(state: State, commitHeard: number, diskQueue: number, wallMs: number): ReplicaGauges {
  const isPrimary = actsAsPrimary(state);
  const lagOps = Math.max(0, Math.max(state.commit, commitHeard) - state.applied);
  const ids = state.config.replicaIds;
  const backupLag = peersOf(state).map((peer) => [
    ids[peer] ?? '',
    Math.max(0, state.durable - (state.acked[peer] ?? 0)),
  ]);
  return {
    lagOps,
    lagSeconds: isPrimary || state.levelAtMs === 0 ? 0 : Math.max(0, wallMs - state.levelAtMs) / 1_000,
    isFetching: state.fetch !== undefined,
    queues: {
      disk: diskQueue,
      writes: state.pending.size,
      reads: state.reads.length,
      deferred: state.deferred.length,
    },
    backupLagOps: isPrimary ? Object.fromEntries(backupLag) : {},
  };
}
