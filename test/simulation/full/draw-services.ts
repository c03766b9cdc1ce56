import type { Prng } from '../prng.js';
import { workloadOf, WORKLOADS } from './workloads/index.js';

/** Which services a run has, each with its share of the calls: mostly several, often one alone, which then is gone into deeper. */
export function drawServices(prng: Prng): Record<string, number> {
  const all = WORKLOADS.map(({ service }) => service);
  const alone = prng.pick(all);
  const isAlone = prng.chance(0.3);
  const share = prng.pick([0.5, 1, 1]);
  const drawn = all.filter((one) => one === alone || prng.chance(share));
  return shares(isAlone ? [alone] : drawn, () => prng.pick([1, 1, 3]));
}

/** Which of the services a cluster was founded without: any but those that found it with files of their own. */
export function drawLate(prng: Prng, services: readonly string[]): string[] {
  return services.filter((service) => Object.keys(workloadOf(service).shipped).length === 0 && prng.chance(0.6));
}

/** Equal shares, for services that are named. */
export const equalShares = (services: readonly string[]): Record<string, number> => shares(services, () => 1);

function shares(services: readonly string[], weigh: () => number): Record<string, number> {
  const weights = services.map((service) => [service, weigh()] as const);
  const sum = weights.reduce((total, [, weight]) => total + weight, 0);
  return Object.fromEntries(weights.map(([service, weight]) => [service, weight / sum]));
}
