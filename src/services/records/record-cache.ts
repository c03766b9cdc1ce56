import type { RecordValue } from './record-value.js';

/** Estimated bytes in memory of what stands around the text of a record and of a field. */
const RECORD_OVERHEAD_BYTES = 300;
const FIELD_OVERHEAD_BYTES = 100;

/** Records as they are now, those that were used last, up to a number of bytes in memory; the others are in the table. */
export class RecordCache {
  /** By number of the record; a Map keeps the order of insertion, the one used longest ago first. */
  readonly #records = new Map<number, { readonly record: RecordValue; readonly bytes: number }>();
  #bytes = 0;

  constructor(private readonly bytesMax: number) {}

  /** Estimated bytes of what it holds. */
  get bytes(): number {
    return this.#bytes;
  }

  get(number: number): RecordValue | undefined {
    const held = this.#records.get(number);
    if (held === undefined) return undefined;
    this.#records.delete(number);
    this.#records.set(number, held);
    return held.record;
  }

  set(number: number, record: RecordValue): void {
    this.#remove(number);
    const bytes = bytesInMemory(record);
    this.#records.set(number, { record, bytes });
    this.#bytes += bytes;
    for (const oldest of this.#records.keys()) {
      if (this.#bytes <= this.bytesMax) return;
      this.#remove(oldest);
    }
  }

  #remove(number: number): void {
    const held = this.#records.get(number);
    if (held === undefined) return;
    this.#records.delete(number);
    this.#bytes -= held.bytes;
  }
}

function bytesInMemory({ fields }: RecordValue): number {
  let bytes = RECORD_OVERHEAD_BYTES;
  // A text takes two bytes a unit unless all of it is Latin-1.
  for (const [key, value] of fields) bytes += FIELD_OVERHEAD_BYTES + 2 * (key.length + value.length);
  return bytes;
}
