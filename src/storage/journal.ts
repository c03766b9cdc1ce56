import path from 'node:path';
import { assert, present } from '../base/assert.js';
import { chainFollows, decodeEntry, JOURNAL_HEADER, type Chain, type Entry } from '../base/entry.js';
import { nextOp, type CommitNumber, type OpNumber, type View } from '../base/numbers.js';
import type { FileStat, FileSystem } from '../ports/file-system.js';
import type { Damage, LogBase } from '../ports/storage.js';
import { checkedSegment, type Trail } from './checked-files.js';
import { BESIDE_SUFFIX, writeWhole } from './durable-file.js';
import { isDiskFull, orDiskFull } from './errors.js';
import { APPEND_BYTES_MAX, RECENT_CHAINS_MAX, SEGMENT_BYTES_MAX, DIRECT_BYTES_MAX } from './journal-limits.js';
import { JOURNAL_FOLDER, MarkFile, type JournalMark } from './journal-mark.js';
import { cutSegmentsOf, HEADER_BYTES, segmentName, type LogEnd, type Segment } from './journal-segment.js';
import type { CheckedFile, Upcoming } from './scrub.js';
import { differenceOf, TrackedFile } from './tracked-file.js';

/** Where a journal stands when it is opened for appending. */
export interface JournalPosition {
  readonly segments: readonly Segment[];
  readonly end: LogEnd;
  /** Bytes of the last segment. */
  readonly offset: number;
  /** LogShape.number of the log. */
  readonly number: number;
  readonly base: LogBase;
  readonly commit: CommitNumber;
  /** Entries at the end that are in memory anyway, for their chains. */
  readonly entries: readonly Entry[];
  readonly segmentBytesMax?: number | undefined;
  readonly directBytesMax?: number | undefined;
}

/** The journal while it is in use: appends to the last segment, one write and one fdatasync a batch. */
export class Journal {
  #segments: Segment[];
  #current: TrackedFile;
  #offset: number;
  #end: LogEnd;
  #chains: Chain[];
  /** Every segment but the current one, as it was left. */
  readonly #closed = new Map<string, FileStat>();

  private constructor(
    readonly fileSystem: FileSystem,
    readonly folder: string,
    readonly position: JournalPosition,
    readonly mark: MarkFile,
  ) {
    this.#segments = [...position.segments];
    this.#current = openSegment(fileSystem, folder, present(position.segments.at(-1), 'a journal has a segment').name);
    this.#offset = position.offset;
    this.#end = position.end;
    this.#chains = position.entries.slice(-RECENT_CHAINS_MAX).map(({ chain }) => chain);
    for (const { name } of position.segments.slice(0, -1)) this.#noteClosed(name);
  }

  /** Opens the journal at a position that is on disk; makes a fresh mark of it, durably. */
  static async open(fileSystem: FileSystem, folder: string, position: JournalPosition): Promise<Journal> {
    const segment = present(position.segments.at(-1), 'a journal has a segment').name;
    const { number, offset, commit, end } = position;
    const mark = await MarkFile.create(fileSystem, folder, { ...end, segment, offset, commit, number });
    return new Journal(fileSystem, folder, position, mark);
  }

  /** Goes on in the segment of a switch that is committed. The mark is written, not fsynced: replica.json has it too. */
  async switched(position: JournalPosition): Promise<Journal> {
    const next = new Journal(this.fileSystem, this.folder, position, this.mark);
    await next.#writeMark(position.commit);
    this.#current.close();
    return next;
  }

  get end(): LogEnd {
    return this.#end;
  }

  /** Segments of the log, first to last. */
  get segments(): readonly Segment[] {
    return this.#segments;
  }

  /** Appends entries that follow the last one; resolves when they and the mark are written, the entries durably. */
  async append(entries: readonly Entry[], commit: CommitNumber, logView: View): Promise<void> {
    this.#assertFollows(entries);
    if (
      entries.length > 0 &&
      this.#offset >= Math.max(this.position.segmentBytesMax ?? SEGMENT_BYTES_MAX, HEADER_BYTES + 1)
    ) {
      await this.#roll(logView, commit);
    }
    const before = { offset: this.#offset, end: this.#end, chains: this.#chains.length };
    await orDiskFull(
      async () => {
        for (const batch of batchesOf(entries)) await this.#appendBatch(batch, commit);
        if (entries.length === 0) await this.#writeMark(commit);
      },
      async () => {
        const isMarkAhead = this.#end.op > before.end.op;
        this.#offset = before.offset;
        this.#end = before.end;
        this.#chains.length = before.chains;
        // A mark that is ahead of its journal would read as damage: it goes back first.
        if (isMarkAhead) {
          await this.#writeMark(commit);
          await this.mark.sync();
        }
        this.#current.truncate(before.offset);
      },
    );
    if (this.#chains.length > 2 * RECENT_CHAINS_MAX) this.#chains = this.#chains.slice(-RECENT_CHAINS_MAX);
  }

  /** The chain at an op of the log, or at the op before its first; read from its segment when it is long ago. */
  chainAt(op: OpNumber): Chain {
    const { base } = this.position;
    if (op === this.#end.op) return this.#end.chain;
    if (op === base.op) return base.chain;
    const recent = this.#chains[this.#chains.length - 1 - (this.#end.op - op)];
    return recent ?? this.#readChain(op);
  }

  /**
   * Removes segments of which every entry is at or below `op`, and what was cut off there. The current one stays. While the
   * outbox holds an item, what switches have cut off stays too, in a file of its own or at the end of a segment of the log: a
   * damaged outbox is made again from that (design 5).
   */
  async removeThrough(op: OpNumber, isOutboxEmpty: () => boolean): Promise<void> {
    await this.mark.sync();
    const isCutNeeded = !isOutboxEmpty();
    const cut = isCutNeeded ? [] : cutSegmentsOf(this.fileSystem.list(this.folder));
    const ended = cut.filter(({ firstOp }) => firstOp <= op).map(({ name }) => name);
    await this.#remove([...this.#takeThrough(op, isCutNeeded), ...ended]);
  }

  /** Removes segments of the log of which every entry is at or below `op`, because of damage in them. The current one stays. */
  async removeDamaged(op: OpNumber): Promise<void> {
    await this.mark.sync();
    await this.#remove(this.#takeThrough(op, false));
  }

  /** Names of the first segments, which are segments of this log no more. */
  #takeThrough(op: OpNumber, isCutNeeded: boolean): string[] {
    const gone: string[] = [];
    for (;;) {
      const [first, next] = this.#segments;
      if (first === undefined || next === undefined || next.firstOp > op + 1) return gone;
      // Between two of one logView there was no switch that cut anything else than what came again.
      if (isCutNeeded && first.logView !== next.logView) return gone;
      this.#segments.shift();
      gone.push(first.name);
    }
  }

  async #remove(gone: readonly string[]): Promise<void> {
    for (const name of gone) {
      this.#closed.delete(name);
      this.fileSystem.remove(path.join(this.folder, name));
    }
    if (gone.length > 0) await this.fileSystem.syncFolder(this.folder);
  }

  /** What was wrong with the mark, which memory holds whole: it is put right. */
  mend(): Promise<Damage | undefined> {
    return this.mark.mend();
  }

  /** What is wrong with the segments that a start from a checkpoint at `base` reads. */
  inspect(base: OpNumber): Damage[] {
    const closed = this.#segmentsFrom(base).map(({ name }) => this.#inspectClosed(name));
    const found = [this.#current.inspect(this.fileSystem), ...closed];
    return found.filter((damage) => damage !== undefined);
  }

  /** What is wrong with the segments before these: only an older checkpoint would need them. */
  inspectOlder(base: OpNumber): Damage[] {
    const needed = new Set(this.#segmentsFrom(base));
    const older = this.#segments.filter((segment) => !needed.has(segment));
    return older.map(({ name }) => this.#inspectClosed(name)).filter((damage) => damage !== undefined);
  }

  /** The segments as they should be, up to what has been fsynced, and the bytes they have together. */
  checked(): { files: Upcoming[]; bytes: number } {
    const closed = [...this.#closed.values()].reduce((sum, { bytes }) => sum + bytes, 0);
    const trail: Trail = { op: 0, chain: undefined };
    return {
      files: this.#segments.map((segment) => () => this.#checked(segment, trail)),
      bytes: closed + this.#offset,
    };
  }

  close(): void {
    this.#current.close();
    this.mark.close();
  }

  /** Whether a file, by its name for people, is a segment that no start from a checkpoint at `base` reads. */
  isOlder(file: string, base: OpNumber): boolean {
    const needed = new Set(this.#segmentsFrom(base));
    const found = this.#segments.find(({ name }) => file === `${JOURNAL_FOLDER}/${name}`);
    return found !== undefined && !needed.has(found);
  }

  #segmentsFrom(base: OpNumber): Segment[] {
    return this.#segments.filter((_, index) => {
      const next = this.#segments[index + 1];
      return next === undefined || next.firstOp > base + 1;
    });
  }

  #inspectClosed(name: string): Damage | undefined {
    const expected = this.#closed.get(name);
    if (expected === undefined) return undefined;
    const what = differenceOf(expected, this.fileSystem.stat(path.join(this.folder, name)), false);
    return what === undefined ? undefined : { file: `${JOURNAL_FOLDER}/${name}`, what };
  }

  #checked({ name, firstOp }: Segment, trail: Trail): CheckedFile | undefined {
    const index = this.#segments.findIndex((segment) => segment.name === name);
    const isCurrent = index === this.#segments.length - 1;
    const bytes = isCurrent ? this.#offset : this.#closed.get(name)?.bytes;
    if (index < 0 || bytes === undefined) return undefined;
    const place = { file: `${JOURNAL_FOLDER}/${name}`, path: path.join(this.folder, name), bytes };
    const endChain = isCurrent ? this.#end.chain : undefined;
    return checkedSegment(place, { firstOp, cutFrom: this.#segments[index + 1]?.firstOp, endChain }, trail);
  }

  #noteClosed(name: string): void {
    const stat = this.fileSystem.stat(path.join(this.folder, name));
    if (stat !== undefined) this.#closed.set(name, stat);
  }

  async #appendBatch(batch: readonly Entry[], commit: CommitNumber): Promise<void> {
    const bytes = Buffer.concat(batch.map(({ row }) => row));
    await this.#write(bytes);
    await this.#current.sync();
    const last = present(batch.at(-1), 'a batch is not empty');
    const before = { offset: this.#offset, end: this.#end };
    this.#offset += bytes.length;
    this.#end = { op: last.op, chain: last.chain };
    for (const { chain } of batch) this.#chains.push(chain);
    try {
      await this.#writeMark(commit);
    } catch (error) {
      if (isDiskFull(error)) {
        this.#offset = before.offset;
        this.#end = before.end;
      }
      throw error;
    }
  }

  async #writeMark(commit: CommitNumber): Promise<void> {
    const mark: JournalMark = {
      ...this.#end,
      segment: present(this.#segments.at(-1), 'a journal has a segment').name,
      offset: this.#offset,
      commit,
      number: this.position.number,
    };
    await this.mark.write(mark);
  }

  async #roll(logView: View, commit: CommitNumber): Promise<void> {
    const firstOp = nextOp(this.#end.op);
    const name = segmentName(logView, firstOp);
    const beside = path.join(this.folder, name + BESIDE_SUFFIX);
    await orDiskFull(
      async () => {
        await writeWhole(this.fileSystem, beside, Buffer.from(JOURNAL_HEADER));
        this.fileSystem.rename(beside, path.join(this.folder, name));
        await this.fileSystem.syncFolder(this.folder);
      },
      () => {
        this.fileSystem.remove(beside);
      },
    );
    this.#current.close();
    this.#noteClosed(present(this.#segments.at(-1), 'a journal has a segment').name);
    this.#segments.push({ name, logView, firstOp });
    this.#current = openSegment(this.fileSystem, this.folder, name);
    this.#offset = HEADER_BYTES;
    // Durable: from here on a loss of the new segment is seen by the mark that names it.
    await this.#writeMark(commit);
    await this.mark.sync();
  }

  /** Into the page cache at once: a round trip to another thread costs more than the copy. */
  async #write(bytes: Uint8Array): Promise<void> {
    if (bytes.length <= (this.position.directBytesMax ?? DIRECT_BYTES_MAX)) this.#current.write(this.#offset, bytes);
    else await this.#current.writeAsync(this.#offset, bytes);
  }

  #assertFollows(entries: readonly Entry[]): void {
    let end = this.#end;
    for (const entry of entries) {
      assert(entry.op === end.op + 1, `the journal is appended to without gaps: op ${entry.op} after op ${end.op}`);
      end = entry;
    }
    const first = entries[0];
    assert(first === undefined || chainFollows(first, this.#end.chain), 'an appended entry follows the chain');
  }

  #readChain(op: OpNumber): Chain {
    const segment = present(
      this.#segments.findLast(({ firstOp }) => firstOp <= op),
      `the journal holds op ${op}`,
    );
    const bytes = this.fileSystem.readFile(path.join(this.folder, segment.name));
    let at = HEADER_BYTES;
    for (;;) {
      const decoded = decodeEntry(bytes, at, undefined);
      assert(decoded.kind === 'entry', `the journal holds op ${op}, readable`);
      if (decoded.entry.op === op) return decoded.entry.chain;
      at = decoded.end;
    }
  }
}

function openSegment(fileSystem: FileSystem, folder: string, name: string): TrackedFile {
  return new TrackedFile(`${JOURNAL_FOLDER}/${name}`, fileSystem.open(path.join(folder, name), false));
}

function batchesOf(entries: readonly Entry[]): Entry[][] {
  const batches: Entry[][] = [];
  let bytes = 0;
  for (const entry of entries) {
    assert(entry.row.length <= APPEND_BYTES_MAX, `an entry takes at most ${APPEND_BYTES_MAX} bytes`);
    bytes += entry.row.length;
    if (batches.length === 0 || bytes > APPEND_BYTES_MAX) {
      batches.push([]);
      bytes = entry.row.length;
    }
    batches.at(-1)?.push(entry);
  }
  return batches;
}
