import { assert, present } from '../../base/assert.js';
import { StateHash } from './state-hash.js';

/** A pair as memory holds it, its tuples as texts. */
export interface StoredTuple {
  /** Counts the pairs that were ever added, from 1: the order of searches, the same on every replica. */
  readonly serial: number;
  readonly key: string;
  readonly value: string;
}

interface Slot {
  readonly serial: number;
  readonly key: string;
  value: string;
  isRemoved: boolean;
}

/** As many removed ones are left in the list before it is made anew, however few are present. */
const REMOVED_MIN = 1024;

/** Committed pairs: by key, and in the order in which they were added. About 250 bytes each beside their texts. */
export class TupleStore {
  readonly #byKey = new Map<string, Slot>();
  /** By serial number; with removed ones among them, at most about as many as there are present ones. */
  #inOrder: Slot[] = [];
  #removed = 0;
  #lastSerial = 0;
  readonly #hash = new StateHash();

  /** Pairs there are. */
  get count(): number {
    return this.#byKey.size;
  }

  /** Serial number of the pair that was added last; 0: none ever. */
  get lastSerial(): number {
    return this.#lastSerial;
  }

  /** Equal for equal pairs: 16 hex digits. */
  get hash(): string {
    return this.#hash.text;
  }

  /** The pair of a key. */
  get(key: string): StoredTuple | undefined {
    return this.#byKey.get(key);
  }

  /** Adds a pair whose key is absent. */
  add(key: string, value: string): void {
    assert(!this.#byKey.has(key), 'a key is added once');
    const slot = { serial: ++this.#lastSerial, key, value, isRemoved: false };
    this.#byKey.set(key, slot);
    this.#inOrder.push(slot);
    this.#hash.add(key, value);
  }

  /** Gives a key that is present another value; its place in the order stays. */
  update(key: string, value: string): void {
    const slot = present(this.#byKey.get(key), 'the key that is updated is present');
    this.#hash.remove(key, slot.value);
    slot.value = value;
    this.#hash.add(key, value);
  }

  /** Removes a key that is present. */
  remove(key: string): void {
    const slot = present(this.#byKey.get(key), 'the key that is removed is present');
    this.#hash.remove(key, slot.value);
    this.#byKey.delete(key);
    slot.isRemoved = true;
    this.#removed++;
    if (this.#removed <= REMOVED_MIN || this.#removed <= this.count) return;
    // A Map keeps the order in which its keys came.
    this.#inOrder = [...this.#byKey.values()];
    this.#removed = 0;
  }

  /** The pairs with a serial number above `after`, in order. */
  *behind(after: number): Generator<StoredTuple, void> {
    for (let at = this.#firstBehind(after); at < this.#inOrder.length; at++) {
      const slot = this.#inOrder[at];
      if (slot !== undefined && !slot.isRemoved) yield slot;
    }
  }

  #firstBehind(after: number): number {
    let low = 0;
    let high = this.#inOrder.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.#inOrder[middle]?.serial ?? 0) <= after) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}
