import type { ReplicaStatus } from '../ports/calls.js';
import type { ReplicaAnswer } from './cluster-status.js';

/** What happens to orders when a replica is stopped. */
export type OrdersThen =
  /** Nobody notices. */
  | 'go-on'
  /** Another replica becomes primary first; a fraction of a second, no order fails. */
  | 'go-on-after-failover'
  /** They are refused from then on, until enough replicas are back. */
  | 'close'
  /** They are closed now and stay so. */
  | 'stay-closed';

/** The `--json` of `safe-to-stop`. */
export interface StopPrediction {
  readonly replica: string;
  /** Whether orders are taken then. */
  readonly safe: boolean;
  readonly orders: OrdersThen;
  /** For people: why, and what to do. */
  readonly why: string;
  /** Ops that the others must copy first, during which orders wait; 0 as a rule. */
  readonly wait_ops: number;
  /** Replicas that do not have everything that is committed, or do not count, then. */
  readonly lagging: readonly { readonly id: string; readonly lag_ops: number }[];
  /** Replicas that may fail after that before orders stop; 0 where they do not go on. */
  readonly may_fail_then: number;
}

/** Predicts what happens when the replica `id` is stopped now; `quorum` replicas are needed for orders. */
export function predictStop(answers: readonly ReplicaAnswer[], id: string, quorum: number): StopPrediction {
  const statuses = answers.flatMap(({ status }) => status ?? []);
  const members = statuses.filter(({ role }) => role !== 'recovering' && role !== 'founding');
  const acting = members.filter(({ role, writable }) => role === 'primary' && writable);
  const primary = acting.toSorted((a, b) => b.view - a.view)[0];
  const left = members.filter((one) => one.id !== id);
  const group = largestGroup(left);
  const mayGoOn = group.length >= quorum;
  const commit = Math.max(0, ...statuses.map((one) => one.commit));
  const lags = statuses
    .filter((one) => one.id !== id)
    .map((one) => ({ id: one.id, lag_ops: Math.max(0, commit - one.durableOp), isMember: left.includes(one) }));
  const orders = outcome(primary, id, mayGoOn);
  const isSafe = orders === 'go-on' || orders === 'go-on-after-failover';
  const behind = group.map((one) => Math.max(0, commit - one.durableOp)).sort((a, b) => a - b);
  const waitOps = isSafe ? (behind[quorum - 1] ?? 0) : 0;
  const about = { answers, id, quorum, left, waitOps, isDown: !statuses.some((one) => one.id === id) };
  return {
    replica: id,
    safe: isSafe,
    orders,
    why: reasonOf(orders, about),
    wait_ops: waitOps,
    lagging: lags
      .filter(({ lag_ops, isMember }) => lag_ops > 0 || !isMember)
      .map(({ id: lagging, lag_ops }) => ({ id: lagging, lag_ops })),
    may_fail_then: isSafe ? group.length - quorum : 0,
  };
}

function outcome(primary: ReplicaStatus | undefined, id: string, mayGoOn: boolean): OrdersThen {
  if (!mayGoOn) return primary === undefined ? 'stay-closed' : 'close';
  // Without a primary that takes orders now, one is being chosen.
  return primary === undefined || primary.id === id ? 'go-on-after-failover' : 'go-on';
}

/** Of those that are left, the most that all hear one of them, and are heard by it: whoever is primary needs such a group. */
function largestGroup(left: readonly ReplicaStatus[]): readonly ReplicaStatus[] {
  let largest: readonly ReplicaStatus[] = [];
  for (const one of left) {
    const group = left.filter((other) => other === one || (hears(one, other) && hears(other, one)));
    if (group.length > largest.length) largest = group;
  }
  return largest;
}

const hears = (one: ReplicaStatus, other: ReplicaStatus): boolean =>
  one.peers.some(({ id, health }) => id === other.id && health !== 'unhealthy');

interface About {
  readonly answers: readonly ReplicaAnswer[];
  readonly id: string;
  readonly quorum: number;
  readonly left: readonly ReplicaStatus[];
  readonly waitOps: number;
  readonly isDown: boolean;
}

function reasonOf(orders: OrdersThen, about: About): string {
  const { id, quorum, left, waitOps, isDown } = about;
  const ids = left.map((one) => one.id).join(' and ') || 'nobody';
  const down = isDown ? `${id} does not answer now: nothing changes. ` : '';
  const wait =
    waitOps > 0 ? ` Orders wait a moment first, until the last ${waitOps} ops are copied to enough disks.` : '';
  switch (orders) {
    case 'go-on':
      return `${down}${ids} carry on; ${quorum} are needed.${wait}`;
    case 'go-on-after-failover':
      return (
        `${ids} choose a new primary within a fraction of a second; no order fails.${wait} ` +
        (isDown ? '' : "To make even that shorter run 'just-hungry switchover' first.")
      ).trimEnd();
    case 'close':
    case 'stay-closed':
      return `${down}${ids} would be left, and ${quorum} are needed that reach each other: ${remedy(about)}`;
  }
}

function remedy({ answers, id, left }: About): string {
  const recovering = answers.filter(({ status }) => status?.role === 'recovering' || status?.role === 'founding');
  const dead = answers.filter(({ status, id: other }) => status === undefined && other !== id);
  const others = answers.filter(
    (one) => one.id !== id && one.status !== undefined && left.every((has) => has.id !== one.id),
  );
  const advice: string[] = [];
  if (dead.length > 0) advice.push(`start ${dead.map((one) => one.id).join(' and ')} first`);
  if (recovering.some((one) => others.includes(one)))
    advice.push(`wait until ${others.map((one) => one.id).join(' and ')} has recovered (it does not count before)`);
  if (advice.length === 0) advice.push('mend the network between them first');
  return `${advice.join(', and ')}.`;
}
