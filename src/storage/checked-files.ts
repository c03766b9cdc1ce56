import { createHash } from 'node:crypto';
import { decodeEntry, JOURNAL_HEADER, type Chain } from '../base/entry.js';
import type { Damage } from '../ports/storage.js';
import { decodeHead } from './checkpoint-head.js';
import { APPEND_BYTES_MAX } from './journal-limits.js';
import { HEADER_BYTES } from './journal-segment.js';
import type { CheckedFile } from './scrub.js';

/** Where a file is, and how much of it is checked. */
type Place = Pick<CheckedFile, 'file' | 'path' | 'bytes'>;

/** A file of which the SHA-256 is known, in hex. `whereWrong` looks for the place when it differs. */
export function checkedByHash(
  place: Place,
  expected: string,
  whereWrong: () => Omit<Damage, 'file'> | undefined,
): CheckedFile {
  const hash = createHash('sha256');
  return {
    ...place,
    update: (bytes) => void hash.update(bytes),
    end: () =>
      hash.digest('hex') === expected ? undefined : (whereWrong() ?? 'it does not hold what was written to it'),
  };
}

/** A checkpoint's head.json, which is small and carries its own checksum. */
export function checkedHead(place: Place): CheckedFile {
  const pieces: Uint8Array[] = [];
  return {
    ...place,
    update: (bytes) => void pieces.push(bytes),
    end: () =>
      decodeHead(Buffer.concat(pieces)) === undefined ? 'it does not hold what was written to it' : undefined,
  };
}

/** Where the check of a journal stands: the last row that was good, over the end of a segment too. */
export interface Trail {
  op: number;
  chain: Chain | undefined;
}

/** What a segment of the journal should hold. */
export interface CheckedRange {
  readonly firstOp: number;
  /** Rows from here on were cut by a switch. */
  readonly cutFrom: number | undefined;
  /** The chain of the last row, where it is known. */
  readonly endChain: Chain | undefined;
}

/** A segment of the journal: each row by its checksum, and by the chain from the row before it, which may be of another segment. */
export function checkedSegment(place: Place, { firstOp, cutFrom, endChain }: CheckedRange, trail: Trail): CheckedFile {
  let rest = Buffer.alloc(0);
  let isHeaderRead = false;
  let chain = trail.op === firstOp - 1 ? trail.chain : undefined;
  let op = firstOp;
  let row = 1;
  const readRows = (): Omit<Damage, 'file'> | undefined => {
    let at = 0;
    if (!isHeaderRead) {
      if (rest.length < HEADER_BYTES) return undefined;
      if (rest.toString('utf8', 0, HEADER_BYTES) !== JOURNAL_HEADER)
        return { row, what: 'the header row is not that of a journal' };
      isHeaderRead = true;
      at = HEADER_BYTES;
      row = 2;
    }
    while (cutFrom === undefined || op < cutFrom) {
      const decoded = decodeEntry(rest, at, chain);
      if (decoded.kind === 'end') break;
      if (decoded.kind === 'torn') {
        if (rest.length - at > APPEND_BYTES_MAX) return { row, what: 'the row does not end' };
        break;
      }
      if (decoded.kind === 'bad') return { row, what: decoded.reason };
      if (decoded.entry.op !== op) return { row, what: `op ${decoded.entry.op} stands where op ${op} belongs` };
      ({ chain } = decoded.entry);
      at = decoded.end;
      op++;
      row++;
    }
    trail.op = op - 1;
    trail.chain = chain;
    rest = cutFrom !== undefined && op >= cutFrom ? Buffer.alloc(0) : rest.subarray(at);
    return undefined;
  };
  return {
    ...place,
    update(bytes) {
      rest = Buffer.concat([rest, bytes]);
      return readRows();
    },
    end() {
      if (rest.length > 0) return { row, what: 'the row is cut off' };
      if (endChain === undefined || chain === undefined || chain === endChain) return undefined;
      return { row: row - 1, what: 'the chain does not follow from the row before it' };
    },
  };
}
