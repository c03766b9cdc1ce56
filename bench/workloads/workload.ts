import type { LoadOrder } from '../load/protocol.js';
import type { OwnCluster } from '../subjects/own-cluster.js';
import type { SubjectKind } from '../subjects/subject.js';

/** What customers do with one kind of subject. */
export type WorkloadCalls = Pick<LoadOrder, 'calls' | 'callsEach' | 'writeConcern'>;

/** Something that customers do, and with whom it is compared. One file each. */
export interface Workload {
  /** As `--workloads` names it. */
  readonly name: string;
  /** One line for the report. */
  readonly what: string;
  /** What is counted, such as `orders`. */
  readonly unit: string;
  /** Customers at the same time, where the command line names none. */
  readonly customers: readonly number[];
  /** By kind of subject; the ones left out are not measured with it. */
  readonly calls: Readonly<Partial<Record<SubjectKind, WorkloadCalls>>>;
  /** Brings the cluster into the state in which all rounds are measured; returns what undoes it. */
  readonly prepare?: (cluster: OwnCluster) => Promise<() => Promise<void>>;
  /** Happens to the cluster while it is measured, from the beginning of the measurement on; returns what the report says of it. */
  readonly during?: (cluster: OwnCluster) => Promise<string>;
}
