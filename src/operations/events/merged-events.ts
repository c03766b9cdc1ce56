import type { ReplicaEvent } from '../../ports/events.js';

/** Events of all replicas in the order of time; at the same time by view and op, then by who told it. */
export function inOrder(events: readonly ReplicaEvent[]): ReplicaEvent[] {
  return events.toSorted(
    (a, b) =>
      (a.time < b.time ? -1 : a.time > b.time ? 1 : 0) ||
      a.view - b.view ||
      a.op - b.op ||
      (a.replica < b.replica ? -1 : a.replica > b.replica ? 1 : 0) ||
      a.number - b.number,
  );
}

/** A view and its primary. */
export interface PrimaryTerm {
  readonly view: number;
  /** Id of the replica. */
  readonly primary: string;
  /** RFC 3339: when it had the view's log on its disk and took orders. */
  readonly from: string;
  /** Last op when its view began. */
  readonly op: number;
  /** Why the view before was left, for people; empty: not known any more. */
  readonly reason: string;
}

/** Who was primary when and why, oldest first, as far as the replicas that answer know. The first member founds the cluster as its primary. */
export function historyOfPrimaries(events: readonly ReplicaEvent[], firstMember: string): PrimaryTerm[] {
  const changes = events.filter(({ kind }) => kind === 'view-change');
  return inOrder(events)
    .filter(({ kind, replica }) => kind === 'became-primary' || (kind === 'founded' && replica === firstMember))
    .map(({ view, replica, time, op, reason }) => {
      // A primary that was told to change views by others knows less of why than they do.
      const first = inOrder(changes.filter((change) => change.view === view))[0];
      return { view, primary: replica, from: time, op, reason: first?.reason ?? reason };
    });
}
