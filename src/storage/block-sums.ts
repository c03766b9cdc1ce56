import { crc32 } from 'node:zlib';

/** Bytes under one checksum: a row or two, so that reading an order costs little more than its row. */
export const BLOCK_BYTES = 1024;

/**
 * A checksum for each block of an append-only file, in memory (4 bytes a KiB): what is read is held against what was written, so a
 * bit that has turned over on the disk is found before anybody is told what it says.
 */
export class BlockSums {
  #sums = new Uint32Array(64);
  #whole = 0;
  /** Of the last block, which is not full. */
  #lastSum = 0;
  #lastBytes = 0;

  /** Sums that were kept: of whole blocks, and of what follows the last of them. */
  static of(whole: Uint32Array<ArrayBuffer>, lastSum: number, lastBytes: number): BlockSums {
    const sums = new BlockSums();
    sums.#sums = whole;
    sums.#whole = whole.length;
    sums.#lastSum = lastSum;
    sums.#lastBytes = lastBytes;
    return sums;
  }

  /** Sum of the bytes after the last whole block. */
  get lastSum(): number {
    return this.#lastSum;
  }

  /** Sums of the whole blocks from this one on: a view, good until more is added. */
  wholeFrom(first: number): Uint32Array {
    return this.#sums.subarray(first, this.#whole);
  }

  /** Bytes that were added. */
  get bytes(): number {
    return this.#whole * BLOCK_BYTES + this.#lastBytes;
  }

  /** Adds what is written behind everything before. */
  add(bytes: Uint8Array): void {
    let at = 0;
    while (at < bytes.length) {
      const taken = Math.min(BLOCK_BYTES - this.#lastBytes, bytes.length - at);
      this.#lastSum = crc32(bytes.subarray(at, at + taken), this.#lastSum);
      this.#lastBytes += taken;
      at += taken;
      if (this.#lastBytes === BLOCK_BYTES) this.#closeBlock();
    }
  }

  /**
   * The first byte of the first block that is not as it was written; `undefined` when all are. `bytes` begin at byte `from` of the
   * file, where a block begins, and end where one ends or the file does.
   */
  firstWrong(bytes: Uint8Array, from: number): number | undefined {
    for (let at = 0; at < bytes.length; at += BLOCK_BYTES) {
      const index = (from + at) / BLOCK_BYTES;
      const expected = index < this.#whole ? this.#sums[index] : this.#lastSum;
      if (crc32(bytes.subarray(at, at + BLOCK_BYTES)) !== expected) return from + at;
    }
    return undefined;
  }

  #closeBlock(): void {
    if (this.#whole === this.#sums.length) {
      const larger = new Uint32Array(Math.max(64, Math.ceil(1.25 * this.#whole)));
      larger.set(this.#sums);
      this.#sums = larger;
    }
    this.#sums[this.#whole++] = this.#lastSum;
    this.#lastSum = 0;
    this.#lastBytes = 0;
  }
}
