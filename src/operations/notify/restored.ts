import { msOf } from '../../base/iso-time.js';
import type { NoticeWayName, ReplicaEvent } from '../../ports/events.js';
import { type Conditions, isShared } from './conditions.js';

/** ms for which an event that was not told when the process ended is still worth telling. */
const WORTH_TELLING_MS = 3_600_000;

/** Takes up, from the events of the processes before this one, what lasts and what of it was told. */
export function restoreConditions(
  conditions: Conditions,
  events: readonly ReplicaEvent[],
  { nowMs, wallMs }: { readonly nowMs: number; readonly wallMs: number },
): void {
  for (const event of events) {
    if (isShared(event.kind)) conditions.note(event, nowMs);
    else if (event.kind === 'notified' || event.kind === 'not-notified') conditions.noteTold(event);
  }
  conditions.keepRestored(({ time }) => wallMs - msOf(time) <= WORTH_TELLING_MS);
}

/** This replica's own events that have a notice which has not been told on every way. */
export function untoldOf(
  events: readonly ReplicaEvent[],
  ways: readonly NoticeWayName[],
  wallMs: number,
): { readonly event: ReplicaEvent; readonly missing: readonly NoticeWayName[] }[] {
  const told = new Set<string>();
  for (const { kind, key, subject } of events)
    if (kind === 'notified' || kind === 'not-notified') told.add(`${key} ${subject}`);
  return events.flatMap((event) => {
    const { kind, key, time } = event;
    const isOwn = key !== '' && kind !== 'notified' && kind !== 'not-notified' && kind !== 'view-change';
    if (!isOwn || wallMs - msOf(time) > WORTH_TELLING_MS) return [];
    const missing = ways.filter((way) => !told.has(`${key} ${way}`));
    return missing.length === 0 ? [] : [{ event, missing }];
  });
}

/** Peers whose last change that is known here was for the worse. */
export function unhealthyIn(events: readonly ReplicaEvent[]): ReadonlySet<string> {
  const unhealthy = new Set<string>();
  for (const { kind, subject } of events) {
    if (kind === 'unhealthy') unhealthy.add(subject);
    else if (kind === 'healthy') unhealthy.delete(subject);
  }
  return unhealthy;
}
