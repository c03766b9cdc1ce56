import { DiskFullError } from '../ports.js';

/** Node's error code of a thrown value (`ENOENT`, `EIO`, …); empty when it has none. */
export function errorCode(error: unknown): string {
  if (error instanceof Error && 'code' in error && typeof error.code === 'string') return error.code;
  return '';
}

/** Whether an error says that there is no room: a full disk or a used-up quota. */
export function isDiskFull(error: unknown): boolean {
  const code = errorCode(error);
  return error instanceof DiskFullError || code === 'ENOSPC' || code === 'EDQUOT';
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
