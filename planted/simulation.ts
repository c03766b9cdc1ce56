/** What one run did, so that an idle one cannot pass for a clean one. */
export interface RunFacts {
  /** Ops committed, or durable calls made where there is no cluster. */
  readonly ops: number;
  /** Requests that were answered as done. */
  readonly acknowledged: number;
  readonly faults: number;
  /** Kinds of events, messages, calls and decisions that were gone through. */
  readonly reached: ReadonlySet<string>;
}

/** How a run ended: `violation` says what a checker or an assertion found; undefined when every promise was kept. */
export interface RunEnd {
  readonly facts: RunFacts;
  readonly violation: string | undefined;
}

/** Something that runs one seed, the same way every time. */
export interface Simulation {
  readonly name: string;
  run(seed: number): RunEnd | Promise<RunEnd>;
}
