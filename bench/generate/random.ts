/** A seeded generator (mulberry32): the same seed makes the same folders, byte for byte. */
export class Random {
  #state: number;

  constructor(seed: number) {
    this.#state = seed >>> 0;
  }

  /** 0 … 2^32 − 1. */
  u32(): number {
    this.#state = (this.#state + 0x6d2b79f5) >>> 0;
    let mixed = this.#state;
    mixed = Math.imul(mixed ^ (mixed >>> 15), mixed | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return (mixed ^ (mixed >>> 14)) >>> 0;
  }

  /** Whole number, 0 … `end` − 1. */
  below(end: number): number {
    return this.u32() % end;
  }

  /** True in this share of the calls, 0 … 1. */
  chance(share: number): boolean {
    return this.u32() < share * 2 ** 32;
  }

  /** 32 bits as 8 hex digits. */
  hex(): string {
    return this.u32().toString(16).padStart(8, '0');
  }

  /** A UUID of version 4. */
  uuid(): string {
    const [a, b, c, d] = [this.hex(), this.hex(), this.hex(), this.hex()];
    return `${a}-${b.slice(0, 4)}-4${b.slice(5)}-a${c.slice(1, 4)}-${c.slice(4)}${d}`;
  }

  /** A UUID of version 7 for this time, ms since 1970. */
  uuidAt(timeMs: number): string {
    const time = timeMs.toString(16).padStart(12, '0');
    const [a, b, c] = [this.hex(), this.hex(), this.hex()];
    return `${time.slice(0, 8)}-${time.slice(8)}-7${a.slice(0, 3)}-b${b.slice(0, 3)}-${c}${a.slice(4)}`;
  }
}
