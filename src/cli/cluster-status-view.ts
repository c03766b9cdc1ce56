import type { ReplicaStatus } from '../ports/calls.js';

/** What a replica answered, or why it did not. */
export interface ReplicaAnswer {
  readonly id: string;
  readonly address: string;
  readonly status: ReplicaStatus | undefined;
  readonly why: string;
}

/** The `--json` of `status`. */
export interface ClusterStatus {
  readonly writable: boolean;
  /** Why not, for people; empty when it is. */
  readonly reason: string;
  /** Replicas that may still fail before orders stop. */
  readonly may_fail: number;
  readonly view: number;
  /** Id; empty: none. */
  readonly primary: string;
  /** The op at which `state_hash` was taken; 0: none was. */
  readonly hash_op: number;
  /** What to do, for people, most urgent first; empty: nothing. */
  readonly advice: readonly string[];
  readonly replicas: readonly {
    readonly id: string;
    readonly address: string;
    /** `down`: it does not answer, nor is it heard by those that do; `unknown`: it does not answer here, but is heard. */
    readonly role: ReplicaStatus['role'] | 'down' | 'unknown';
    readonly health: 'healthy' | 'suspected' | 'unhealthy';
    readonly view: number;
    readonly op: number;
    readonly commit: number;
    /** Ops behind the highest commit number. */
    readonly lag_ops: number;
    /** Orders in its outbox. */
    readonly outbox: number;
    /** It takes orders into its outbox now, for want of a majority. */
    readonly takes_alone: boolean;
    readonly reason: string;
    /** Seconds since it last knew itself level with the primary, 0 while it is; null: not since it started, or it does not answer. */
    readonly lag_seconds: number | null;
    /** Orders in its tables; null: it does not answer. */
    readonly orders: number | null;
    /** Reads that it has answered since it started; null: it does not answer. */
    readonly reads: number | null;
    /** Hash of all that it holds at `hash_op`, 64 hexadecimal digits; empty: it was not there in time. */
    readonly state_hash: string;
    /** Null: not known. */
    readonly disk_free_bytes: number | null;
    readonly uptime_seconds: number | null;
    /** The last that went wrong there, also before it was started again. */
    readonly last_fault: { readonly at: string; readonly what: string } | null;
    /** Id of a replica that answers and hears it; empty: none does. */
    readonly heard_by: string;
  }[];
}

/** Hashes of what replicas hold at one op, by id; 64 hexadecimal digits. */
export interface StateHashes {
  /** 0: no replica could be asked. */
  readonly op: number;
  readonly byId: ReadonlyMap<string, string>;
}
