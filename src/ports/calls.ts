import type { OpNumber } from '../base/numbers.js';
import type { Refusal } from '../base/refusal.js';
import type { OutboxItem, ServiceQuery, ServiceRequest } from '../base/service.js';
import type { Outcome } from '../vsr/effect.js';
import type { Inspection } from './inspection.js';
import type { OutgoingBackup } from './backup.js';

/**
 * A call as it reaches a replica, validated. `copies` of a write is resolved: 1 … N. Deadlines are wall-clock ms since 1970
 * (they travel as absolute times); 0 is not allowed.
 */
export type IncomingCall =
  | {
      readonly kind: 'write';
      readonly service: string;
      readonly request: ServiceRequest;
      /** Whether the front end found no primary and asks this replica to take it alone; default false. */
      readonly isAlone?: boolean;
      readonly deadlineWallMs: number;
      /** Called at most once; not at all when the deadline passes or the process dies. */
      readonly done: (outcome: Outcome) => void;
    }
  | {
      readonly kind: 'read';
      readonly service: string;
      readonly query: ServiceQuery;
      readonly consistency: 'linearizable' | 'session' | 'any';
      readonly minOp: OpNumber;
      readonly deadlineWallMs: number;
      readonly done: (outcome: Outcome) => void;
    };

/** What a replica's servers need of its runtime. */
export interface ReplicaCalls {
  /** Hands over the calls of one incoming batch; they enter the core as one event each for writes and reads. */
  submit(calls: readonly IncomingCall[]): void;
  /** A snapshot for operators. */
  status(): ReplicaStatus;
  /** Up to `limit` items of its outbox, oldest first, behind the one of the id `after` (empty, or settled meanwhile: from the first). */
  outbox(after: string, limit: number): readonly OutboxItem[];
  /** Asks a primary to give up its office in favour of the next view. */
  resign(why: string): void;
  /** What the replica shows of its files. */
  readonly inspection: Inspection;
  /** Hands the office to the replica `toId`; resolves when that one is primary, or with the reason why it is not. */
  switchOver(toId: string, why: string): Promise<SwitchoverOutcome>;
  /**
   * Throws the own copy away, durably, and ends the process; the next one copies everything from the others. Resolves with why
   * not, for people with what to do, or undefined when it is on its way.
   */
  resync(): Promise<string | undefined>;
  /** Stops the process in order, for a supervisor to start it again. Resolves with why not, or undefined when it is on its way. */
  restart(): Promise<string | undefined>;
  /** A peer wants to end on request: why not, for people; undefined: this replica agrees, and ends itself no sooner than it is back. */
  agreeToEnd(end: PlannedEnd): string | undefined;
  /** How far it is with copying state from the others. */
  copyProgress(): CopyProgress;
  /** Begins a backup of what it holds now. */
  backup(): OutgoingBackup | Refusal;
}

/** What became of a switchover. */
export interface SwitchoverOutcome {
  /** Whether the replica asked for is primary now. */
  readonly isDone: boolean;
  /** If not, why, for people. */
  readonly reason: string;
  readonly view: number;
  /** Empty: not known. */
  readonly primaryId: string;
  /** How long no new order was executed, as the old primary saw it, ms. */
  readonly pauseMs: number;
}

/** A replica that wants to end on request, to be started again. */
export interface PlannedEnd {
  /** Its id. */
  readonly from: string;
  /** Whether it throws its copy away, and with it what it has promised. */
  readonly forgets: boolean;
  /** For people. */
  readonly why: string;
}

/** How far a replica is that copies state. */
export interface CopyProgress {
  /** It copies, or waits for a view to join. */
  readonly isCopying: boolean;
  /** Of a checkpoint on its way; total 0: none is. */
  readonly bytesDone: number;
  readonly bytesTotal: number;
  /** Its last op. */
  readonly op: number;
}

/** How a replica sees itself and its peers. */
export interface ReplicaStatus {
  readonly id: string;
  readonly role: 'primary' | 'backup' | 'view-change' | 'recovering' | 'founding';
  readonly view: number;
  readonly logView: number;
  readonly op: number;
  /** Last op on its own disk. */
  readonly durableOp: number;
  readonly commit: number;
  /** Last op its tables hold. */
  readonly applied: number;
  readonly chain: string;
  readonly primaryId: string;
  /** Whether it takes writes now; if not, `reason` says why, for people. */
  readonly writable: boolean;
  readonly reason: string;
  readonly peers: readonly { readonly id: string; readonly health: 'healthy' | 'suspected' | 'unhealthy' }[];
  readonly outbox: number;
  /** Whether it takes orders into its outbox now, for want of a majority. */
  readonly takesAlone: boolean;
  readonly damage: readonly string[];
  readonly uptimeMs: number;
  /** Orders in its tables. */
  readonly orders: number;
  /** Reads that it has answered since it started. */
  readonly reads: number;
  /** Absent: not known. */
  readonly diskFreeBytes: number | undefined;
  /** How long ago it last knew itself level with the primary; 0 while it is; absent: not since it started. */
  readonly lagMs: number | undefined;
  /** What went wrong here last, also before it was started again, with its time (RFC 3339, UTC). */
  readonly lastFault: { readonly at: string; readonly what: string } | undefined;
}
