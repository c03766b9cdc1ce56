import { createHash, type Hash } from 'node:crypto';
import { assert } from '../base/assert.js';
import { ROW_END } from '../base/csv.js';
import { DamagedFileError, type Table } from '../base/service.js';
import type { FileSystem } from '../ports/file-system.js';
import type { Damage } from '../ports/storage.js';
import { BLOCK_BYTES, BlockSums, type SumsMark } from './block-sums.js';
import { checkedByHash } from './checked-files.js';
import { forEachChunk } from './durable-file.js';
import { isDiskFull } from './errors.js';
import { LateHash } from './late-hash.js';
import { FOUND_BYTES_MAX, FoundTail } from './found-tail.js';
import type { CheckedFile } from './scrub.js';
import type { TrackedFile } from './tracked-file.js';
import { reading } from './unreadable.js';

const TAIL_BYTES_FIRST = 4096;
/** Bytes of one UTF-16 unit as UTF-8 at most. */
const UTF8_BYTES_MAX = 3;
const LINE_FEED = 0x0a;

/** An error of the disk while reading is damage, to be repaired as such; any other is thrown. */
function unreadable(file: string, error: unknown): Damage {
  try {
    return reading(file, () => {
      throw error;
    });
  } catch (read) {
    if (!(read instanceof DamagedFileError)) throw read;
    const { row } = read;
    return { file: read.file, what: read.detail, ...(row === undefined ? {} : { row }) };
  }
}

/** A table as a checkpoint left it: its length and the hash that has run over exactly these bytes. */
export interface TableContent {
  readonly length: number;
  /** What has run over them; or, where they were not read yet, the hash they should have. Then `sums` are there. */
  readonly hash: Hash | { readonly expected: string };
  /** Of the same bytes; absent: they are read for it. */
  readonly sums?: BlockSums;
}

/**
 * An append-only file of committed rows. Appends gather in memory and reach the file with one write at `flush`; reads see
 * both. A hash over all bytes runs along, so that a checkpoint costs nothing for what was there before.
 */
export class TableFile implements Table {
  #file: TrackedFile | undefined;
  #flushedBytes = 0;
  #tail = Buffer.alloc(TAIL_BYTES_FIRST);
  #tailBytes = 0;
  /** Bytes of the tail over which the hash has run: it is cheaper once for a batch of rows than for each. */
  #hashedTailBytes = 0;
  #hash: Hash;
  /** While not all of the file was read since the start: takes the place of `#hash`. */
  #late: LateHash | undefined;
  /** Of what was flushed. */
  #sums = new BlockSums();
  #found: FoundTail | undefined;
  /** Found at the start, told at the next look. */
  #untold: Damage | undefined;

  constructor(
    readonly name: string,
    readonly header: string,
  ) {
    assert(header.endsWith(ROW_END), 'a table begins with a whole header row');
    this.#hash = createHash('sha256');
    this.#push(header);
  }

  get length(): number {
    return this.#flushedBytes + this.#tailBytes;
  }

  append(rows: string): number {
    assert(rows.endsWith(ROW_END), 'whole rows are appended to a table');
    const offset = this.length;
    this.#push(rows);
    return offset;
  }

  read(offset: number, length: number): Uint8Array {
    assert(offset >= 0 && length >= 0 && offset + length <= this.length, 'a read stays inside its table');
    const fromTail = offset + length - Math.max(offset, this.#flushedBytes);
    if (fromTail >= length) return this.#tailSlice(offset, length);
    const fromFile = length - Math.max(fromTail, 0);
    const bytes = this.#readFile(offset, fromFile);
    return fromFile === length ? bytes : Buffer.concat([bytes, this.#tailSlice(this.#flushedBytes, length - fromFile)]);
  }

  /** Whether all of it has been read and held against its checkpoint since the start. */
  get isVerified(): boolean {
    return this.#late === undefined;
  }

  /** What a checkpoint of this moment, flushed, says of it: the hash is there when all of it has been read. */
  captured(): { readonly length: number; readonly hash: Promise<string>; readonly sums: SumsMark } {
    const hash = this.#late?.digestAt(this.length) ?? Promise.resolve(this.hash());
    return { length: this.length, hash, sums: this.sums() };
  }

  /** The block sums of what was flushed. */
  sums(): SumsMark {
    return this.#sums.mark();
  }

  /** Whoever waits for the hash of a table that was not read yet waits no more. */
  giveUpWaiting(): void {
    this.#late?.giveUp();
  }

  /** Reads on in a table that is in use before it was read: the next `bytes`. What is wrong with it. */
  async verifyNext(bytes: number): Promise<Damage | undefined> {
    const late = this.#late;
    const open = this.#file?.open;
    if (late === undefined || open === undefined || late.isBusy) return undefined;
    late.isBusy = true;
    const end = late.stopBefore(Math.min(late.at + bytes, this.#flushedBytes));
    let piece: Uint8Array;
    try {
      // What came after the checkpoint nobody vouches for but the sums of what was written.
      piece = late.isProven ? this.#readFile(late.at, end - late.at) : await open.readAsync(late.at, end - late.at);
    } catch (error) {
      return this.#late === late ? unreadable(this.name, error) : undefined;
    } finally {
      late.isBusy = false;
    }
    if (this.#late !== late) return undefined;
    if (piece.length < end - late.at)
      return { file: this.name, what: `it ends at byte ${late.at + piece.length} of ${this.#flushedBytes}` };
    if (!late.update(piece)) {
      const what = `its first ${late.length} bytes are not those of the checkpoint`;
      return { file: this.name, what, ...this.#firstDamage() };
    }
    if (late.isProven && late.at === this.#flushedBytes) {
      this.#hash = late.hash;
      this.#late = undefined;
    }
    return undefined;
  }

  /** SHA-256 of everything so far, in hex. */
  hash(): string {
    assert(this.#late === undefined, 'the hash of a table is known when all of it was read');
    this.#hashTail();
    return this.#hash.copy().digest('hex');
  }

  /** Empties the table to its header and takes `file` (or none, while nothing may be written) as its place. */
  reset(file: TrackedFile | undefined): void {
    this.#attach(file, 0, createHash('sha256'));
    this.#push(this.header);
    file?.truncate(0);
  }

  /**
   * Takes a file at a start, with what a checkpoint says of it. What follows is cut, and compared with what is written there
   * again. `isTold`: that something was wrong with the file is known, and it may have been moved aside for it.
   */
  takeUp(file: TrackedFile, content: TableContent | undefined, isTold: boolean): void {
    const length = content?.length ?? 0;
    const tail = file.read(length, Math.min(file.bytes - length, FOUND_BYTES_MAX));
    if (file.bytes === 0 && !isTold) this.#untold = { file: this.name, what: 'the file is missing or empty' };
    if (content === undefined) this.reset(file);
    else {
      if (file.bytes > length) file.truncate(length);
      this.attach(file, content);
    }
    this.#found = new FoundTail(this.name, length, tail);
  }

  /** Takes a file that holds exactly this content. */
  attach(file: TrackedFile, { length, hash, sums }: TableContent): void {
    if ('expected' in hash) {
      assert(sums !== undefined, 'a table that was not read has sums to read it by');
      this.#attach(file, length, createHash('sha256'));
      this.#late = new LateHash(length, hash.expected);
    } else this.#attach(file, length, hash.copy());
    if (sums !== undefined) this.#sums = sums;
    else this.#readSums(file, length);
  }

  /**
   * Writes what was appended to the file. Without room it stays in memory and false is returned: the journal has it all,
   * and the next flush tries again.
   */
  flush(): boolean {
    if (this.#file === undefined || this.#tailBytes === 0) return true;
    this.#hashTail();
    const bytes = this.#tail.subarray(0, this.#tailBytes);
    try {
      this.#file.write(this.#flushedBytes, bytes);
    } catch (error) {
      if (!isDiskFull(error)) throw error;
      this.#file.truncate(this.#flushedBytes);
      return false;
    }
    this.#flushedBytes += this.#tailBytes;
    this.#sums.add(bytes);
    if (this.#found !== undefined) this.#compareWithFound(this.#found, bytes);
    this.#tailBytes = 0;
    this.#hashedTailBytes = 0;
    return true;
  }

  /** The file as it should be; `undefined` while rows wait for room. */
  checked(): CheckedFile | undefined {
    if (this.#file === undefined || this.#tailBytes > 0 || this.#late !== undefined) return undefined;
    const { path } = this.#file.open;
    const place = { file: this.name, path, bytes: this.#flushedBytes };
    return checkedByHash(place, this.hash(), () => this.#firstDamage());
  }

  /** Fsyncs what was flushed. */
  async sync(): Promise<void> {
    await this.#file?.sync();
  }

  inspect(fileSystem: FileSystem): Damage | undefined {
    return this.#file?.inspect(fileSystem);
  }

  /** What was found wrong at the start and has been written again; told once. */
  mend(): Damage | undefined {
    // A table without rows need not have had a file.
    const untold = this.length > Buffer.byteLength(this.header) ? this.#untold : undefined;
    this.#untold = undefined;
    return untold ?? this.#found?.look((byte) => this.#rowsBefore(byte));
  }

  close(): void {
    this.#late?.giveUp();
    this.#file?.close();
    this.#file = undefined;
  }

  #compareWithFound(found: FoundTail, bytes: Uint8Array): void {
    this.#untold ??= found.compare(bytes, (byte) => this.#rowsBefore(byte));
    if (found.isDone) this.#found = undefined;
  }

  /** Rows that end at or before a byte of the file, the header included: no field of a table holds a line end. */
  #rowsBefore(byte: number): number {
    let rows = 0;
    // A row's end may lie across two pieces: its last byte tells.
    if (this.#file !== undefined)
      forEachChunk(this.#file.open, byte, (bytes) => {
        for (let at = bytes.indexOf(LINE_FEED); at >= 0; at = bytes.indexOf(LINE_FEED, at + 1)) rows++;
      });
    return rows;
  }

  /** The block that begins at `wrong` is not as it was written: `row` is the first of which it holds something. */
  #damageAt(wrong: number): { readonly what: string; readonly row: number } {
    const end = Math.min(this.#flushedBytes, wrong + BLOCK_BYTES);
    const row = this.#rowsBefore(wrong) + 1;
    const last = this.#rowsBefore(end - 1) + 1;
    const rows = last > row ? `one of rows ${row} to ${last}` : `row ${row}`;
    return { row, what: `${rows} does not hold what was written to it (bytes ${wrong} to ${end - 1})` };
  }

  #firstDamage(): { readonly what: string; readonly row: number } | undefined {
    let from = 0;
    let wrong: number | undefined;
    if (this.#file !== undefined)
      forEachChunk(this.#file.open, this.#flushedBytes, (bytes) => {
        wrong ??= this.#sums.firstWrong(bytes, from);
        from += bytes.length;
      });
    return wrong === undefined ? undefined : this.#damageAt(wrong);
  }

  /** Sums of a file that was just put there: of what was written, not of what may have become of it since. */
  #readSums(file: TrackedFile, length: number): void {
    const read = createHash('sha256');
    forEachChunk(file.open, length, (bytes) => {
      read.update(bytes);
      this.#sums.add(bytes);
    });
    if (read.digest('hex') !== this.#hash.copy().digest('hex'))
      throw new DamagedFileError(this.name, 'it does not hold what was copied from another replica');
  }

  #attach(file: TrackedFile | undefined, length: number, hash: Hash): void {
    if (this.#file !== file) this.#file?.close();
    this.#found = undefined;
    this.#late?.giveUp();
    this.#late = undefined;
    this.#file = file;
    this.#flushedBytes = length;
    this.#tailBytes = 0;
    this.#hashedTailBytes = 0;
    this.#hash = hash;
    this.#sums = new BlockSums();
  }

  #hashTail(): void {
    if (this.#hashedTailBytes === this.#tailBytes || this.#late !== undefined) return;
    this.#hash.update(this.#tail.subarray(this.#hashedTailBytes, this.#tailBytes));
    this.#hashedTailBytes = this.#tailBytes;
  }

  #push(text: string): void {
    // At most: to count them costs as much as to write them.
    const bytesMax = text.length * UTF8_BYTES_MAX;
    if (this.#tailBytes + bytesMax > this.#tail.length) {
      const larger = Buffer.alloc(Math.max(2 * this.#tail.length, this.#tailBytes + bytesMax));
      this.#tail.copy(larger, 0, 0, this.#tailBytes);
      this.#tail = larger;
    }
    this.#tailBytes += this.#tail.write(text, this.#tailBytes);
  }

  #readFile(offset: number, length: number): Uint8Array {
    const file = this.#file;
    assert(file !== undefined, 'a table with flushed bytes has a file');
    // Whole blocks, each with its checksum: nothing that has changed on the disk is given out.
    const from = offset - (offset % BLOCK_BYTES);
    const to = Math.min(this.#flushedBytes, Math.ceil((offset + length) / BLOCK_BYTES) * BLOCK_BYTES);
    const bytes = reading(this.name, () => file.read(from, to - from));
    if (bytes.length < to - from) {
      throw new DamagedFileError(this.name, `it ends at byte ${from + bytes.length} of ${this.#flushedBytes}`);
    }
    const wrong = this.#sums.firstWrong(bytes, from);
    if (wrong === undefined) return bytes.subarray(offset - from, offset - from + length);
    const { what, row } = this.#damageAt(wrong);
    throw new DamagedFileError(this.name, what, row);
  }

  /** A copy: the tail's memory is used again after a flush. */
  #tailSlice(offset: number, length: number): Buffer {
    const from = offset - this.#flushedBytes;
    return Buffer.from(this.#tail.subarray(from, from + length));
  }
}
