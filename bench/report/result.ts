import type { Machine } from '../machine.js';
import type { Round } from '../rounds.js';
import type { Workload } from '../workloads/workload.js';

/** Everything a run found, as the JSON file holds it. */
export interface BenchResult {
  readonly machine: Machine;
  readonly workloads: readonly Pick<Workload, 'name' | 'what' | 'unit'>[];
  /** What was compared and how it was set. */
  readonly subjects: readonly { readonly name: string; readonly settings: string }[];
  /** Calls a second at fixed times; 0: customers called again when they had their answer. */
  readonly ratePerSecond: number;
  readonly rounds: readonly Round[];
}

/** What the others are compared with. */
export const OURS = 'just-hungry';
