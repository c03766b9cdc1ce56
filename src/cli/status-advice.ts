import type { ClusterStatus } from './cluster-status-view.js';

/** Bytes of room on a disk below which it is told. */
const FREE_BYTES_LOW = 1 << 30;
/** Seconds behind the primary from which on it is told. */
const LAG_SECONDS_TOLD = 5;

/** What an operator should do, most urgent first; empty: nothing. When no orders are taken, `reason` says what is to be done for that. */
export function adviceOf(status: Omit<ClusterStatus, 'advice'>): string[] {
  const { replicas, writable, hash_op: hashOp } = status;
  const advice: string[] = [];
  const hashes = new Set(replicas.flatMap(({ state_hash: hash }) => (hash === '' ? [] : [hash])));
  if (hashes.size > 1)
    advice.push(
      `the copies differ at op ${hashOp}: 'just-hungry verify' says where. Delete no folder before you know why`,
    );
  const down = replicas.filter(({ role }) => role === 'down').map(({ id }) => id);
  if (down.length > 0) {
    const each = down.map((id) => `'just-hungry replica ${id}'`).join(', ');
    advice.push(
      `start ${down.join(', ')} ('just-hungry start' starts all; or ${each}); what was missed is caught up by itself`,
    );
  }
  for (const { id, role, disk_free_bytes: free, lag_seconds: lag, outbox, heard_by: by } of replicas) {
    if (role === 'unknown')
      advice.push(`${id} does not answer here, but ${by} hears it: look at the network in between`);
    if (role === 'recovering' && writable) advice.push(`wait for ${id}: it is copying what it lacks`);
    if (free !== null && free < FREE_BYTES_LOW)
      advice.push(`make room on the disk of ${id}: ${bytesText(free)} are left`);
    if (role === 'backup' && lag !== null && lag >= LAG_SECONDS_TOLD)
      advice.push(`${id} is ${Math.round(lag)} s behind: if that grows, look at its disk and its processor`);
    if (outbox > 0 && writable)
      advice.push(`orders wait in the outbox of ${id}: they are placed by themselves in a moment`);
  }
  return advice;
}

/** Bytes for people: `1.5 GB`. */
export function bytesText(bytes: number): string {
  if (bytes >= 1e12) return `${(bytes / 1e12).toFixed(1)} TB`;
  if (bytes >= 1e9) return `${(bytes / 1e9).toFixed(1)} GB`;
  return `${Math.round(bytes / 1e6)} MB`;
}

/** Seconds for people: `12 s`, `4 min`, `3 h`, `5 d`. */
export function durationText(seconds: number): string {
  if (seconds < 120) return `${Math.floor(seconds)} s`;
  if (seconds < 2 * 3600) return `${Math.floor(seconds / 60)} min`;
  return seconds < 2 * 86_400 ? `${Math.floor(seconds / 3600)} h` : `${Math.floor(seconds / 86_400)} d`;
}
