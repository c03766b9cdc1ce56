import type { FullConditions } from '../../test/simulation/full/conditions.js';
import { FullRunFailure, runFullSimulation } from '../../test/simulation/full/full-simulation.js';
import { AS_BEFORE } from '../../test/simulation/full/seeds.js';
import { Prng } from '../../test/simulation/prng.js';
import type { SimulationName } from '../bug.js';
import type { RunEnd, Simulation } from '../simulation.js';

/** What cuts logs off, fills outboxes and makes services start from their tables. */
const KINDS = ['kill', 'powerLoss', 'cut', 'stop', 'resign', 'stall', 'minorityDown'] as const;
/** Entries that got no room on the disk are in no journal, and not in the outbox unless they stayed there. */
const FULL_DISKS = ['fillAtOutbox', 'pauseAlone', 'resign'] as const;

/** Whole replicas of one small service that has all that services share: known requests, salvage, restore. */
export const servicesSimulation = simulationOf('services', 'counters');
/** The same of the message log. */
export const logSimulation = simulationOf('log', 'log');
/** The same of the record map. */
export const recordsSimulation = simulationOf('records', 'records');
/** The same of the tuple space. */
export const tuplesSimulation = simulationOf('tuples', 'tuples');

function simulationOf(name: SimulationName, service: string): Simulation {
  return { name, run: (seed) => runOne(seed, service) };
}

const runOne = async (seed: number, service: string): Promise<RunEnd> => {
  try {
    const report = await runFullSimulation({ seed, conditions: conditionsOf(seed, service) });
    const { committedOps: ops, written: acknowledged, faults, reached } = report;
    const harmed = [...faults.values()].reduce((sum, count) => sum + count, 0);
    return { facts: { ops, acknowledged, faults: harmed, reached }, violation: undefined };
  } catch (error) {
    if (!(error instanceof FullRunFailure)) throw error;
    return { facts: { ops: 0, acknowledged: 0, faults: 0, reached: new Set() }, violation: error.message };
  }
};

function conditionsOf(seed: number, service: string): Partial<FullConditions> {
  const prng = new Prng(seed ^ 0x2545f491);
  return {
    replicas: 3,
    faultsMs: prng.between(1_500, 3_000),
    loss: prng.pick([0, 0.05]),
    delayMs: prng.pick([1, 5, 20]),
    diskDelayMs: prng.pick([0.2, 4, 15]),
    checkpointIntervalOps: prng.pick([5, 20, 100]),
    pace: prng.pick([50, 150]),
    isFoundingUnkind: false,
    // Primaries that are deposed without their notice execute what the next view does not have.
    kinds: [
      'isolate',
      'pauseAlone',
      ...(prng.chance(0.5)
        ? FULL_DISKS
        : (['crashInWrite', 'rotLive', ...KINDS.filter(() => prng.chance(0.5))] as const)),
    ],
    ...AS_BEFORE,
    services: { [service]: 1 },
  };
}
