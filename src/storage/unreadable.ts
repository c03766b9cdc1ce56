import { DamagedFileError } from '../base/service.js';
import type { FileSystem } from '../ports/file-system.js';
import { errorCode, isSyncFailure } from './errors.js';

/**
 * What the system says of a file that is there and cannot be read, for people. Only what lies in this file or its folder: too
 * many open files, no memory or no room say nothing of the file.
 */
const REASONS: Readonly<Record<string, string>> = {
  EACCES: 'it may not be read and written by this user (EACCES)',
  EPERM: 'it may not be read and written by this user (EPERM)',
  EISDIR: 'a folder stands in its place (EISDIR)',
  ENOTDIR: 'a file stands in the place of its folder (ENOTDIR)',
  ELOOP: 'it is a link that leads nowhere (ELOOP)',
  ENOENT: 'the file is missing',
  EIO: 'the disk cannot read it (EIO)',
  EUCLEAN: 'the file system is damaged there (EUCLEAN)',
  EBADMSG: 'the file system is damaged there (EBADMSG)',
};

/** Runs what opens and reads `file` (its name for people): what cannot be read is thrown as damage of it. */
export function reading<T>(file: string, read: () => T): T {
  try {
    return read();
  } catch (error) {
    const what = isSyncFailure(error) ? undefined : REASONS[errorCode(error)];
    if (what === undefined) throw error;
    throw new DamagedFileError(file, what);
  }
}

/** A file's bytes, or why they cannot be read. */
export function readIfReadable(
  fileSystem: FileSystem,
  path: string,
): { readonly kind: 'read'; readonly bytes: Uint8Array } | { readonly kind: 'unreadable'; readonly what: string } {
  try {
    return { kind: 'read', bytes: reading(path, () => fileSystem.readFile(path)) };
  } catch (error) {
    if (error instanceof DamagedFileError) return { kind: 'unreadable', what: error.detail };
    throw error;
  }
}
