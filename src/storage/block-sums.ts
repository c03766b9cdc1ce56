import { crc32 } from 'node:zlib';

/** Bytes under one checksum: a row or two, so that reading an order costs little more than its row. */
export const BLOCK_BYTES = 1024;

/** Block sums as they stood at a moment. */
export interface SumsMark {
  readonly sums: BlockSums;
  /** Bytes that they were of. */
  readonly bytes: number;
  /** Whole blocks among these. */
  readonly whole: number;
  /** Sum of the bytes after the last whole block. */
  readonly lastSum: number;
}

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

  /** The sums of this moment: more may be added, these stay. */
  mark(): SumsMark {
    return { sums: this, bytes: this.bytes, whole: this.#whole, lastSum: this.#lastSum };
  }

  /** Sums of the whole blocks from `first` to before `end`: a view, good until more is added. */
  wholeBetween(first: number, end: number): Uint32Array {
    return this.#sums.subarray(first, end);
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
