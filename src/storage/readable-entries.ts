import path from 'node:path';
import { ROW_END } from '../base/csv.js';
import { decodeEntry, type Entry } from '../base/entry.js';
import type { FileSystem } from '../ports/file-system.js';
import { MARK_NAME, readMark } from './journal-mark.js';
import { allSegmentNames, HEADER_BYTES, segmentsOf, type Segment } from './journal-segment.js';
import { DamagedFileError } from '../base/service.js';
import { reading, readIfReadable } from './unreadable.js';

/**
 * Every entry that can still be read in a journal, by its own checksum alone, and is not known to be committed; what switches
 * have cut off is among them, whatever its op: the op was given to another request since. One for each request id. For a folder that may not be believed: what a customer was promised on
 * this disk alone is nowhere else, and submitting an order again that is known does nothing.
 */
export function readableEntries(fileSystem: FileSystem, journalFolder: string): Entry[] {
  const names = listOf(fileSystem, journalFolder);
  const { log } = segmentsOf(names);
  const committed = commitOf(fileSystem, journalFolder, log);
  const found = new Map<string, Entry>();
  const ofLog = new Set(log.map(({ name }) => name));
  for (const name of allSegmentNames(names).filter((each) => !ofLog.has(each))) {
    for (const entry of rowsIn(fileSystem, path.join(journalFolder, name))) found.set(entry.requestId, entry);
  }
  // After what was cut off: most of that is in the log again, and may be committed there.
  for (const [index, { name }] of log.entries()) {
    const cutFrom = log[index + 1]?.firstOp ?? Infinity;
    for (const entry of rowsIn(fileSystem, path.join(journalFolder, name))) {
      if (entry.op <= committed && entry.op < cutFrom) found.delete(entry.requestId);
      else found.set(entry.requestId, entry);
    }
  }
  return [...found.values()].sort((a, b) => a.op - b.op);
}

function rowsIn(fileSystem: FileSystem, file: string): Iterable<Entry> {
  const read = readIfReadable(fileSystem, file);
  return read.kind === 'unreadable' ? [] : rowsOf(Buffer.from(read.bytes));
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

/** The commit number that the mark tells. It says nothing of another log than the one that the mark stands in. */
function commitOf(fileSystem: FileSystem, journalFolder: string, log: readonly Segment[]): number {
  try {
    const mark = reading(MARK_NAME, () => readMark(fileSystem, journalFolder));
    if (mark === undefined || mark === 'missing') return 0;
    return log.some(({ name }) => name === mark.segment) ? mark.commit : 0;
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
