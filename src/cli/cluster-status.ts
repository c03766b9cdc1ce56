import { majorityOf } from '../base/numbers.js';
import type { ReplicaStatus } from '../ports/calls.js';
import type { ClusterStatus, ReplicaAnswer, StateHashes } from './cluster-status-view.js';
import { adviceOf } from './status-advice.js';

export type { ClusterStatus, ReplicaAnswer } from './cluster-status-view.js';

const NO_HASHES: StateHashes = { op: 0, byId: new Map() };

/** One view of the cluster of what its replicas say of themselves and of each other. */
export function clusterStatus(
  answers: readonly ReplicaAnswer[],
  quorum: number,
  hashes: StateHashes = NO_HASHES,
): ClusterStatus {
  const answered = answers.flatMap(({ status }) => status ?? []);
  const byView = answered.toSorted((a, b) => b.view - a.view);
  // A deposed primary that has not heard of it says so too: the highest view counts.
  const primary = byView.find(({ role }) => role === 'primary');
  const commit = Math.max(0, ...answered.map((status) => status.commit));
  const members = answered.filter(({ role }) => role === 'primary' || role === 'backup');
  const isAlone = answered.some(({ takesAlone }) => takesAlone) && primary?.writable !== true;
  const reason = isAlone
    ? whyTheyWait(answers.length, answered.length, quorum)
    : (primary?.reason ?? whyNoPrimary(answers, answered, quorum));
  const isWritable = primary?.writable === true;
  // Whom the primary does not hear cannot take the place of one that fails.
  const spare = members.filter(({ id }) => healthIn(primary, id) === 'healthy');
  const status: Omit<ClusterStatus, 'advice'> = {
    writable: isWritable,
    reason: isWritable ? '' : reason,
    may_fail: isWritable ? Math.max(0, spare.length - quorum) : 0,
    view: byView[0]?.view ?? 0,
    primary: primary?.id ?? '',
    hash_op: hashes.op,
    replicas: answers.map(({ id, address, status, why }) => ({
      id,
      address,
      role: status?.role ?? (hearerOf(answered, id) === '' ? 'down' : 'unknown'),
      health: healthOf(answered, primary, id),
      view: status?.view ?? 0,
      op: status?.op ?? 0,
      commit: status?.commit ?? 0,
      lag_ops: status === undefined ? commit : Math.max(0, commit - status.applied),
      outbox: status?.outbox ?? 0,
      takes_alone: status?.takesAlone ?? false,
      reason:
        status === undefined ? why : [...status.damage, ...waiting(status), ...ownReason(status, quorum)].join('; '),
      lag_seconds: lagSeconds(status),
      orders: status?.orders ?? null,
      reads: status?.reads ?? null,
      state_hash: hashes.byId.get(id) ?? '',
      disk_free_bytes: status?.diskFreeBytes ?? null,
      uptime_seconds: status === undefined ? null : Math.floor(status.uptimeMs / 1000),
      last_fault: status?.lastFault ?? null,
      heard_by: hearerOf(answered, id),
    })),
  };
  return { ...status, advice: adviceOf(status) };
}

type Health = ReplicaStatus['peers'][number]['health'];

const SEVERITY: Readonly<Record<Health, number>> = { healthy: 0, suspected: 1, unhealthy: 2 };

const healthIn = (of: ReplicaStatus | undefined, id: string): Health =>
  of?.peers.find((peer) => peer.id === id)?.health ?? 'healthy';

/** As the primary sees it; without one, as badly as any other that answers does. Who is heard by nobody is unhealthy. */
function healthOf(answered: readonly ReplicaStatus[], primary: ReplicaStatus | undefined, id: string): Health {
  const own = answered.find((one) => one.id === id);
  const others = answered.filter((one) => one !== own);
  if (own === undefined && others.length === 0) return 'unhealthy';
  if (primary !== undefined && primary !== own) return healthIn(primary, id);
  if (own === primary && own !== undefined) return 'healthy';
  return others.map((one) => healthIn(one, id)).sort((a, b) => SEVERITY[b] - SEVERITY[a])[0] ?? 'healthy';
}

/** Who hears a replica; empty: nobody that answers. */
const hearerOf = (answered: readonly ReplicaStatus[], id: string): string =>
  answered.find((one) => one.peers.some((peer) => peer.id === id && peer.health === 'healthy'))?.id ?? '';

/** To a tenth; one that holds everything is level. */
function lagSeconds(status: ReplicaStatus | undefined): number | null {
  return status?.lagMs === undefined ? null : Math.round(status.lagMs / 100) / 10;
}

/** With `keep-ordering`: what becomes of the orders that are taken, and what the operator can do. */
function whyTheyWait(count: number, answering: number, quorum: number): string {
  return (
    `they are kept in an outbox and placed as soon as ${quorum} of ${count} replicas reach each other ` +
    `(${answering} of ${count} answer now): start the others. Nothing else can be changed meanwhile.`
  );
}

/** Too few, too forgetful, or not yet: what is wrong, and what the operator can do. */
function whyNoPrimary(answers: readonly ReplicaAnswer[], answered: readonly ReplicaStatus[], quorum: number): string {
  const forgetful = answered.filter(({ role }) => role === 'recovering');
  const others = answered.filter(({ role }) => role !== 'recovering');
  const majority = majorityOf(answers.length);
  if (forgetful.length > 0 && others.length < majority) return whyNoneRecovers(forgetful, others, majority);
  if (answered.length >= quorum)
    return 'no replica is primary yet; this takes less than a second as a rule, else see the log files.';
  const told = answered.filter((status) => isLonely(status, quorum)).map(({ reason }) => ` ${reason}`);
  return `${answered.length} of ${answers.length} replicas answer, ${quorum} are needed: start the others.${told[0] ?? ''}`;
}

/** More disks were lost than the cluster survives by itself: only a person knows whether they are lost for good (rule 7). */
function whyNoneRecovers(
  forgetful: readonly ReplicaStatus[],
  others: readonly ReplicaStatus[],
  majority: number,
): string {
  const lost = `${idsOf(forgetful)} lost what was on disk and can only recover when ${majority} others that remember answer`;
  const [survivor] = others;
  if (survivor === undefined) return `${lost}; none does. Start the others; put back their folders if they are gone.`;
  return (
    `${lost}; only ${idsOf(others)} does. Start those that do not answer, and put back their folders if there are copies. ` +
    `If ${survivor.id} has the only folder that is left: stop all, run 'just-hungry rebuild ${forgetful[0]?.id ?? ''} --from ${survivor.id}', ` +
    'which says what may be lost, and start all.'
  );
}

const idsOf = (statuses: readonly ReplicaStatus[]): string => statuses.map(({ id }) => id).join(', ');

/** Whether a replica hears too few others for orders to be taken anywhere that it knows of; its reason then says since when. */
function isLonely({ peers, role }: ReplicaStatus, quorum: number): boolean {
  const heard = 1 + peers.filter(({ health }) => health !== 'unhealthy').length;
  return (role === 'backup' || role === 'view-change') && heard < quorum;
}

/** That a backup takes no writes of its own needs no telling while it hears enough of the others. */
function ownReason(status: ReplicaStatus, quorum: number): string[] {
  const { role, writable, reason, takesAlone } = status;
  // One that takes orders alone says so: that they are closed would be untrue.
  return writable || takesAlone || reason === '' || (role === 'backup' && !isLonely(status, quorum)) ? [] : [reason];
}

function waiting({ outbox, takesAlone }: ReplicaStatus): string[] {
  const count = outbox === 0 ? [] : [`${outbox} in the outbox`];
  return takesAlone ? ['takes new orders alone', ...count] : count;
}
