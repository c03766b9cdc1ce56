/** A batch is cut at about this many bytes: a burst leaves in pieces that the receiver can work on. */
const BATCH_BYTES_MAX = 1024 * 1024;

/**
 * Gathers what is said in one turn of the event loop and writes it as one batch when the turn's input has been handled. When
 * a write reports that the stream is full it goes on gathering until `drained`.
 */
export class TurnBatcher<T> {
  #items: T[] = [];
  #sizes: number[] = [];
  #bytes = 0;
  #isPlanned = false;
  #isFull = false;

  /** `write` takes a batch of at least one and returns false when the next should wait. */
  constructor(readonly write: (batch: T[]) => boolean) {}

  /** Bytes that wait. */
  get bytes(): number {
    return this.#bytes;
  }

  add(item: T, bytes: number): void {
    this.#items.push(item);
    this.#sizes.push(bytes);
    this.#bytes += bytes;
    if (this.#isPlanned || this.#isFull) return;
    this.#isPlanned = true;
    setImmediate(() => this.#flush());
  }

  /** The stream takes more. */
  drained(): void {
    this.#isFull = false;
    this.#flush();
  }

  /** Forgets and returns what waits; what is added next goes to a new stream. */
  clear(): T[] {
    const items = this.#items;
    this.#items = [];
    this.#sizes = [];
    this.#bytes = 0;
    this.#isFull = false;
    return items;
  }

  #flush(): void {
    this.#isPlanned = false;
    while (this.#items.length > 0 && !this.#isFull) {
      const count = this.#nextCount();
      const batch = count === this.#items.length ? this.#items : this.#items.slice(0, count);
      this.#items = batch === this.#items ? [] : this.#items.slice(count);
      for (const size of this.#sizes.slice(0, count)) this.#bytes -= size;
      this.#sizes = this.#items.length === 0 ? [] : this.#sizes.slice(count);
      this.#isFull = !this.write(batch);
    }
  }

  #nextCount(): number {
    if (this.#bytes <= BATCH_BYTES_MAX) return this.#items.length;
    let bytes = 0;
    for (const [index, size] of this.#sizes.entries()) {
      bytes += size;
      if (index > 0 && bytes > BATCH_BYTES_MAX) return index;
    }
    return this.#items.length;
  }
}
