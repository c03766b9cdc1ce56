/** What a replica can tell of itself at any moment, for metrics and readiness, beside its status. */
export interface ReplicaGauges {
  /** Committed ops that its tables do not hold yet, as far as it has heard of them. */
  readonly lagOps: number;
  /** Seconds since a backup last knew itself level with the primary; 0 for an acting primary. */
  readonly lagSeconds: number;
  /** Whether it copies log or checkpoint from a peer. */
  readonly isFetching: boolean;
  readonly queues: {
    /** Durable writes that wait or are under way. */
    readonly disk: number;
    /** Writes executed and not answered yet. */
    readonly writes: number;
    /** Reads that wait for a round or an op. */
    readonly reads: number;
    /** Events held back by a durable transition. */
    readonly deferred: number;
  };
  /** On a primary: ops that each backup is not known to have on disk yet, by id; empty on others. */
  readonly backupLagOps: Readonly<Record<string, number>>;
}
