import type { Simulation } from '../simulation.js';
import { OrderingRun } from './ordering-run.js';

/** The ordering service alone: ids, prices, stock and outbox over repeats, restarts, failovers and cut-off logs. */
export const orderingSimulation: Simulation = {
  name: 'ordering',
  run: (seed) => {
    const run = new OrderingRun(seed);
    try {
      run.run();
      return { facts: run.facts, violation: undefined };
    } catch (error) {
      // The service's own assertions, and the tables' complaints, are findings like those of the callers.
      if (!(error instanceof Error)) throw error;
      return { facts: run.facts, violation: `seed ${seed}: ${error.message}` };
    }
  },
};
