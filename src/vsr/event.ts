import type { CommitNumber, OpNumber, ReplicaIndex, View } from '../base/numbers.js';
import type { CheckpointHead } from '../base/checkpoint.js';
import type { Entry } from '../base/entry.js';
import type { OutboxItem, ServiceQuery, ServiceRequest } from '../base/service.js';
import type { Envelope } from './message.js';

/** Names a caller who waits for a reply; given by the runtime, never used twice in a process. */
export type Token = number;

/** Time and chance, brought by every event. */
export interface Now {
  /** Monotonic, ms: for intervals. */
  readonly nowMs: number;
  /** Wall clock, ms since 1970: for the times of entries. */
  readonly wallMs: number;
  /** A fresh random number, 0 … 2^32 − 1. */
  readonly randomU32: number;
}

/** What the core starts from: the folder's content as storage verified it. */
export type Started =
  | { readonly kind: 'empty' }
  | {
      readonly kind: 'intact';
      readonly clusterId: string;
      readonly view: View;
      readonly logView: View;
      readonly isRecovering: boolean;
      /** The tables stand here, and the services' snapshots were taken here. */
      readonly checkpoint: CheckpointHead;
      /** The log after the checkpoint. */
      readonly entries: readonly Entry[];
      /** Known to be committed, at most the last entry's op. */
      readonly commit: CommitNumber;
      readonly outbox: readonly OutboxItem[];
    }
  /** Promises may be forgotten: the replica recovers (rules 6, 7). `view` is the one on disk where that can be read. */
  | { readonly kind: 'damaged'; readonly view: View; readonly why: string; readonly outbox: readonly OutboxItem[] };

/** A write as a caller asks for it. */
export interface WriteRequest {
  readonly token: Token;
  readonly service: string;
  readonly request: ServiceRequest;
  /** Monotonic ms after which nobody waits for the answer. */
  readonly deadlineMs: number;
}

/** A read as a caller asks for it. */
export interface ReadRequest {
  readonly token: Token;
  readonly service: string;
  readonly query: ServiceQuery;
  readonly consistency: 'linearizable' | 'session' | 'any';
  /** The answer is based on at least this op. */
  readonly minOp: OpNumber;
  readonly deadlineMs: number;
}

/** All that can happen to a replica. */
export type Event = Now &
  (
    | { readonly kind: 'tick' }
    | { readonly kind: 'message'; readonly envelope: Envelope }
    /** A connection to this peer was refused or reset: its process is dead or restarting. */
    | { readonly kind: 'connectionRefused'; readonly peer: ReplicaIndex }
    | { readonly kind: 'writes'; readonly requests: readonly WriteRequest[] }
    | { readonly kind: 'reads'; readonly requests: readonly ReadRequest[] }
    /** Orders that a front end found no primary for: to be taken alone, if this replica may (decision 3). */
    | { readonly kind: 'aloneOrders'; readonly requests: readonly WriteRequest[] }
    /** The outbox on disk holds these items. */
    | { readonly kind: 'outboxAppended'; readonly requestIds: readonly string[] }
    /** There was no room for these items; whether a later start finds them is not known. */
    | { readonly kind: 'outboxFull'; readonly requestIds: readonly string[] }
    /** The journal holds everything up to `op` (group commit). */
    | { readonly kind: 'appended'; readonly op: OpNumber }
    /** The durable transition number `transition` (persist, switchLog, installCheckpoint, initialise) is on disk. */
    | { readonly kind: 'transitionDone'; readonly transition: number }
    /**
     * The staged checkpoint is complete; whether its lengths and hashes are those of the offer, and the services' snapshots that
     * were among its files (absent: they came with the offer).
     */
    | {
        readonly kind: 'checkpointVerified';
        readonly nonce: number;
        readonly isValid: boolean;
        readonly snapshots?: CheckpointHead['snapshots'];
      }
    /** A checkpoint of this op is durable: entries up to the one before it may leave memory. */
    | { readonly kind: 'checkpointed'; readonly op: OpNumber }
    /** The checkpoint that was ordered could not be written (no room, a folder that may not be written); it may work now. */
    | { readonly kind: 'checkpointFailed' }
    /** The disk has no room: appends above the durable op were given up. */
    | { readonly kind: 'diskFull' }
    /** There is room again. */
    | { readonly kind: 'diskHasRoom' }
    /** An fsync took longer than it may; a primary gives up its office. */
    | { readonly kind: 'diskSlow' }
    /** The operator or a stop asks the primary to give up its office. */
    | { readonly kind: 'resign'; readonly why: string }
    /** The operator asks the primary to hand its office to this replica, once that has everything. */
    | { readonly kind: 'switchOver'; readonly to: ReplicaIndex; readonly why: string }
  );

/** An event before it is stamped with time and chance. */
export type Untimed = Event extends infer E ? (E extends Event ? Omit<E, keyof Now> : never) : never;
