import path from 'node:path';
import { crc32 } from 'node:zlib';
import type { FileSystem } from '../ports/file-system.js';
import { BLOCK_BYTES, BlockSums, type SumsMark } from './block-sums.js';
import { FolderIndexFile } from './index-file.js';

/** "JHS1" in the byte order of this machine. */
const MAGIC = 0x3153_484a;
const HEAD_BYTES = 24;

/**
 * The block sums of a table up to its checkpoints, in a file: with them a start may read the table block by block, each held
 * against its sum, before it has read all of it. Neither fsynced nor needed. It is there only while nothing is known to be wrong:
 * a start takes it and empties it, and it is written again when the table was read whole.
 */
export class KeptSums {
  readonly #file: FolderIndexFile;
  #whole = 0;

  constructor(
    readonly fileSystem: FileSystem,
    folder: string,
    table: string,
  ) {
    this.#file = new FolderIndexFile(fileSystem, path.join(folder, `${table.replace('.', '-')}.sums`));
  }

  /** The sums of the first `length` bytes, which must be those of a checkpoint; `undefined` when the file does not hold them. */
  read(length: number): BlockSums | undefined {
    this.#file.begin();
    try {
      return this.#read(length);
    } finally {
      this.#file.close();
    }
  }

  /** From here on the folder may be written to. What the file holds is forgotten. */
  begin(): void {
    this.#file.begin();
    this.forget();
  }

  /** Empties the file: the next start must read everything. */
  forget(): void {
    this.#file.cut(0);
    this.#whole = 0;
  }

  /** Something may be wrong: empties the file, and nothing is kept any more. */
  distrust(): void {
    this.#file.distrust();
    this.#whole = 0;
  }

  /** Adds the sums of a checkpoint, all of whose bytes were read or written by this process. */
  keep({ sums, bytes: tableBytes, whole, lastSum }: SumsMark): void {
    const fresh = sums.wholeBetween(this.#whole, whole);
    const bytes = Buffer.alloc(HEAD_BYTES + fresh.byteLength);
    const words = new Uint32Array([MAGIC, 0, fresh.length, lastSum]);
    bytes.set(new Uint8Array(new Float64Array([tableBytes]).buffer), 16);
    bytes.set(new Uint8Array(fresh.buffer, fresh.byteOffset, fresh.byteLength), HEAD_BYTES);
    bytes.set(new Uint8Array(words.buffer), 0);
    words[1] = crc32(bytes.subarray(8));
    bytes.set(new Uint8Array(words.buffer), 0);
    if (this.#file.append(bytes)) this.#whole = whole;
  }

  close(): void {
    this.#file.close();
  }

  #read(length: number): BlockSums | undefined {
    const pieces: Uint8Array[] = [];
    let whole = 0;
    for (let at = 0; at < this.#file.length;) {
      const head = Uint8Array.from(this.#file.read(at, HEAD_BYTES));
      if (head.length < HEAD_BYTES) return undefined;
      const [magic, checksum, count = 0, lastSum = 0] = new Uint32Array(head.buffer, 0, 4);
      const [tableBytes = 0] = new Float64Array(head.buffer, 16, 1);
      if (magic !== MAGIC) return undefined;
      const frame = this.#file.read(at, HEAD_BYTES + 4 * count);
      if (frame.length < HEAD_BYTES + 4 * count || crc32(frame.subarray(8)) !== checksum) return undefined;
      pieces.push(frame.subarray(HEAD_BYTES));
      whole += count;
      if (whole !== Math.floor(tableBytes / BLOCK_BYTES)) return undefined;
      if (tableBytes === length) {
        const all = new Uint8Array(4 * whole);
        let filled = 0;
        for (const piece of pieces) {
          all.set(piece, filled);
          filled += piece.length;
        }
        return BlockSums.of(new Uint32Array(all.buffer), lastSum, length % BLOCK_BYTES);
      }
      at += frame.length;
    }
    return undefined;
  }
}
