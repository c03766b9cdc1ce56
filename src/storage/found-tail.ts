import { ROW_END } from '../base/csv.js';
import type { Damage } from '../ports/storage.js';

/** Bytes of a table behind its checkpoint that are compared at a start: some ten thousand orders' rows take a few. */
export const FOUND_BYTES_MAX = 64 << 20;
/** Looks until rows that nothing has written again are called damage: the others tell meanwhile what else is committed. */
const LOOKS_BEFORE_JUDGED = 3;

/** What a table's file held behind the checkpoint at a start. It is cut off and written again: here the two are compared. */
export class FoundTail {
  #at = 0;
  #looks = 0;
  #isDone = false;

  /** `from`: byte of the file at which `bytes` stood. */
  constructor(
    readonly table: string,
    readonly from: number,
    readonly bytes: Uint8Array,
  ) {}

  /** Whether everything has been compared. */
  get isDone(): boolean {
    return this.#isDone;
  }

  /** Compares what is written now, at the byte after what was written before; `rowsBefore` counts rows up to a byte of the file. */
  compare(written: Uint8Array, rowsBefore: (byte: number) => number): Damage | undefined {
    const at = this.#at;
    const found = this.bytes.subarray(at, at + written.length);
    this.#at += written.length;
    this.#isDone = this.#at >= this.bytes.length;
    const expected = written.subarray(0, found.length);
    if (Buffer.compare(found, expected) !== 0) {
      this.#isDone = true;
      const differs = found.findIndex((byte, index) => byte !== expected[index]);
      const row = rowsBefore(this.from + at + differs) + 1;
      return { file: this.table, row, what: 'it does not hold what the journal says; written again' };
    }
    // Fewer rows are what a loss of power leaves, or a process that died before it had written them; half a row is not.
    if (!this.#isDone || this.bytes.length === 0 || Buffer.from(this.bytes).toString('latin1').endsWith(ROW_END))
      return undefined;
    return { file: this.table, row: rowsBefore(this.from + this.bytes.length) + 1, what: 'it ended inside a row' };
  }

  /** At a look, once a second: rows that stood there and that no entry has written again. */
  look(rowsBefore: (byte: number) => number): Damage | undefined {
    if (this.#isDone || ++this.#looks < LOOKS_BEFORE_JUDGED) return undefined;
    this.#isDone = true;
    const more = this.bytes.length - this.#at;
    if (more <= 0) return undefined;
    const row = rowsBefore(this.from + this.#at) + 1;
    return { file: this.table, row, what: `it held ${more} bytes more than the journal says; cut` };
  }
}
