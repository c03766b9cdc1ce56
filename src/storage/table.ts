import { createHash, type Hash } from 'node:crypto';
import { assert } from '../base/assert.js';
import { ROW_END } from '../base/csv.js';
import { DamagedFileError, type Table } from '../base/service.js';
import type { Damage, FileSystem } from '../ports.js';
import { isDiskFull } from './errors.js';
import type { TrackedFile } from './tracked-file.js';

const TAIL_BYTES_FIRST = 4096;

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

  /** SHA-256 of everything so far, in hex. */
  hash(): string {
    this.#hashTail();
    return this.#hash.copy().digest('hex');
  }

  /** Empties the table to its header and takes `file` (or none, while nothing may be written) as its place. */
  reset(file: TrackedFile | undefined): void {
    this.#attach(file, 0, createHash('sha256'));
    this.#push(this.header);
    file?.truncate(0);
  }

  /** Takes a file that holds exactly `length` bytes, over which `hash` has run, as the table's content. */
  attach(file: TrackedFile, length: number, hash: Hash): void {
    this.#attach(file, length, hash);
  }

  /**
   * Writes what was appended to the file. Without room it stays in memory and false is returned: the journal has it all,
   * and the next flush tries again.
   */
  flush(): boolean {
    if (this.#file === undefined || this.#tailBytes === 0) return true;
    this.#hashTail();
    try {
      this.#file.write(this.#flushedBytes, this.#tail.subarray(0, this.#tailBytes));
    } catch (error) {
      if (!isDiskFull(error)) throw error;
      this.#file.truncate(this.#flushedBytes);
      return false;
    }
    this.#flushedBytes += this.#tailBytes;
    this.#tailBytes = 0;
    this.#hashedTailBytes = 0;
    return true;
  }

  /** Fsyncs what was flushed. */
  async sync(): Promise<void> {
    await this.#file?.sync();
  }

  inspect(fileSystem: FileSystem): Damage | undefined {
    return this.#file?.inspect(fileSystem);
  }

  close(): void {
    this.#file?.close();
    this.#file = undefined;
  }

  #attach(file: TrackedFile | undefined, length: number, hash: Hash): void {
    if (this.#file !== file) this.#file?.close();
    this.#file = file;
    this.#flushedBytes = length;
    this.#tailBytes = 0;
    this.#hashedTailBytes = 0;
    this.#hash = hash;
  }

  #hashTail(): void {
    if (this.#hashedTailBytes === this.#tailBytes) return;
    this.#hash.update(this.#tail.subarray(this.#hashedTailBytes, this.#tailBytes));
    this.#hashedTailBytes = this.#tailBytes;
  }

  #push(text: string): void {
    const bytes = Buffer.byteLength(text);
    if (this.#tailBytes + bytes > this.#tail.length) {
      const larger = Buffer.alloc(Math.max(2 * this.#tail.length, this.#tailBytes + bytes));
      this.#tail.copy(larger, 0, 0, this.#tailBytes);
      this.#tail = larger;
    }
    this.#tail.write(text, this.#tailBytes);
    this.#tailBytes += bytes;
  }

  #readFile(offset: number, length: number): Uint8Array {
    const file = this.#file;
    assert(file !== undefined, 'a table with flushed bytes has a file');
    const bytes = file.read(offset, length);
    if (bytes.length < length) {
      throw new DamagedFileError(this.name, `it ends at byte ${offset + bytes.length} of ${this.#flushedBytes}`);
    }
    return bytes;
  }

  /** A copy: the tail's memory is used again after a flush. */
  #tailSlice(offset: number, length: number): Buffer {
    const from = offset - this.#flushedBytes;
    return Buffer.from(this.#tail.subarray(from, from + length));
  }
}
