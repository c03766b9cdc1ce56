import type { Simulation } from '../simulation.js';
import { ReadingRun } from './reading-run.js';

/** One replica's folder whose table is read while it is in use: what is given out of it, and what is promised of it. */
export const readingSimulation: Simulation = {
  name: 'reading',
  run: async (seed) => {
    const run = new ReadingRun(seed);
    try {
      await run.live();
      return { facts: run.facts, violation: undefined };
    } catch (error) {
      // The storage's own assertions, and errors that it must not throw, are findings too.
      if (!(error instanceof Error)) throw error;
      return { facts: run.facts, violation: `seed ${seed}: ${error.message}` };
    }
  },
};
