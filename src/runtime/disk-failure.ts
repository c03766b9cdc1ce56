/** What the disk itself says when it does not hold what it was given. */
const MEDIUM_CODE = 'EIO';
const SYNC_CALLS = new Set(['fsync', 'fdatasync']);

/**
 * Whether a failed durable call leaves in doubt what the disk holds: an fsync failed, or the disk reports an error (rule 10).
 * Any other failure (too many open files, a folder that may not be written, a broken rule of storage) leaves what a kill -9 leaves:
 * a start sorts it out. To forget a sound log for it would lose the cluster where the same fault meets all replicas at the same op.
 */
export function isDiskInDoubt(error: unknown): boolean {
  for (let one = error; one instanceof Error; one = one.cause) {
    if ('code' in one && one.code === MEDIUM_CODE) return true;
    if ('syscall' in one && typeof one.syscall === 'string' && SYNC_CALLS.has(one.syscall)) return true;
  }
  return false;
}

/**
 * Whether a failure is the system's refusal of one call (a folder that may not be written, too many open files, a name that is
 * gone), after which the disk is not in doubt: what can be done again later may be. A broken rule of the program is none.
 */
export function isRefusedBySystem(error: unknown): boolean {
  if (isDiskInDoubt(error)) return false;
  return error instanceof Error && 'code' in error && 'syscall' in error && typeof error.syscall === 'string';
}
