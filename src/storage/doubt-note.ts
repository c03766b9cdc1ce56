import path from 'node:path';
import type { FileSystem } from '../ports/file-system.js';
import { ASKED_FOR_COPY } from '../ports/storage.js';
import { writeWhole } from './durable-file.js';
import { readIfReadable } from './unreadable.js';

/**
 * A file of this name says that nothing in the folder may be believed: an fsync has failed (rule 10), the folder was set back, or
 * an operator wants it copied anew.
 */
export const DOUBT_FILE = 'fsync-failed.txt';

/**
 * Leaves the note, as durably as the disk still allows; throws what the disk says when it does not. Read back after the death
 * of this process it holds even when its own fsync failed: it is in the same page cache that would show the lost rows.
 */
export async function leaveDoubt(fileSystem: FileSystem, folder: string, why: string): Promise<void> {
  const text = `What is in this folder is not believed (${why}); the replica copies everything from the others.\n`;
  await writeWhole(fileSystem, path.join(folder, DOUBT_FILE), Buffer.from(text));
  await fileSystem.syncFolder(folder);
}

/** Why the folder may not be believed; `undefined` when there is no note. That it is there counts, not what it says. */
export function readDoubt(fileSystem: FileSystem, folder: string): string | undefined {
  if (fileSystem.stat(path.join(folder, DOUBT_FILE)) === undefined) return undefined;
  const note = readIfReadable(fileSystem, path.join(folder, DOUBT_FILE));
  if (note.kind === 'read' && Buffer.from(note.bytes).includes(ASKED_FOR_COPY)) return ASKED_FOR_COPY;
  return `an fsync failed here before (${DOUBT_FILE}): what is on the disk is not known`;
}

/** Removes the note, once replica.json says of itself that the log is lost or not there yet. */
export function settleDoubt(fileSystem: FileSystem, folder: string): void {
  fileSystem.remove(path.join(folder, DOUBT_FILE));
}
