import { isDiskInDoubt } from '../runtime/disk-failure.js';
import type { Fatal } from '../runtime/fatal.js';
import { EXIT_RECOVER } from './child-protocol.js';

/** Exit code of a replica that must be started again, from what its folder holds. */
export const EXIT_RESTART = 1;

/** How a replica's process ends when it must begin anew. The note of those that must recover may have found no room on the disk. */
export function exitCodeOf(why: Fatal['kind']): typeof EXIT_RESTART | typeof EXIT_RECOVER {
  return why === 'diskFailed' || why === 'setBack' || why === 'resync' ? EXIT_RECOVER : EXIT_RESTART;
}

/**
 * How a process ends that cannot start. An fsync that fails while the folder is read counts as any other (rule 10): the next
 * start would read the same rows from the page cache, fsync them without an error, and rely on what is on no disk.
 */
export function exitCodeOfFailedStart(error: unknown): typeof EXIT_RESTART | typeof EXIT_RECOVER {
  return isDiskInDoubt(error) ? EXIT_RECOVER : EXIT_RESTART;
}
