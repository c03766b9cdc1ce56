import { assert } from '../../base/assert.js';
import type { Searchable } from './page.js';
import type { StoredTuple, TupleStore } from './tuple-store.js';
import type { Update } from './updates.js';

/** What entries that are not committed made of a key; `op` is the last one. Without a tuple: they removed it. */
interface Change {
  readonly op: number;
  readonly tuple: StoredTuple | undefined;
}

/** The pairs as the primary decides on them: committed ones, and over them what entries that are not committed yet changed. */
export class PresentTuples implements Searchable {
  readonly #committed: TupleStore;
  readonly #changes = new Map<string, Change>();
  /** Keys that were added and are not committed, by their serial number, in order. */
  readonly #added = new Map<number, string>();
  #lastSerial = 0;

  constructor(committed: TupleStore) {
    this.#committed = committed;
  }

  get(key: string): StoredTuple | undefined {
    const change = this.#changes.get(key);
    return change === undefined ? this.#committed.get(key) : change.tuple;
  }

  *behind(after: number): Generator<StoredTuple, void> {
    for (const tuple of this.#committed.behind(after)) {
      const change = this.#changes.get(tuple.key);
      if (change === undefined) yield tuple;
      // One that was removed and added again comes later.
      else if (change.tuple?.serial === tuple.serial) yield change.tuple;
    }
    for (const [serial, key] of this.#added) {
      const tuple = this.#changes.get(key)?.tuple;
      if (serial > after && tuple?.serial === serial) yield tuple;
    }
  }

  /** Takes up the update of the next entry. */
  speculate(op: number, update: Update): void {
    switch (update.kind) {
      case 'put':
        for (const [, key, value] of update.pairs) {
          // Commits add the pairs in the same order, and count alike.
          this.#lastSerial = Math.max(this.#lastSerial, this.#committed.lastSerial) + 1;
          this.#added.set(this.#lastSerial, key);
          this.#changes.set(key, { op, tuple: { serial: this.#lastSerial, key, value } });
        }
        return;
      case 'post':
        for (const [, key, value] of update.pairs) {
          const serial = this.get(key)?.serial;
          assert(serial !== undefined, 'the key that is updated is present');
          this.#changes.set(key, { op, tuple: { serial, key, value } });
        }
        return;
      default:
        for (const [key] of update.removed) {
          const serial = this.get(key)?.serial;
          assert(serial !== undefined, 'the key that is removed is present');
          this.#added.delete(serial);
          this.#changes.set(key, { op, tuple: undefined });
        }
    }
  }

  /** The entry of this op is committed now. */
  fold(op: number, update: Update): void {
    const keys = update.kind === 'delete' ? update.removed.map(([key]) => key) : update.pairs.map(([, key]) => key);
    for (const key of keys) {
      const change = this.#changes.get(key);
      if (change?.op === op) this.#changes.delete(key);
    }
    for (const serial of this.#added.keys()) {
      if (serial > this.#committed.lastSerial) break;
      this.#added.delete(serial);
    }
  }

  /** Forgets what is not committed. */
  drop(): void {
    this.#changes.clear();
    this.#added.clear();
    this.#lastSerial = 0;
  }
}
