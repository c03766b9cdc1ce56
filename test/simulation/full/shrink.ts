import { drawnFaults, FullRunFailure, runFullSimulation, type FullRunOptions } from './full-simulation.js';
import { fewest } from '../fewest.js';
import { kindOf } from '../failure-kind.js';

/** A failing run with as few faults and as little time as were found to be enough. */
export interface ShrunkRun {
  readonly options: FullRunOptions & { readonly only: readonly number[]; readonly faultsMs: number };
  readonly failure: FullRunFailure;
  /** Runs that were tried. */
  readonly attempts: number;
}

/**
 * Leaves faults out, and time, while the run still fails in the same way. Each part of a run has chance of its own, so what is left
 * mostly happens as before; where it does not, another attempt is made with other faults left out.
 */
export async function shrink(failure: FullRunFailure, attemptsMax: number): Promise<ShrunkRun> {
  const kind = kindOf(failure);
  let best = failure;
  let attempts = 0;
  const fails = async (only: readonly number[], faultsMs: number): Promise<boolean> => {
    attempts++;
    try {
      await runFullSimulation({ ...failure.options, only, faultsMs });
      return false;
    } catch (error) {
      if (!(error instanceof FullRunFailure) || kindOf(error) !== kind) return false;
      best = error;
      return true;
    }
  };
  const all = drawnFaults(failure.options);
  let faultsMs = failure.conditions.faultsMs;
  let only = all.map((_, index) => index);
  // What was to come after the failure had no part in it.
  const soFar = only.filter((index) => (all[index]?.atMs ?? 0) <= failure.atMs);
  const shorter = Math.ceil(Math.min(failure.atMs + 1, faultsMs));
  if (await fails(soFar, shorter)) [only, faultsMs] = [soFar, shorter];
  only = await fewest(only, (left) => fails(left, faultsMs), attemptsMax);
  const lastMs = Math.max(0, ...only.map((index) => all[index]?.atMs ?? 0));
  for (const tried of [lastMs + 1, lastMs + 200, lastMs + 1_000])
    if (tried < faultsMs && (await fails(only, tried))) faultsMs = tried;
  return { options: { ...failure.options, only, faultsMs }, failure: best, attempts };
}
