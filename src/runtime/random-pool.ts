import { randomFillSync } from 'node:crypto';

/** Numbers fetched at once: every event needs one, and a call to the system's generator costs more than the event. */
const NUMBERS = 1024;

/** Random numbers for events. */
export class RandomPool {
  readonly #numbers = new Uint32Array(NUMBERS);
  #used = NUMBERS;

  /** 0 … 2^32 − 1, never the same bytes twice. */
  next(): number {
    if (this.#used === NUMBERS) {
      randomFillSync(this.#numbers);
      this.#used = 0;
    }
    return this.#numbers[this.#used++] ?? 0;
  }
}
