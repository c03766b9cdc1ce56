import { assert } from '../../base/assert.js';
import { decodeUpdate, type Update } from './update.js';

/** A message of an entry that is not committed yet. */
export interface Uncommitted {
  readonly op: number;
  readonly update: Update;
  /** The update as the entry holds it. */
  readonly text: string;
}

/** The messages over the committed ones at the primary, in op order. */
export class UncommittedMessages {
  /** By request id; a Map keeps the order in which they came. */
  readonly #byRequest = new Map<string, Uncommitted>();

  get count(): number {
    return this.#byRequest.size;
  }

  /** Adds the message of an entry. */
  add(requestId: string, op: number, text: string): void {
    assert(!this.#byRequest.has(requestId), 'a request appends once');
    this.#byRequest.set(requestId, { op, update: decodeUpdate(text), text });
  }

  find(requestId: string): Uncommitted | undefined {
    return this.#byRequest.get(requestId);
  }

  /** Takes out the message of an entry that commits, the oldest; `undefined` when it was not added here. */
  fold(requestId: string, op: number): Uncommitted | undefined {
    const oldest = this.#byRequest.get(requestId);
    if (oldest === undefined) return undefined;
    assert(oldest.op === op, 'what commits is what was speculated');
    this.#byRequest.delete(requestId);
    return oldest;
  }

  drop(): void {
    this.#byRequest.clear();
  }
}
