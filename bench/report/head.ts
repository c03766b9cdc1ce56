import { digits } from './numbers.js';
import type { BenchResult } from './result.js';

/** Lines that say where, of what and how a run was made. */
export function headLines({ machine, subjects, ratePerSecond }: BenchResult): string[] {
  const { commit, date, cpu, cores, memoryGiB, node, kernel, fdatasyncP50Ms, loadAverage } = machine;
  const pace =
    ratePerSecond > 0
      ? `${ratePerSecond} calls a second at fixed times, latency from the time at which each should have been sent; corrected columns are the same`
      : 'every customer calls again when it has its answer; corrected: calls added that a slow answer kept from being made';
  return [
    `Commit ${commit}, ${date}; ${cores} cores (${cpu}), ${memoryGiB} GiB, ${kernel}, node ${node}, ` +
      `load average before ${digits(loadAverage, 1)}, fdatasync of 4 KiB p50 ${digits(fdatasyncP50Ms, 2)} ms.`,
    `Medians of the rounds; ${pace}. CPU: all processes together, customers too. Others, idle: cores used by what is not under test, and by nobody.`,
    ...subjects.map(({ name, settings }) => `${name}: ${settings}.`),
  ];
}
