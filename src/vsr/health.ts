import type { ReplicaIndex } from '../base/numbers.js';
import { primaryOf, type State } from './state.js';

/** Missed heartbeats after which a peer is suspected, for display. */
export const SUSPECTED_AFTER = 2;
/** Missed heartbeats after which a peer is unhealthy: a backup then asks for the next view, a lonely primary resigns. */
export const UNHEALTHY_AFTER = 5;

/** How a peer looks from here. */
export type Health = 'healthy' | 'suspected' | 'unhealthy';

/** Health of a peer by the time since it was last heard. */
export function healthOf(state: State, peer: ReplicaIndex, nowMs: number): Health {
  const missed = (nowMs - (state.heardMs[peer] ?? -Infinity)) / state.config.heartbeatMs;
  if (missed > UNHEALTHY_AFTER) return 'unhealthy';
  return missed > SUSPECTED_AFTER ? 'suspected' : 'healthy';
}

/** Replicas heard within the last heartbeats, this one included. */
export function heardCount(state: State, nowMs: number): number {
  let count = 1;
  for (let index = 0; index < state.count; index++)
    if (index !== state.config.self && healthOf(state, index as ReplicaIndex, nowMs) !== 'unhealthy') count++;
  return count;
}

/** Whether a backup hears the primary of its view. */
export const hearsPrimary = (state: State, nowMs: number): boolean =>
  state.status === 'normal' && healthOf(state, primaryOf(state, state.view), nowMs) !== 'unhealthy';
