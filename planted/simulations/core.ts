import type { Conditions } from '../../test/simulation/conditions.js';
import { shortConditions } from '../../test/simulation/short-profile.js';
import { RunFailure, runSimulation, type RunReport } from '../../test/simulation/simulation.js';
import type { RunEnd, RunFacts, Simulation } from '../simulation.js';

/** The replication core of 3 or 5 replicas in short, spiteful runs. */
export const coreSimulation: Simulation = {
  name: 'core',
  run: (seed) => runCore(seed, shortConditions(seed)),
};

/** The same runs; judged is only what callers are told, what is executed, and whether the cluster goes on. */
export const outcomesSimulation: Simulation = {
  name: 'core-outcomes',
  run: (seed) => runCore(seed, { ...shortConditions(seed), areRulesChecked: false }),
};

/** The replication core as `npm run simulate` runs it. */
export const longCoreSimulation: Simulation = {
  name: 'core-long',
  run: (seed) => runCore(seed, {}),
};

function runCore(seed: number, conditions: Partial<Conditions>): RunEnd {
  try {
    return { facts: factsOf(runSimulation({ seed, conditions })), violation: undefined };
  } catch (error) {
    if (!(error instanceof RunFailure)) throw error;
    return { facts: factsOf(error.report), violation: error.message };
  }
}

const factsOf = ({ committedOps, acknowledged, faults, reached }: RunReport): RunFacts => ({
  ops: committedOps,
  acknowledged,
  faults,
  reached,
});
