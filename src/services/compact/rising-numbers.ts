import { assert, present } from '../../base/assert.js';
import { withRoom } from './columns.js';

const BLOCK_SHIFT = 12;
const BLOCK_MASK = (1 << BLOCK_SHIFT) - 1;
/** Stands for a distance that does not fit. */
const FAR = 0xffff_ffff;

/**
 * A growing list of whole numbers that never fall, such as ops or file offsets, at about four bytes each: every block of
 * 4,096 keeps its first value, each number its distance from that.
 */
export class RisingNumbers {
  #distances = new Uint32Array(64);
  readonly #firsts: number[] = [];
  /** Numbers further than 32 bits from the first of their block: hardly ever any. */
  readonly #far = new Map<number, number>();
  #count = 0;
  #last = 0;

  /** How many numbers it holds. */
  get count(): number {
    return this.#count;
  }

  /** Makes room for `count` numbers at once. */
  makeRoom(count: number): void {
    this.#distances = withRoom(this.#distances, count);
  }

  /** Appends a number, at least the last one. */
  append(value: number): void {
    assert(value >= this.#last, 'rising numbers never fall');
    if ((this.#count & BLOCK_MASK) === 0) this.#firsts.push(value);
    const distance = value - (this.#firsts[this.#count >>> BLOCK_SHIFT] as number);
    if (distance >= FAR) this.#far.set(this.#count, value);
    this.#distances = withRoom(this.#distances, this.#count + 1);
    this.#distances[this.#count++] = Math.min(distance, FAR);
    this.#last = value;
  }

  /** The number at this index, which must exist. */
  at(index: number): number {
    const distance = this.#distances[index] as number;
    if (distance === FAR) return present(this.#far.get(index), 'a far number is listed');
    return (this.#firsts[index >>> BLOCK_SHIFT] as number) + distance;
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
