import { DamagedFileError } from '../base/service.js';
import type { FileStat, FileSystem, OpenFile } from '../ports/file-system.js';
import type { Damage } from '../ports/storage.js';

/**
 * An open file that remembers what its own writes left on the disk, so that `inspect` can tell what somebody else did to
 * it: a deleted file stays writable for the process that has it open, and everything fsynced to it is lost (rule 10).
 */
export class TrackedFile {
  #expected: FileStat;
  #writesUnderWay = 0;

  constructor(
    /** Name for people, relative to the replica's folder. */
    readonly name: string,
    readonly open: OpenFile,
  ) {
    this.#expected = open.stat();
  }

  /** Bytes that the file should have. */
  get bytes(): number {
    return this.#expected.bytes;
  }

  read(offset: number, length: number): Uint8Array {
    return this.open.read(offset, length);
  }

  /** Throws DamagedFileError when the file was cut meanwhile: what is written behind the cut would hide it, a hole before it. */
  write(offset: number, bytes: Uint8Array): void {
    this.#assertNotCut();
    try {
      this.open.write(offset, bytes);
    } finally {
      this.#note();
    }
  }

  /** As `write`. */
  async writeAsync(offset: number, bytes: Uint8Array): Promise<void> {
    this.#assertNotCut();
    this.#writesUnderWay++;
    try {
      await this.open.writeAsync(offset, bytes);
    } finally {
      this.#writesUnderWay--;
      this.#note();
    }
  }

  truncate(length: number): void {
    this.open.truncate(length);
    this.#note();
  }

  /** Throws DamagedFileError when the file was deleted meanwhile: nothing fsynced to it counts (rule 10). */
  async sync(): Promise<void> {
    await this.open.sync();
    if (this.open.stat().links === 0) throw new DamagedFileError(this.name, 'it was deleted while it was in use');
  }

  close(): void {
    this.open.close();
  }

  /** What the file system shows to be wrong with the file; `undefined` when nothing. */
  inspect(fileSystem: FileSystem): Damage | undefined {
    const what = differenceOf(this.#expected, fileSystem.stat(this.open.path), this.#writesUnderWay > 0);
    return what === undefined ? undefined : { file: this.name, what };
  }

  #assertNotCut(): void {
    const { bytes } = this.open.stat();
    if (bytes < this.#expected.bytes)
      throw new DamagedFileError(this.name, `the file was cut from ${this.#expected.bytes} to ${bytes} bytes`);
  }

  #note(): void {
    this.#expected = this.open.stat();
  }
}

/**
 * What somebody else changed on a file that should be as `expected`. While a write of our own is under way only its
 * identity and a loss of bytes can be judged.
 */
export function differenceOf(
  expected: FileStat,
  found: FileStat | undefined,
  isWriteUnderWay: boolean,
): string | undefined {
  if (found === undefined) return 'the file is missing';
  if (found.inode !== expected.inode) return 'the file was replaced by another';
  if (found.links === 0) return 'the file was removed while open';
  if (found.bytes < expected.bytes) return `the file was cut from ${expected.bytes} to ${found.bytes} bytes`;
  if (isWriteUnderWay) return undefined;
  if (found.bytes > expected.bytes)
    return `somebody else wrote to the file: ${found.bytes - expected.bytes} bytes more`;
  if (found.modifiedMs !== expected.modifiedMs) return 'somebody else wrote to the file';
  return undefined;
}
