import type { Conditions } from './conditions.js';
import { Prng } from './prng.js';

/** Keeps a profile's own draws apart from those of its run. */
const SALT = 0x5f3759df;

/**
 * Conditions of a short run, many hundred a second: little traffic, and harm where it hurts most: right after something was said that
 * others rely on, in view changes and in durable transitions, to primaries that do not notice it. What stays open is drawn as for a long run.
 */
export function shortConditions(seed: number): Partial<Conditions> {
  const prng = new Prng(seed ^ SALT);
  const replicas = prng.chance(0.85) ? 3 : 5;
  const deposing = prng.pick([0, 0, 0, 0.6]);
  const forgetting = deposing > 0 ? 0 : prng.pick([0, 0, 0, 0.7]);
  const isSlow = deposing > 0 || forgetting > 0;
  return {
    replicas,
    faultsMs: isSlow ? prng.between(900, 1_800) : prng.between(400, 1_100),
    loss: prng.pick([0, 0, 0.02, 0.1]),
    delayMs: prng.pick([1, 5, 20]),
    crashAtTransition: prng.pick([0, 0.05, 0.25]),
    wiping: isSlow ? 0 : prng.pick([0, 0, 0.4]),
    wipedMax: replicas === 3 ? 1 : 2,
    checkpointIntervalOps: prng.pick([3, 8, 1_000]),
    suffixBytesMax: prng.pick([0, 0, 200, 500]),
    pace: isSlow ? prng.pick([150, 300]) : prng.pick([25, 60, 150]),
    isFoundingUnkind: prng.chance(0.1),
    batchMax: prng.pick([1, 2, 3]),
    clientPauseMs: prng.pick([10, 20, 40]),
    calmMs: 300,
    harmAtSend: prng.pick([0, 0.01, 0.05]),
    deposing,
    forgetting,
    handing: isSlow ? 0 : prng.pick([0, 0, 0, 0, 0, 0, 0, 0.5]),
  };
}
