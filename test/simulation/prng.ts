/** A seeded generator (mulberry32): the same seed gives the same run, bit for bit. */
export class Prng {
  #state: number;
  constructor(seed: number) {
    this.#state = seed >>> 0;
  }
  /** 0 … 2^32 − 1. */
  u32(): number {
    this.#state = (this.#state + 0x6d2b79f5) >>> 0;
    let t = this.#state;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return (t ^ (t >>> 14)) >>> 0;
  }
  /** 0 … 1, 1 excluded. */
  unit(): number {
    return this.u32() / 2 ** 32;
  }
  /** Whole number, `from` … `to` inclusive. */
  between(from: number, to: number): number {
    return from + (this.u32() % (to - from + 1));
  }
  chance(probability: number): boolean {
    return this.unit() < probability;
  }
  pick<T>(values: readonly T[]): T {
    const value = values[this.u32() % values.length];
    if (value === undefined) throw new Error('nothing to pick from');
    return value;
  }
}
