import type { Round } from '../rounds.js';

/** What is divided by what. */
export interface Comparison {
  readonly workload: string;
  /** The workload of the other one, where it differs. */
  readonly otherWorkload?: string;
  readonly customers: number;
  readonly ours: string;
  readonly other: string;
}

/** Calls a second of one ÷ those of another, by rounds that ran one after the other; none where one of them was not measured. */
export function ratios(rounds: readonly Round[], comparison: Comparison): number[] {
  const { workload, otherWorkload = workload, customers, ours, other } = comparison;
  const others = new Map(
    rounds
      .filter((one) => one.workload === otherWorkload && one.customers === customers && one.subject === other)
      .map(({ round, callsPerSecond }) => [round, callsPerSecond]),
  );
  return rounds
    .filter((one) => one.workload === workload && one.customers === customers && one.subject === ours)
    .flatMap(({ round, callsPerSecond }) => {
      const it = others.get(round);
      return it === undefined ? [] : [callsPerSecond / it];
    });
}
