import { isAskedFor } from '../../base/asked-for.js';
import type { EventKind, ReplicaEvent } from '../../ports/events.js';

/** How the kinds of events that are faults of the replica itself are told in `status`. */
const FAULTS: Partial<Record<EventKind, string>> = {
  crashed: 'crashed: ',
  resigned: 'resigned as primary: ',
  'read-only': 'read-only: ',
  'taking-alone': 'orders were taken alone: ',
  damage: '',
  repaired: '',
  recovering: 'recovering: ',
  diverged: '',
  'checkpoint-postponed': 'no checkpoint ',
  'disk-full': '',
  'disk-failed': '',
};

/** The last thing that went wrong at a replica, by the events that it kept; `undefined`: nothing that they know of. */
export function keptFault(events: readonly ReplicaEvent[]): { readonly at: string; readonly what: string } | undefined {
  const last = events.findLast(({ kind, reason }) => kind in FAULTS && !isAskedFor(reason));
  return last === undefined ? undefined : { at: last.time, what: `${FAULTS[last.kind] ?? ''}${last.reason}` };
}
