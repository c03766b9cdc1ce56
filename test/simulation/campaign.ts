import { kindOf } from './failure-kind.js';

/** One run as a campaign counts it. */
export interface RunTally {
  /** Committed ops. */
  readonly ops: number;
  /** What else the run did, by name. */
  readonly counts: Readonly<Record<string, number>>;
  /** Faults that happened, by kind. */
  readonly faults: ReadonlyMap<string, number>;
  readonly reached: ReadonlySet<string>;
}

/** A kind of simulation that a campaign can run. */
export interface Mode {
  readonly name: string;
  run(seed: number): Promise<RunTally>;
  /** What to print of a failure: the violation, how to repeat it, the faults that are enough. */
  explain(error: unknown): Promise<readonly string[]>;
}

/** Which seeds, and until when: the first limit that is met ends it. */
export interface CampaignLimits {
  readonly from: number;
  readonly runs: number;
  /** Monotonic ms; Infinity for none. */
  readonly untilMs: number;
  readonly isFirstEnough: boolean;
}

/** What a campaign found. */
export interface CampaignResult {
  readonly seeds: number;
  readonly seconds: number;
  readonly ops: number;
  readonly counts: Readonly<Record<string, number>>;
  readonly faults: ReadonlyMap<string, number>;
  readonly reached: ReadonlySet<string>;
  /** Seeds that failed, by kind of failure. */
  readonly failures: ReadonlyMap<string, readonly number[]>;
}

/** Runs seeds one after the other; prints the first failure of each kind as it comes. */
export async function runCampaign(
  mode: Mode,
  limits: CampaignLimits,
  print: (line: string) => void,
): Promise<CampaignResult> {
  const counts: Record<string, number> = {};
  const faults = new Map<string, number>();
  const reached = new Set<string>();
  const failures = new Map<string, number[]>();
  const begunMs = performance.now();
  let [seeds, ops] = [0, 0];
  for (let seed = limits.from; seeds < limits.runs && performance.now() < limits.untilMs; seed++) {
    seeds++;
    try {
      const tally = await mode.run(seed);
      ops += tally.ops;
      for (const [name, count] of Object.entries(tally.counts)) counts[name] = (counts[name] ?? 0) + count;
      for (const [kind, count] of tally.faults) faults.set(kind, (faults.get(kind) ?? 0) + count);
      for (const kind of tally.reached) reached.add(kind);
    } catch (error) {
      const kind = kindOf(error);
      const known = failures.get(kind);
      if (known === undefined) for (const line of await mode.explain(error)) print(line);
      failures.set(kind, [...(known ?? []), seed]);
      if (limits.isFirstEnough) break;
    }
  }
  return { seeds, seconds: (performance.now() - begunMs) / 1_000, ops, counts, faults, reached, failures };
}
