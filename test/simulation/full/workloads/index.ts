import type { WorkloadKind } from '../workload.js';
import { COUNTERS_WORKLOAD } from './counters.js';
import { LOG_WORKLOAD } from './log.js';
import { ORDERING_WORKLOAD } from './ordering.js';
import { RECORDS_WORKLOAD } from './records.js';
import { TUPLES_WORKLOAD } from './tuples.js';

/** Every service that runs are mixed of. A new one changes which services later seeds have, and nothing of runs that name theirs. */
export const WORKLOADS: readonly WorkloadKind[] = [
  ORDERING_WORKLOAD,
  COUNTERS_WORKLOAD,
  LOG_WORKLOAD,
  TUPLES_WORKLOAD,
  RECORDS_WORKLOAD,
];

/** The workload of a service. Throws an error that names those there are. */
export function workloadOf(service: string): WorkloadKind {
  const found = WORKLOADS.find((kind) => kind.service === service);
  if (found !== undefined) return found;
  throw new Error(`no workload is called ${service}; there are: ${WORKLOADS.map((kind) => kind.service).join(', ')}`);
}
