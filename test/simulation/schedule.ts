/** What is to happen when, in simulated ms; equal times in the order of insertion. A binary heap. */
export class Schedule {
  readonly #heap: { at: number; order: number; run: () => void }[] = [];
  #order = 0;
  nowMs = 0;

  after(ms: number, run: () => void): void {
    const item = { at: this.nowMs + ms, order: this.#order++, run };
    const heap = this.#heap;
    let child = heap.push(item) - 1;
    while (child > 0) {
      const parent = (child - 1) >> 1;
      const above = heap[parent];
      if (above === undefined || before(above, item)) break;
      heap[child] = above;
      child = parent;
    }
    heap[child] = item;
  }

  /** Runs the next thing; false when there is none. */
  runNext(): boolean {
    const heap = this.#heap;
    const first = heap[0];
    const last = heap.pop();
    if (first === undefined || last === undefined) return false;
    if (heap.length > 0) {
      let parent = 0;
      for (;;) {
        let child = 2 * parent + 1;
        const left = heap[child];
        if (left === undefined) break;
        const right = heap[child + 1];
        let smaller = left;
        if (right !== undefined && before(right, left)) {
          smaller = right;
          child++;
        }
        if (before(last, smaller)) break;
        heap[parent] = smaller;
        parent = child;
      }
      heap[parent] = last;
    }
    this.nowMs = first.at;
    first.run();
    return true;
  }
}

const before = (a: { at: number; order: number }, b: { at: number; order: number }): boolean =>
  a.at < b.at || (a.at === b.at && a.order < b.order);
