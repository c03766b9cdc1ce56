/**
 * How often values fell into each of a few ranges, as Prometheus' histograms count. Made for paths that every order takes: to
 * observe is a search among some bounds and two additions, and allocates nothing.
 */
export class Distribution {
  /** Upper bounds of the ranges, rising; what is above the last has a range of its own. */
  readonly bounds: readonly number[];
  readonly #counts: Float64Array;
  #sum = 0;

  constructor(bounds: readonly number[]) {
    this.bounds = bounds;
    this.#counts = new Float64Array(bounds.length + 1);
  }

  /** Counts a value, `times` times. */
  observe(value: number, times = 1): void {
    let at = 0;
    while (at < this.bounds.length && value > (this.bounds[at] ?? Infinity)) at++;
    this.#counts[at] = (this.#counts[at] ?? 0) + times;
    this.#sum += value * times;
  }

  /** Values up to each bound, and all of them last: each number includes those before it. */
  cumulative(): number[] {
    let total = 0;
    return Array.from(this.#counts, (count) => (total += count));
  }

  /** Sum of all values. */
  get sum(): number {
    return this.#sum;
  }
}

/** Counts by name; names must come from a small set, never from callers. */
export class Tally<Name extends string = string> {
  readonly #counts = new Map<Name, number>();

  /** Adds to a name's count. */
  add(name: Name, times = 1): void {
    this.#counts.set(name, (this.#counts.get(name) ?? 0) + times);
  }

  /** The count of a name, 0 where it was never added to. */
  of(name: Name): number {
    return this.#counts.get(name) ?? 0;
  }

  /** All names with their counts, in the order of their first appearance. */
  entries(): (readonly [Name, number])[] {
    return [...this.#counts];
  }
}
