import path from 'node:path';
import { ROW_END } from '../base/csv.js';
import { decodeEntry, type Entry } from '../base/entry.js';
import type { FileSystem } from '../ports.js';
import { MARK_NAME, readMark } from './journal-mark.js';
import { allSegmentNames, HEADER_BYTES } from './journal-segment.js';
import { DamagedFileError } from '../base/service.js';
import { reading, readIfReadable } from './unreadable.js';

/**
 * Every entry that can still be read in a journal, by its own checksum alone, and is not known to be committed; what switches
 * have cut off is among them. One for each request id. For a folder that may not be believed: what a customer was promised on
 * this disk alone is nowhere else, and submitting an order again that is known does nothing.
 */
export function readableEntries(fileSystem: FileSystem, journalFolder: string): Entry[] {
  const committed = commitOf(fileSystem, journalFolder);
  const found = new Map<string, Entry>();
  for (const name of allSegmentNames(listOf(fileSystem, journalFolder))) {
    const read = readIfReadable(fileSystem, path.join(journalFolder, name));
    if (read.kind === 'unreadable') continue;
    for (const entry of rowsOf(Buffer.from(read.bytes))) {
      if (entry.op > committed) found.set(entry.requestId, entry);
    }
  }
  return [...found.values()].sort((a, b) => a.op - b.op);
}

function* rowsOf(bytes: Buffer): Generator<Entry> {
  let at = Math.min(HEADER_BYTES, bytes.length);
  while (at < bytes.length) {
    const decoded = decodeEntry(bytes, at, undefined);
    if (decoded.kind === 'entry') {
      yield decoded.entry;
      at = decoded.end;
      continue;
    }
    // Behind a row that is damaged others may be good: a row holds no line end but its own.
    const end = bytes.indexOf(ROW_END, at);
    at = end < 0 ? bytes.length : end + ROW_END.length;
  }
}

function commitOf(fileSystem: FileSystem, journalFolder: string): number {
  try {
    const mark = reading(MARK_NAME, () => readMark(fileSystem, journalFolder));
    return mark === undefined || mark === 'missing' ? 0 : mark.commit;
  } catch (error) {
    if (error instanceof DamagedFileError) return 0;
    throw error;
  }
}

function listOf(fileSystem: FileSystem, folder: string): string[] {
  try {
    return fileSystem.list(folder);
  } catch {
    // It is told as damage already that the folder cannot be read.
    return [];
  }
}
