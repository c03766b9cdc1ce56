import path from 'node:path';
import { present } from '../base/assert.js';
import { decodeEntry, GENESIS_CHAIN, JOURNAL_HEADER, type Chain, type Entry } from '../base/entry.js';
import { maxOp, type CommitNumber } from '../base/numbers.js';
import type { FileSystem } from '../ports/file-system.js';
import type { Damage, LogBase } from '../ports/storage.js';
import { JOURNAL_FOLDER, MARK_NAME, readMark, type JournalMark } from './journal-mark.js';
import { HEADER_BYTES, segmentsOf, type LogEnd, type Segment } from './journal-segment.js';
import { APPEND_BYTES_MAX } from './journal-limits.js';
import { REPLICA_FILE, type LogShape } from './replica-file.js';
import { reading } from './unreadable.js';

/** What the journal held at start. */
export type RecoveredJournal =
  | {
      readonly kind: 'sound';
      readonly segments: readonly Segment[];
      /** Everything after the checkpoint. */
      readonly entries: Entry[];
      readonly end: LogEnd;
      /** Bytes of the last segment that are good. */
      readonly offset: number;
      /** Bytes after these: a batch whose fsync had not been done, to be cut. */
      readonly tornBytes: number;
      readonly commit: CommitNumber;
    }
  | { readonly kind: 'damaged'; readonly damage: Damage };

const HEADER = Buffer.from(JOURNAL_HEADER);

/**
 * Reads the journal after a checkpoint and decides as rule 6 says. Changes nothing.
 *
 * | found | decision |
 * |---|---|
 * | rows good up to the end | sound |
 * | bad or torn rows in the last segment, after the mark, in the last batch | sound, cut there |
 * | bad rows before the mark, further back than a batch, or in an earlier segment | damaged |
 * | the journal ends before the mark, no row ends there, another chain there | damaged |
 * | mark missing or unreadable, or newer than replica.json | damaged |
 * | mark of an older log | replica.json says what had been fsynced of this one |
 * | segment missing: a gap after the checkpoint, or the one the mark names | damaged |
 */
export function recoverJournal(
  fileSystem: FileSystem,
  folder: string,
  shape: LogShape,
  base: LogBase,
): RecoveredJournal {
  const mark = reading(MARK_NAME, () => readMark(fileSystem, folder));
  if (mark === 'missing') return damaged(MARK_NAME, undefined, 'the file is missing');
  if (mark === undefined) return damaged(MARK_NAME, undefined, 'neither of the two marks can be read');
  if (mark.number > shape.number) {
    return damaged(REPLICA_FILE, undefined, 'it is older than the journal: an old copy was put back');
  }
  const synced: JournalMark =
    mark.number === shape.number ? mark : { ...shape, offset: shape.bytes, commit: mark.commit };
  const { log } = segmentsOf(reading(JOURNAL_FOLDER, () => fileSystem.list(folder)));
  if (!log.some(({ name }) => name === synced.segment)) {
    return damaged(`${JOURNAL_FOLDER}/${synced.segment}`, undefined, 'the file is missing');
  }
  const start = log.findLastIndex(({ firstOp }) => firstOp <= base.op + 1);
  if (start < 0) {
    const first = present(log[0], 'the segment of the mark is there');
    const missing = `${base.op + 1} to ${first.firstOp - 1}`;
    return damaged(`${JOURNAL_FOLDER}/${first.name}`, undefined, `the entries before it, ops ${missing}, are missing`);
  }
  return new Reading(fileSystem, folder, base, synced).read(log, start);
}

function damaged(file: string, row: number | undefined, what: string): RecoveredJournal {
  return { kind: 'damaged', damage: row === undefined ? { file, what } : { file, row, what } };
}

/** One pass over the segments; kept as an object because the position runs through all of them. */
class Reading {
  readonly #entries: Entry[] = [];
  #op: number;
  #chain: Chain | undefined;
  #tornBytes = 0;
  #offset = 0;

  constructor(
    readonly fileSystem: FileSystem,
    readonly folder: string,
    readonly base: LogBase,
    readonly synced: JournalMark,
  ) {
    this.#op = base.op;
  }

  read(log: readonly Segment[], start: number): RecoveredJournal {
    const first = present(log[start], 'the log has a first segment');
    this.#op = first.firstOp - 1;
    if (this.#op === this.base.op) this.#chain = this.base.chain;
    else if (this.#op === 0) this.#chain = GENESIS_CHAIN;
    for (const [index, segment] of log.entries()) {
      if (index < start) continue;
      const damage = this.#readSegment(segment, log[index + 1]);
      if (damage !== undefined) return { kind: 'damaged', damage };
    }
    const last = present(log.at(-1), 'the log has a last segment');
    if (this.#op < this.base.op || this.#chain === undefined) {
      const what = `the journal ends at op ${this.#op}, before the checkpoint at op ${this.base.op}`;
      return damaged(`${JOURNAL_FOLDER}/${last.name}`, undefined, what);
    }
    const lastEntry = this.#entries.at(-1) ?? this.base;
    const commit = maxOp(this.base.op, this.synced.commit);
    return {
      kind: 'sound',
      segments: log,
      entries: this.#entries,
      end: { op: lastEntry.op, chain: lastEntry.chain },
      offset: this.#offset,
      tornBytes: this.#tornBytes,
      commit: commit < lastEntry.op ? commit : lastEntry.op,
    };
  }

  #readSegment(segment: Segment, next: Segment | undefined): Damage | undefined {
    const file = `${JOURNAL_FOLDER}/${segment.name}`;
    const bytes = reading(file, () => this.fileSystem.readFile(path.join(this.folder, segment.name)));
    if (!HEADER.equals(bytes.subarray(0, HEADER_BYTES))) {
      return { file, row: 1, what: 'the header row is not that of a journal' };
    }
    const mark = segment.name === this.synced.segment ? this.synced : undefined;
    let isMarkFound = mark === undefined || this.#isMark(mark, HEADER_BYTES);
    let at = HEADER_BYTES;
    // Row 1 is the header. Rows from the next segment's first op on were cut by a switch.
    for (let row = 2; next === undefined || this.#op + 1 < next.firstOp; row++) {
      const decoded = decodeEntry(bytes, at, this.#chain);
      if (decoded.kind === 'end') break;
      const problem = this.#problemOf(decoded);
      if (problem !== undefined || decoded.kind !== 'entry') {
        const isAfterMark = mark === undefined || at >= mark.offset;
        if (next !== undefined || !isAfterMark || bytes.length - at > APPEND_BYTES_MAX) {
          return { file, row, what: problem ?? 'the row cannot be read' };
        }
        this.#tornBytes = bytes.length - at;
        break;
      }
      this.#op = decoded.entry.op;
      this.#chain = decoded.entry.chain;
      at = decoded.end;
      if (decoded.entry.op === this.base.op && this.#chain !== this.base.chain) {
        return { file, row, what: `the chain at op ${this.#op} is not that of the checkpoint` };
      }
      if (decoded.entry.op > this.base.op) this.#entries.push(decoded.entry);
      if (mark !== undefined && at === mark.offset) {
        if (!this.#isMark(mark, at)) return { file, row, what: 'op or chain is not what had been fsynced here' };
        isMarkFound = true;
      }
    }
    this.#offset = at;
    if (next !== undefined && this.#op + 1 !== next.firstOp) {
      return { file, what: `it ends at op ${this.#op}, but the next segment begins at op ${next.firstOp}` };
    }
    if (isMarkFound || mark === undefined) return undefined;
    if (at < mark.offset)
      return { file, what: `it ends at byte ${at}, but had been fsynced up to byte ${mark.offset}` };
    return { file, what: `no row ends at byte ${mark.offset}, up to which it had been fsynced` };
  }

  #isMark(mark: JournalMark, at: number): boolean {
    return mark.offset === at && mark.op === this.#op && (this.#chain === undefined || mark.chain === this.#chain);
  }

  #problemOf(decoded: ReturnType<typeof decodeEntry>): string | undefined {
    if (decoded.kind === 'torn') return 'the row is cut off';
    if (decoded.kind === 'bad') return decoded.reason;
    if (decoded.kind === 'entry' && decoded.entry.op !== this.#op + 1) {
      return `op ${decoded.entry.op} stands where op ${this.#op + 1} belongs`;
    }
    return undefined;
  }
}
