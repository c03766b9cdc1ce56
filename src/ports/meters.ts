/*
 * What servers tell of their work, for metrics. Every order passes here: an implementation only counts, and never throws.
 */

/** Told of customers' calls and orders as they end. */
export interface CallMeter {
  /** `outcome`: `ok` or the reason of the refusal; `ms` from its arrival to its answer. */
  settled(method: string, outcome: string, ms: number): void;
}

/** Told of what goes to disk. */
export interface DiskMeter {
  /** An fdatasync has succeeded. */
  synced(ms: number): void;
  /** A batch of the journal is on disk: `ms` for writing and fdatasync. */
  wrote(batch: { readonly entries: number; readonly bytes: number; readonly ms: number }): void;
}

/** Told of what a replica is asked and says. */
export interface ReplicaMeter extends DiskMeter {
  /** Calls that came in together and go to the core as one event. */
  received(kind: 'writes' | 'reads' | 'aloneOrders', count: number): void;
  /** A call's outcome; `ms` from its arrival to its answer. */
  answered(kind: 'write' | 'read', outcome: string, ms: number): void;
}
