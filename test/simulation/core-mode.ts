import type { Mode } from './campaign.js';
import { currentCommit } from './commit.js';
import { kindOf } from './failure-kind.js';
import { fewest } from './fewest.js';
import { RunFailure, runSimulation, type RunOptions } from './simulation.js';

/** Runs that shrinking one failure may take. */
const ATTEMPTS_MAX = 300;

/** The real core over whole records: the fast mode. */
export function coreMode(options: Omit<RunOptions, 'seed'>): Mode {
  return {
    name: 'core',
    run: async (seed) => {
      const report = runSimulation({ ...options, seed });
      const { committedOps: ops, faultsByKind: faults, reached, acknowledged, reads, notMet, views, ...more } = report;
      const { checkpointsInstalled: installed, recoveries, salvaged, handedOver, takenAlone } = more;
      return {
        ops,
        faults,
        reached,
        counts: { acknowledged, reads, notMet, views, installed, recoveries, salvaged, handedOver, takenAlone },
      };
    },
    explain: async (error) => {
      if (!(error instanceof RunFailure)) throw error;
      return explainCore(error, currentCommit());
    },
  };
}

/**
 * What a failing run of the core says: the violation, how to repeat it, and the faults that are enough for it. A fault that is left
 * out changes what chance brings after it; so some are left that have no part in the failure.
 */
export async function explainCore(failure: RunFailure, commit: string): Promise<string[]> {
  const { seed, conditions, omitted: omittedBefore = new Set<number>() } = failure.options;
  const kind = kindOf(failure);
  let best = failure;
  const placesOf = ({ past }: RunFailure): number[] => past.map(({ place }) => place);
  const omitting = (left: readonly number[]): ReadonlySet<number> =>
    new Set([...omittedBefore, ...placesOf(failure).filter((place) => !left.includes(place))]);
  const fails = (left: readonly number[]): Promise<boolean> => {
    try {
      runSimulation({ seed, ...(conditions === undefined ? {} : { conditions }), omitted: omitting(left) });
    } catch (error) {
      if (error instanceof RunFailure && kindOf(error) === kind) {
        best = error;
        return Promise.resolve(true);
      }
    }
    return Promise.resolve(false);
  };
  const left = await fewest(placesOf(failure), fails, ATTEMPTS_MAX);
  const omitted = [...omitting(left)].sort((one, other) => one - other);
  const replicas = conditions?.replicas === undefined ? '' : ` --replicas ${conditions.replicas}`;
  const replay = `npm run simulate -- --core --seed ${seed}${replicas}`;
  return [
    `FAILED ${failure.message}`,
    `  at commit ${commit}; replay: ${replay} --trace`,
    `  ${best.past.length} of ${failure.past.length} faults are enough: ${best.message}`,
    `  replay: ${replay} --omit ${omitted.join(',') || 'none'} --trace`,
    ...best.past.map(({ place, atMs, kind: what, replica }) => {
      return `    ${String(place).padStart(4)}  ${atMs.toFixed(0).padStart(6)} ms ${what}${replica === undefined ? '' : `, replica ${replica}`}`;
    }),
  ];
}
