import type { FullConditions } from '../../test/simulation/full/conditions.js';
import { FullRunFailure, runFullSimulation } from '../../test/simulation/full/full-simulation.js';
import { AS_BEFORE } from '../../test/simulation/full/seeds.js';
import { Prng } from '../../test/simulation/prng.js';
import type { Simulation } from '../simulation.js';

/** What harms tables, and the files that make a start fast. */
const KINDS = ['powerLoss', 'crashInWrite', 'minorityDown', 'isolate', 'wipe', 'swapKept'] as const;

/** Three whole replicas whose starts take up indexes and sums and read their tables while they are in use. */
export const lateSimulation: Simulation = {
  name: 'late',
  run: async (seed) => {
    try {
      const {
        committedOps: ops,
        written: acknowledged,
        faults,
        reached,
      } = await runFullSimulation({
        seed,
        conditions: conditionsOf(seed),
      });
      const harmed = [...faults.values()].reduce((sum, count) => sum + count, 0);
      return { facts: { ops, acknowledged, faults: harmed, reached }, violation: undefined };
    } catch (error) {
      if (!(error instanceof FullRunFailure)) throw error;
      return { facts: { ops: 0, acknowledged: 0, faults: 0, reached: new Set() }, violation: error.message };
    }
  },
};

function conditionsOf(seed: number): Partial<FullConditions> {
  const prng = new Prng(seed);
  return {
    replicas: 3,
    faultsMs: prng.between(1_000, 3_000),
    loss: 0,
    delayMs: prng.pick([1, 5]),
    diskDelayMs: prng.pick([0.2, 1]),
    checkpointIntervalOps: prng.pick([5, 20]),
    pace: prng.pick([50, 150]),
    isFoundingUnkind: false,
    kinds: ['kill', 'rot', 'rotLive', ...KINDS.filter(() => prng.chance(0.5))],
    readLaterBytesMin: 0,
    readLaterPieceBytes: prng.pick([300, 300, 4_000]),
    indexFrameRecords: prng.pick([1, 5]),
    ...AS_BEFORE,
  };
}
