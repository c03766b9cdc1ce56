import type { Simulation } from '../simulation.js';
import { StorageRun } from './storage-run.js';

/** One replica's folder, the real storage over a simulated disk: processes and power die anywhere, and what rests may rot. */
export const storageSimulation: Simulation = {
  name: 'storage',
  run: async (seed) => {
    const run = new StorageRun(seed);
    try {
      await run.live();
      return { facts: run.facts, violation: undefined };
    } catch (error) {
      // The storage's own assertions, and errors that it must not throw, are findings like those of the model.
      if (!(error instanceof Error)) throw error;
      return { facts: run.facts, violation: `seed ${seed}: ${error.message}` };
    }
  },
};
