import { faultText } from './faults.js';
import { drawnFaults, type FullRunFailure } from './full-simulation.js';
import { shrink } from './shrink.js';

/** What a failing run says: the violation, how to repeat it, and the faults that are enough for it. Lines of text. */
export async function explain(failure: FullRunFailure, commit: string, attemptsMax: number): Promise<string[]> {
  const { seed, conditions } = failure.options;
  const replicas = conditions?.replicas === undefined ? '' : ` --replicas ${conditions.replicas}`;
  const asBefore = conditions?.switchoverPace === 0 ? ' --as-before' : '';
  const services =
    conditions?.services === undefined ? '' : ` --services ${Object.keys(conditions.services).join(',')}`;
  const replay = `npm run simulate -- --full --seed ${seed}${replicas}${asBefore || services}`;
  const { options, failure: shrunk, attempts } = await shrink(failure, attemptsMax);
  const all = drawnFaults(failure.options);
  return [
    `FAILED ${failure.message}`,
    `  at commit ${commit}; replay: ${replay} --trace`,
    `  ${options.only.length} of ${all.length} faults are enough (${attempts} runs tried): ${shrunk.message}`,
    `  replay: ${replay} --faults-ms ${options.faultsMs} --only ${options.only.join(',') || 'none'} --trace`,
    ...options.only.flatMap((index) => {
      const timed = all[index];
      return timed === undefined ? [] : [`    ${String(index).padStart(4)}  ${faultText(timed)}`];
    }),
  ];
}
