import type { SimulationName } from '../bug.js';
import type { Simulation } from '../simulation.js';
import { coreSimulation, longCoreSimulation } from './core.js';
import { orderingSimulation } from './ordering.js';
import { storageSimulation } from './storage.js';

/** Every simulation by its name. */
export const SIMULATIONS = {
  core: coreSimulation,
  'core-long': longCoreSimulation,
  storage: storageSimulation,
  ordering: orderingSimulation,
} as const satisfies Record<SimulationName, Simulation>;
