import { randomFillSync } from 'node:crypto';
import type { Random } from '../ports/machine.js';

/** Numbers fetched at once: every event needs one, and a call to the system's generator costs more than the event. */
const NUMBERS = 1024;

/** Random numbers for events, from the system's generator. */
export class RandomPool implements Random {
  readonly #numbers = new Uint32Array(NUMBERS);
  #used = NUMBERS;

  /** Never the same bytes twice. */
  next(): number {
    if (this.#used === NUMBERS) {
      randomFillSync(this.#numbers);
      this.#used = 0;
    }
    return this.#numbers[this.#used++] ?? 0;
  }
}
