import { createHash, type Hash } from 'node:crypto';
import { CheckpointGivenUpError } from '../ports/storage.js';

interface Waiting {
  readonly length: number;
  readonly resolve: (digest: string) => void;
  readonly reject: (error: Error) => void;
}

/** The hash of a table that is in use before it was read: it runs after, from the first byte on, and tells where it passes. */
export class LateHash {
  readonly hash: Hash = createHash('sha256');
  #at = 0;
  #waiting: Waiting[] = [];
  #isProven = false;
  /** A piece is being read. */
  isBusy = false;

  /** The first `length` bytes must have the hash `expected`, SHA-256 in hex. */
  constructor(
    readonly length: number,
    readonly expected: string,
  ) {
    this.#isProven = length === 0;
  }

  /** Bytes over which it has run. */
  get at(): number {
    return this.#at;
  }

  /** Whether the first `length` bytes are what they should be. */
  get isProven(): boolean {
    return this.#isProven;
  }

  /** The hash of the first `length` bytes, not less than what it has run over. Rejects with CheckpointGivenUpError after `giveUp`. */
  digestAt(length: number): Promise<string> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ length, resolve, reject });
      this.#tell();
    });
  }

  /** Where the next piece ends: no further than `end`, and not beyond where somebody wants to know. */
  stopBefore(end: number): number {
    const stops = [this.length, ...this.#waiting.map(({ length }) => length)];
    return Math.min(end, ...stops.filter((stop) => stop > this.#at));
  }

  /** Runs on; false when the first `length` bytes are not what they should be. */
  update(bytes: Uint8Array): boolean {
    this.hash.update(bytes);
    this.#at += bytes.length;
    if (this.#at === this.length) {
      if (this.hash.copy().digest('hex') !== this.expected) return false;
      this.#isProven = true;
    }
    this.#tell();
    return true;
  }

  /** Who waits will not be told. */
  giveUp(): void {
    for (const { reject } of this.#waiting) reject(new CheckpointGivenUpError('the tables were not read in time'));
    this.#waiting = [];
  }

  #tell(): void {
    if (!this.#isProven) return;
    for (const { length, resolve } of this.#waiting) if (length === this.#at) resolve(this.hash.copy().digest('hex'));
    this.#waiting = this.#waiting.filter(({ length }) => length > this.#at);
  }
}
