import { dirname, join } from 'node:path';
import type { Chain } from '../base/entry.js';
import { maxOp, op as makeOp, type CommitNumber, type OpNumber } from '../base/numbers.js';
import type { FileSystem } from '../ports/file-system.js';
import type { Damage } from '../ports/storage.js';
import { DamagedFileError } from '../base/service.js';
import { moveAside } from './aside.js';
import { BESIDE_SUFFIX, replaceDurably } from './durable-file.js';
import { errorCode, orDiskFull } from './errors.js';
import { decodeSlot, encodeSlot, type Slot } from './slots.js';
import { TrackedFile } from './tracked-file.js';

/** Folder of the journal. */
export const JOURNAL_FOLDER = 'journal';
/** Name of the mark in the journal's folder. */
export const MARK_FILE = 'synced';
/** Name of the mark for people. */
export const MARK_NAME = `${JOURNAL_FOLDER}/${MARK_FILE}`;

/** What a rename says that meets a folder. */
const FOLDER_CODES = new Set(['EISDIR', 'ENOTEMPTY', 'EEXIST']);
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
  #file: TrackedFile;
  #sequence: number;
  #slot: Slot = 0;
  /** What each slot should hold: whatever is done to the file, its content is known here. */
  #slots: [Uint8Array, Uint8Array];
  #isDirty = false;
  #isClosed = false;
  /** An fsync of the file, or its replacement, is under way. */
  #syncing: Promise<void> | undefined;
  /** Damage that a write met and put right, until `mend` tells it. */
  #untold: Damage | undefined;

  private constructor(
    readonly fileSystem: FileSystem,
    readonly folder: string,
    private mark: JournalMark,
    sequence: number,
  ) {
    this.#file = this.#open();
    this.#sequence = sequence;
    this.#slots = slotsOf(mark, sequence);
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
      await replaceDurably(fileSystem, folder, MARK_FILE, Buffer.concat(slotsOf(mark, sequence)));
    } else {
      const file = new TrackedFile(MARK_NAME, fileSystem.open(path, false));
      // After a kill -9 the better slot may be in the page cache only: a loss of power must not tear both.
      await file.sync();
      const worse: Slot = (found[0]?.sequence ?? 0) <= (found[1]?.sequence ?? 0) ? 0 : 1;
      for (const slot of [worse, worse === 0 ? 1 : 0] as const) {
        await file.writeAsync(slot * SLOT_BYTES, encodeSlot(recordWith(mark, sequence), slot, SLOT_BYTES));
        await file.sync();
      }
      file.close();
    }
    return new MarkFile(fileSystem, folder, mark, sequence);
  }

  get commit(): CommitNumber {
    return this.mark.commit;
  }

  /** Writes a mark; waits for a `sync` under way, so that never both slots are at risk. A file that was cut is made anew. */
  async write(mark: JournalMark): Promise<void> {
    while (this.#syncing !== undefined) await this.#syncing;
    this.#sequence++;
    const next = { ...mark, commit: maxOp(mark.commit, this.mark.commit) };
    this.#isDirty = true;
    const bytes = encodeSlot(recordWith(next, this.#sequence), this.#slot, SLOT_BYTES);
    try {
      this.#file.write(this.#slot * SLOT_BYTES, bytes);
      this.#slots[this.#slot] = bytes;
      this.mark = next;
    } catch (error) {
      if (!(error instanceof DamagedFileError)) throw error;
      await this.#replace(next);
      this.#untold = { file: error.file, what: error.detail };
    }
  }

  /** Makes the last mark durable. A file that was deleted or replaced is made anew. */
  async sync(): Promise<void> {
    while (this.#syncing !== undefined) await this.#syncing;
    if (!this.#isDirty) return;
    await this.#alone(async () => {
      try {
        await this.#file.sync();
        this.#slot = this.#slot === 0 ? 1 : 0;
      } catch (error) {
        if (!(error instanceof DamagedFileError)) throw error;
        await this.#makeAnew(this.mark);
        this.#untold = { file: error.file, what: error.detail };
      }
      this.#isDirty = false;
    });
  }

  /**
   * What is wrong with the file, which is made anew, durably, from what it should hold; `undefined` when nothing. Its kilobyte is
   * read each time: a bit that turned over unseen would make a later start doubt the whole folder.
   */
  async mend(): Promise<Damage | undefined> {
    while (this.#syncing !== undefined) await this.#syncing;
    if (this.#isClosed) return undefined;
    const found = this.#file.inspect(this.fileSystem) ?? this.#contentProblem();
    if (found !== undefined) await this.#replace(this.mark);
    const told = this.#untold;
    this.#untold = undefined;
    return found ?? told;
  }

  close(): void {
    this.#isClosed = true;
    this.#file.close();
  }

  #contentProblem(): Damage | undefined {
    const isGood = Buffer.concat(this.#slots).equals(this.#file.read(0, 2 * SLOT_BYTES + 1));
    return isGood ? undefined : { file: MARK_NAME, what: 'it does not hold what was written to it' };
  }

  async #replace(mark: JournalMark): Promise<void> {
    await this.#alone(() => this.#makeAnew(mark));
  }

  /** One that found no room is not the mark: what it speaks of is taken back from the journal. */
  async #makeAnew(mark: JournalMark): Promise<void> {
    this.#sequence++;
    const slots = slotsOf(mark, this.#sequence);
    await orDiskFull(
      () => this.#writeAnew(Buffer.concat(slots)),
      () => this.fileSystem.remove(join(this.folder, MARK_FILE + BESIDE_SUFFIX)),
    );
    this.mark = mark;
    if (this.#isClosed) return;
    this.#file.close();
    this.#file = this.#open();
    this.#slots = slots;
    this.#isDirty = false;
  }

  async #writeAnew(bytes: Uint8Array): Promise<void> {
    try {
      await replaceDurably(this.fileSystem, this.folder, MARK_FILE, bytes);
    } catch (error) {
      // Somebody made a folder of it: what is in that is theirs.
      if (!FOLDER_CODES.has(errorCode(error))) throw error;
      moveAside(this.fileSystem, dirname(this.folder), MARK_NAME);
      await replaceDurably(this.fileSystem, this.folder, MARK_FILE, bytes);
    }
  }

  /** Keeps writes waiting meanwhile. */
  async #alone(run: () => Promise<void>): Promise<void> {
    let done = (): void => undefined;
    this.#syncing = new Promise((resolve) => {
      done = resolve;
    });
    try {
      await run();
    } finally {
      this.#syncing = undefined;
      done();
    }
  }

  #open(): TrackedFile {
    return new TrackedFile(MARK_NAME, this.fileSystem.open(join(this.folder, MARK_FILE), false));
  }
}

const slotsOf = (mark: JournalMark, sequence: number): [Uint8Array, Uint8Array] => [
  encodeSlot(recordWith(mark, sequence), 0, SLOT_BYTES),
  encodeSlot(recordWith(mark, sequence), 1, SLOT_BYTES),
];

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
