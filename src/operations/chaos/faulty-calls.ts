import { refusal } from '../../base/refusal.js';
import type { IncomingCall, ReplicaCalls } from '../../ports/calls.js';
import type { FaultBook } from './fault-book.js';

const INJECTED = refusal(
  'INJECTED_FAULT',
  "This call was failed on purpose and nothing was done; 'just-hungry chaos clear' ends that. Try again with the same id.",
);

/**
 * A replica's calls of which a share fails (S003-04): a quarter each at once before anything is done, by silence before anything is
 * done, at once after it was done (the answer is lost), by silence after it was done. Operators are answered as ever.
 */
export function faultyCalls(inner: ReplicaCalls, faults: FaultBook, chance: () => number): ReplicaCalls {
  return {
    submit(calls) {
      const rate = faults.find('errors')?.rate ?? 0;
      if (rate === 0) return inner.submit(calls);
      const passed = calls.flatMap((call) => (chance() < rate ? (failed(call, chance()) ?? []) : call));
      if (passed.length > 0) inner.submit(passed);
    },
    status: () => inner.status(),
    outbox: (after, limit) => inner.outbox(after, limit),
    resign: (why) => inner.resign(why),
    inspection: inner.inspection,
    switchOver: (toId, why) => inner.switchOver(toId, why),
    resync: () => inner.resync(),
    restart: () => inner.restart(),
    agreeToEnd: (end) => inner.agreeToEnd(end),
    copyProgress: () => inner.copyProgress(),
    backup: () => inner.backup(),
  };
}

/** How a call fails; `undefined` when it is not done at all. */
function failed(call: IncomingCall, chance: number): IncomingCall | undefined {
  if (chance < 0.25) {
    call.done({ kind: 'refused', refusal: INJECTED, primary: undefined });
    return undefined;
  }
  if (chance < 0.5) return undefined;
  // A lost answer says nothing of what was done; silence ends at the caller's deadline.
  return { ...call, done: () => (chance < 0.75 ? call.done({ kind: 'dropped' }) : undefined) };
}
