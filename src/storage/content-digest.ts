import { createHash, type Hash } from 'node:crypto';
import { crc32 } from 'node:zlib';

/** Bytes that one checksum covers: what is read, at least, to be sure of one row; 1,000,000 orders have some 50,000 blocks. */
export const BLOCK_BYTES = 4096;

/**
 * What is known of a content that only grows: the SHA-256 of all of it, and a CRC-32 of each of its blocks, by which damage is seen
 * in the moment in which a block is read.
 */
export class ContentDigest {
  readonly #hash: Hash;
  readonly #blocks: number[];
  #length: number;

  private constructor(hash: Hash, blocks: number[], length: number) {
    this.#hash = hash;
    this.#blocks = blocks;
    this.#length = length;
  }

  /** The digest of nothing. */
  static empty(): ContentDigest {
    return new ContentDigest(createHash('sha256'), [], 0);
  }

  /** Bytes so far. */
  get length(): number {
    return this.#length;
  }

  /** Takes the bytes that follow. */
  update(bytes: Uint8Array): void {
    this.#hash.update(bytes);
    for (let at = 0; at < bytes.length;) {
      const block = Math.floor(this.#length / BLOCK_BYTES);
      const taken = Math.min(bytes.length - at, (block + 1) * BLOCK_BYTES - this.#length);
      this.#blocks[block] = crc32(bytes.subarray(at, at + taken), this.#blocks[block] ?? 0);
      this.#length += taken;
      at += taken;
    }
  }

  /** SHA-256 of everything so far, in hex. */
  hash(): string {
    return this.#hash.copy().digest('hex');
  }

  /** A digest that goes on by itself. */
  copy(): ContentDigest {
    return new ContentDigest(this.#hash.copy(), [...this.#blocks], this.#length);
  }

  /**
   * Whether these bytes, which begin with a block and end with one or with the content, are those of the content; returns the
   * first block that differs, or `undefined`.
   */
  firstDamaged(firstBlock: number, bytes: Uint8Array): number | undefined {
    for (let at = 0, block = firstBlock; at < bytes.length; at += BLOCK_BYTES, block++)
      if (crc32(bytes.subarray(at, at + BLOCK_BYTES)) !== this.#blocks[block]) return block;
    return undefined;
  }
}
