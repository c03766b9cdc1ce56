import { join } from 'node:path';
import type { Chain } from '../base/entry.js';
import { maxOp, op as makeOp, type CommitNumber, type OpNumber } from '../base/numbers.js';
import type { Damage, FileSystem } from '../ports.js';
import { replaceDurably } from './durable-file.js';
import { decodeSlot, encodeSlot, SLOTS, type Slot } from './slots.js';
import { TrackedFile } from './tracked-file.js';

/** Folder of the journal. */
export const JOURNAL_FOLDER = 'journal';
/** Name of the mark in the journal's folder. */
export const MARK_FILE = 'synced';
/** Name of the mark for people. */
export const MARK_NAME = `${JOURNAL_FOLDER}/${MARK_FILE}`;

/** One sector: a disk writes it whole. */
const SLOT_BYTES = 512;

/** Up to where the journal has been fsynced (rule 6): the row of `op` ends at byte `offset` of `segment`. */
export interface JournalMark {
  readonly op: OpNumber;
  readonly segment: string;
  readonly offset: number;
  readonly chain: Chain;
  /** A commit number known to be true. */
  readonly commit: CommitNumber;
  /** The switch after which it was written (LogShape.number): a mark of an older log says nothing of this one. */
  readonly number: number;
}

interface MarkRecord extends JournalMark {
  readonly sequence: number;
}

/** Reads the mark; `undefined` when neither slot can be read, `missing` when there is no file. */
export function readMark(fileSystem: FileSystem, folder: string): JournalMark | 'missing' | undefined {
  const file = join(folder, MARK_FILE);
  if (fileSystem.stat(file) === undefined) return 'missing';
  const [first, second] = readSlots(fileSystem, file);
  if (first === undefined) return second;
  if (second === undefined) return first;
  // A commit number is true for ever, whichever mark tells it.
  const newer = first.sequence >= second.sequence ? first : second;
  return { ...newer, commit: maxOp(first.commit, second.commit) };
}

/**
 * journal/synced while it is in use. Written after every fsync of the journal and not fsynced itself: after a kill -9 it is
 * exact, after a loss of power it may be older. Writes go to one slot until that slot has been fsynced (`sync`: at every
 * new segment and checkpoint), then to the other: so a loss of power can tear one slot at most.
 */
export class MarkFile {
  readonly #file: TrackedFile;
  #sequence: number;
  #slot: Slot = 0;
  #isDirty = false;
  #syncing: Promise<void> | undefined;

  private constructor(
    file: TrackedFile,
    private mark: JournalMark,
    sequence: number,
  ) {
    this.#file = file;
    this.#sequence = sequence;
  }

  /**
   * Puts `mark` into both slots, durably, whatever the file held before. A file that is there is written in place, the
   * worse slot first: a replica starts on a full disk too.
   */
  static async create(fileSystem: FileSystem, folder: string, mark: JournalMark): Promise<MarkFile> {
    const path = join(folder, MARK_FILE);
    const found = fileSystem.stat(path)?.bytes === 2 * SLOT_BYTES ? readSlots(fileSystem, path) : undefined;
    const sequence = Math.max(found?.[0]?.sequence ?? 0, found?.[1]?.sequence ?? 0) + 2;
    if (found === undefined) {
      const slots = SLOTS.map((slot) => encodeSlot(recordWith(mark, sequence), slot, SLOT_BYTES));
      await replaceDurably(fileSystem, folder, MARK_FILE, Buffer.concat(slots));
    }
    const file = new TrackedFile(MARK_NAME, fileSystem.open(path, false));
    if (found !== undefined) {
      // After a kill -9 the better slot may be in the page cache only: a loss of power must not tear both.
      await file.sync();
      const worse: Slot = (found[0]?.sequence ?? 0) <= (found[1]?.sequence ?? 0) ? 0 : 1;
      for (const slot of [worse, worse === 0 ? 1 : 0] as const) {
        await file.writeAsync(slot * SLOT_BYTES, encodeSlot(recordWith(mark, sequence), slot, SLOT_BYTES));
        await file.sync();
      }
    }
    return new MarkFile(file, mark, sequence);
  }

  get commit(): CommitNumber {
    return this.mark.commit;
  }

  /** Writes a mark; waits for a `sync` under way, so that never both slots are at risk. */
  async write(mark: JournalMark): Promise<void> {
    while (this.#syncing !== undefined) await this.#syncing;
    this.#sequence++;
    this.mark = { ...mark, commit: maxOp(mark.commit, this.mark.commit) };
    this.#isDirty = true;
    this.#file.write(
      this.#slot * SLOT_BYTES,
      encodeSlot(recordWith(this.mark, this.#sequence), this.#slot, SLOT_BYTES),
    );
  }

  /** Makes the last mark durable. */
  async sync(): Promise<void> {
    while (this.#syncing !== undefined) await this.#syncing;
    if (!this.#isDirty) return;
    let done = (): void => undefined;
    this.#syncing = new Promise((resolve) => {
      done = resolve;
    });
    try {
      await this.#file.sync();
      this.#isDirty = false;
      this.#slot = this.#slot === 0 ? 1 : 0;
    } finally {
      this.#syncing = undefined;
      done();
    }
  }

  inspect(fileSystem: FileSystem): Damage | undefined {
    return this.#file.inspect(fileSystem);
  }

  close(): void {
    this.#file.close();
  }
}

const recordWith = (mark: JournalMark, sequence: number): MarkRecord => ({
  sequence,
  op: mark.op,
  segment: mark.segment,
  offset: mark.offset,
  chain: mark.chain,
  commit: mark.commit,
  number: mark.number,
});

function readSlots(fileSystem: FileSystem, file: string): [MarkRecord | undefined, MarkRecord | undefined] {
  const bytes = fileSystem.readFile(file);
  return [recordOf(decodeSlot(bytes, 0, SLOT_BYTES)), recordOf(decodeSlot(bytes, 1, SLOT_BYTES))];
}

function recordOf(value: Record<string, unknown> | undefined): MarkRecord | undefined {
  if (value === undefined) return undefined;
  const { sequence, op, segment, offset, chain, commit, number } = value;
  if (!isNatural(sequence) || !isNatural(op) || !isNatural(offset) || !isNatural(commit) || !isNatural(number))
    return undefined;
  if (typeof segment !== 'string' || typeof chain !== 'string') return undefined;
  return { sequence, op: makeOp(op), segment, offset, chain, commit: makeOp(commit), number };
}

const isNatural = (value: unknown): value is number => Number.isSafeInteger(value) && Number(value) >= 0;
