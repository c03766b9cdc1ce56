import { ROW_END, scanCsvRow } from '../base/csv.js';
import { DamagedFileError } from '../base/service.js';
import type { FileSystem } from '../ports/file-system.js';
import { reading } from './unreadable.js';

/** Bytes of a damaged table that are searched for the row: what is told to people need not take long. */
const SEARCHED_BYTES_MAX = 64 << 20;

/**
 * The first row of a damaged table, 1-based, that cannot be as it was written: not CSV, of another width than the header, with
 * a lower op than the row before, or the same row again. Empty when the table's order does not betray it: a checksum over the
 * whole file tells that, not where.
 */
export function suspectRow(fileSystem: FileSystem, file: string): { readonly row?: number } {
  const bytes = bytesOf(fileSystem, file);
  let at = 0;
  let columns: number | undefined;
  let lastOp = 0;
  let last = '';
  for (let row = 1; ; row++) {
    const scanned = scanCsvRow(bytes, at);
    if (scanned.kind === 'end') return {};
    if (scanned.kind !== 'row') return { row };
    const text = bytes.toString('latin1', at, scanned.end);
    const op = row === 1 ? 0 : Number(scanned.fields[0]);
    columns ??= scanned.fields.length;
    const isOutOfOrder = Number.isNaN(op) || op < lastOp;
    if (scanned.fields.length !== columns || isOutOfOrder || text === last) return { row };
    lastOp = op;
    last = text;
    at = scanned.end;
  }
}

/** Whole rows from the beginning of the file; none when it cannot be read, which is told otherwise. */
function bytesOf(fileSystem: FileSystem, file: string): Buffer {
  try {
    return reading(file, () => {
      const open = fileSystem.open(file, false);
      try {
        const bytes = Buffer.from(open.read(0, Math.min(open.stat().bytes, SEARCHED_BYTES_MAX)));
        if (bytes.length < SEARCHED_BYTES_MAX) return bytes;
        return bytes.subarray(0, bytes.lastIndexOf(ROW_END) + ROW_END.length);
      } finally {
        open.close();
      }
    });
  } catch (error) {
    if (error instanceof DamagedFileError) return Buffer.alloc(0);
    throw error;
  }
}
