import path from 'node:path';
import type { FileSystem } from '../ports/file-system.js';
import type { FolderRow } from '../ports/inspection.js';
import { forEachChunk } from './durable-file.js';
import { JOURNAL_FOLDER } from './journal-mark.js';

const LINE_FEED = 0x0a;
/** Rows that are told at most: an order has a handful. */
const ROWS_MAX = 200;
/** Tables, and segments of the journal, those included that were cut off and are kept. */
const ROW_FILE = /\.csv(\.cut-\d+)?$/;

/**
 * The rows of a stopped replica's tables, outbox and journal in which a text stands, as they lie there, damaged ones too. The caller has
 * made sure that nobody uses the folder. Reads every byte once: about a second a gigabyte.
 */
export function searchFolder(fileSystem: FileSystem, folder: string, text: string): FolderRow[] {
  const wanted = Buffer.from(text);
  const journal = path.join(folder, JOURNAL_FOLDER);
  const segments = fileSystem.stat(journal) === undefined ? [] : fileSystem.list(journal);
  const names = [...fileSystem.list(folder), ...segments.map((name) => `${JOURNAL_FOLDER}/${name}`)];
  const found: FolderRow[] = [];
  for (const file of names.filter((name) => ROW_FILE.test(name)).toSorted())
    forEachRowWith(fileSystem, path.join(folder, file), wanted, (row) => {
      if (found.length < ROWS_MAX) found.push({ file, row });
    });
  return found;
}

function forEachRowWith(fileSystem: FileSystem, file: string, wanted: Buffer, tell: (row: string) => void): void {
  const open = fileSystem.open(file, false);
  try {
    let rest: Buffer = Buffer.alloc(0);
    const look = (bytes: Buffer): void => {
      for (let at = bytes.indexOf(wanted); at >= 0;) {
        const from = bytes.lastIndexOf(LINE_FEED, at) + 1;
        const next = bytes.indexOf(LINE_FEED, at);
        const end = next < 0 ? bytes.length : next;
        tell(bytes.toString('utf8', from, end).trimEnd());
        at = bytes.indexOf(wanted, end);
      }
    };
    forEachChunk(open, open.stat().bytes, (chunk) => {
      const bytes = Buffer.concat([rest, chunk]);
      const end = bytes.lastIndexOf(LINE_FEED) + 1;
      look(bytes.subarray(0, end));
      rest = bytes.subarray(end);
    });
    look(rest);
  } finally {
    open.close();
  }
}
