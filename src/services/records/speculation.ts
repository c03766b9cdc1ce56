import { assert, present } from '../../base/assert.js';
import type { RecordValue } from './record-value.js';
import type { Update } from './updates.js';

/** An update of an entry that is not committed yet. */
export interface SpeculatedUpdate {
  readonly op: number;
  /** As the entry holds it. */
  readonly text: string;
  readonly update: Update;
  /** The record as this update makes it; absent: the update is a refusal. */
  readonly record?: RecordValue;
}

/** What entries that are not committed yet lay over committed records, at the primary. */
export class Speculation {
  /** In op order, oldest first: a Map keeps the order of insertion. */
  readonly #updates = new Map<number, SpeculatedUpdate>();
  /** The newest version of each record that an update made. */
  readonly #records = new Map<string, RecordValue>();

  /** The newest speculative version of a record. */
  find(name: string): RecordValue | undefined {
    return this.#records.get(name);
  }

  /** What the entry at this op made. */
  madeAt(op: number): RecordValue | undefined {
    return this.#updates.get(op)?.record;
  }

  add(added: SpeculatedUpdate): void {
    this.#updates.set(added.op, added);
    if (added.record !== undefined) this.#records.set(nameOf(added.update), added.record);
  }

  /** Takes the update of an entry that commits off; `undefined` when nothing is speculated. */
  fold(op: number): SpeculatedUpdate | undefined {
    const [oldest] = this.#updates.keys();
    if (oldest === undefined) return undefined;
    assert(oldest === op, 'entries commit in the order in which they were speculated');
    const folded = present(this.#updates.get(op), 'the oldest update is there');
    this.#updates.delete(op);
    // A later update of the same record may have laid its own version over it.
    if (folded.record !== undefined && this.#records.get(nameOf(folded.update))?.op === op)
      this.#records.delete(nameOf(folded.update));
    return folded;
  }

  drop(): void {
    this.#updates.clear();
    this.#records.clear();
  }
}

function nameOf(update: Update): string {
  assert(update.kind === 'fields', 'only fields make a record');
  return update.name;
}
