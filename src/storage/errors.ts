import { DiskFullError } from '../ports/storage.js';

/** Node's error code of a thrown value (`ENOENT`, `EIO`, …); empty when it has none. */
export function errorCode(error: unknown): string {
  if (error instanceof Error && 'code' in error && typeof error.code === 'string') return error.code;
  return '';
}

/** Names of the system calls after whose failure the page cache may show what the disk does not hold (rule 10). */
const SYNC_CALLS = new Set(['fsync', 'fdatasync']);

/** Whether an fsync has failed, for whatever reason. */
export function isSyncFailure(error: unknown): boolean {
  return error instanceof Error && 'syscall' in error && SYNC_CALLS.has(String(error.syscall));
}

/**
 * Whether an error says that there is no room: a full disk or a used-up quota. Not when an fsync says so: a write that was
 * taken and then found no room is gone from the page cache's list of what must be written, and no repetition brings it back.
 */
export function isDiskFull(error: unknown): boolean {
  if (error instanceof DiskFullError) return true;
  const code = errorCode(error);
  return (code === 'ENOSPC' || code === 'EDQUOT') && !isSyncFailure(error);
}

/**
 * Runs `work`. When the disk is full, `undo` takes back what was partly written, so that the call can be repeated, and
 * DiskFullError is thrown. Any other error passes as it is: after it nothing on this disk may be trusted (rule 10).
 */
export async function orDiskFull<T>(work: () => Promise<T>, undo: () => void | Promise<void>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (!isDiskFull(error)) throw error;
    await undo();
    throw new DiskFullError('no room on the disk; make room, the replica goes on by itself', { cause: error });
  }
}
