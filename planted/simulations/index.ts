import type { SimulationName } from '../bug.js';
import type { Simulation } from '../simulation.js';
import { coreSimulation, longCoreSimulation, outcomesSimulation } from './core.js';
import { lateSimulation } from './late.js';
import { orderingSimulation } from './ordering.js';
import { readingSimulation } from './reading.js';
import { logSimulation, servicesSimulation, recordsSimulation, tuplesSimulation } from './services.js';
import { storageSimulation } from './storage.js';

/** Every simulation by its name. */
export const SIMULATIONS = {
  core: coreSimulation,
  'core-outcomes': outcomesSimulation,
  'core-long': longCoreSimulation,
  storage: storageSimulation,
  reading: readingSimulation,
  late: lateSimulation,
  ordering: orderingSimulation,
  services: servicesSimulation,
  log: logSimulation,
  tuples: tuplesSimulation,
  records: recordsSimulation,
} as const satisfies Record<SimulationName, Simulation>;
