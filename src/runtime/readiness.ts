import type { ReplicaStatus } from '../ports/calls.js';
import type { ReplicaGauges } from '../ports/gauges.js';

/** Committed ops that a replica may be behind and still be ready: a moment's work. */
export const READY_LAG_OPS_MAX = 1_000;
/** Seconds that a backup may not have been level with the primary while it is behind, likewise. */
export const READY_LAG_SECONDS_MAX = 2;

/**
 * Why customers are better served by another replica now, a line each, for people; empty: nothing. A backup that is level is ready:
 * it answers reads and takes over.
 */
export function whyNotReady(status: ReplicaStatus, gauges: ReplicaGauges): string[] {
  return [...ofRole(status, gauges), ...status.damage.map((damage) => `damaged: ${damage}`)];
}

function ofRole(status: ReplicaStatus, gauges: ReplicaGauges): string[] {
  const { role, view, logView, writable, reason } = status;
  switch (role) {
    case 'recovering':
      return ['it is recovering: it has forgotten what it promised and copies everything from the others'];
    case 'founding':
      return ['the cluster is not founded: it waits until all replicas answer'];
    case 'view-change':
      return [`it is between two views, on its way to view ${view}`];
    case 'primary':
      return writable ? [] : [`it takes no orders: ${reason}`];
    case 'backup':
      if (logView < view)
        return [`it does not hold the log of view ${view} yet${gauges.isFetching ? ' and copies it' : ''}`];
      return [...ofPrimary(status), ...ofLag(gauges)];
  }
}

function ofPrimary({ peers, primaryId }: ReplicaStatus): string[] {
  const isHeard = peers.some(({ id, health }) => id === primaryId && health !== 'unhealthy');
  return isHeard ? [] : [`it does not hear the primary${primaryId === '' ? '' : ` (${primaryId})`}`];
}

function ofLag({ lagOps, lagSeconds }: ReplicaGauges): string[] {
  if (lagOps > READY_LAG_OPS_MAX) return [`it lags by ${lagOps} ops`];
  if (lagOps > 0 && lagSeconds > READY_LAG_SECONDS_MAX)
    return [`it lags by ${lagOps} ops and ${Math.round(lagSeconds)} s`];
  return [];
}
