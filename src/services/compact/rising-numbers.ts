import { assert } from '../../base/assert.js';
import { withRoom } from './columns.js';

const BLOCK_SHIFT = 12;
const BLOCK_MASK = (1 << BLOCK_SHIFT) - 1;
const UINT32_MAX = 0xffff_ffff;

/**
 * A growing list of whole numbers that never fall, such as ops or file offsets, at about four bytes each: every block of
 * 4,096 keeps its first value, each number its distance from that.
 */
export class RisingNumbers {
  #distances = new Uint32Array(64);
  readonly #firsts: number[] = [];
  #count = 0;
  #last = 0;

  /** How many numbers it holds. */
  get count(): number {
    return this.#count;
  }

  /** Appends a number, at least the last one. */
  append(value: number): void {
    assert(value >= this.#last, 'rising numbers never fall');
    if ((this.#count & BLOCK_MASK) === 0) this.#firsts.push(value);
    const distance = value - (this.#firsts[this.#count >>> BLOCK_SHIFT] as number);
    assert(distance <= UINT32_MAX, 'numbers of one block lie within 32 bits');
    this.#distances = withRoom(this.#distances, this.#count + 1);
    this.#distances[this.#count++] = distance;
    this.#last = value;
  }

  /** The number at this index, which must exist. */
  at(index: number): number {
    return (this.#firsts[index >>> BLOCK_SHIFT] as number) + (this.#distances[index] as number);
  }

  /** Index of the first number that is at least `value`; `count` when there is none. */
  firstAtLeast(value: number): number {
    let low = 0;
    let high = this.#count;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.at(middle) < value) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}
