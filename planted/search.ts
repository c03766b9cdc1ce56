import type { SimulationName } from './bug.js';
import type { RunFacts, Simulation } from './simulation.js';
import { setPlanted } from './switch.js';

/** Seeds to be run with one bug, or with none. */
export interface Search {
  readonly simulation: SimulationName;
  /** The switch; empty for the healthy build. */
  readonly bug: string;
  readonly from: number;
  /** The last seed. */
  readonly to: number;
  /** Date.now() at which to stop. */
  readonly deadlineMs: number;
}

/** What runs did together. */
export interface Work {
  readonly runs: number;
  readonly ops: number;
  readonly acknowledged: number;
  readonly faults: number;
  readonly reached: readonly string[];
}

/** What a search found, and how much was done for it. */
export interface Found {
  /** The first seed with a violation, and what was said of it; undefined when all seeds were clean. */
  readonly caught: { readonly seed: number; readonly violation: string } | undefined;
  readonly work: Work;
  /** Not all seeds were run: time was up. */
  readonly isCutShort: boolean;
}

/** No work at all. */
export const NO_WORK: Work = { runs: 0, ops: 0, acknowledged: 0, faults: 0, reached: [] };

/** Adds the work of other runs, or of one. */
export function together(work: Work, more: Work | RunFacts): Work {
  return {
    runs: work.runs + ('runs' in more ? more.runs : 1),
    ops: work.ops + more.ops,
    acknowledged: work.acknowledged + more.acknowledged,
    faults: work.faults + more.faults,
    reached: [...new Set([...work.reached, ...more.reached])].sort(),
  };
}

/** Runs seeds in their order until one violates a promise. One search at a time in a thread: the switch is the thread’s. */
export async function search(simulation: Simulation, { bug, from, to, deadlineMs }: Search): Promise<Found> {
  setPlanted(bug);
  try {
    const reached = new Set<string>();
    const sum = { runs: 0, ops: 0, acknowledged: 0, faults: 0 };
    const work = (): Work => ({ ...sum, reached: [...reached].sort() });
    for (let seed = from; seed <= to; seed++) {
      if (Date.now() >= deadlineMs) return { caught: undefined, work: work(), isCutShort: true };
      const { facts, violation } = await simulation.run(seed);
      sum.runs++;
      sum.ops += facts.ops;
      sum.acknowledged += facts.acknowledged;
      sum.faults += facts.faults;
      for (const kind of facts.reached) reached.add(kind);
      if (violation !== undefined) return { caught: { seed, violation }, work: work(), isCutShort: false };
    }
    return { caught: undefined, work: work(), isCutShort: false };
  } finally {
    setPlanted('');
  }
}
