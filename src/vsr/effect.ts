import type { CheckpointHead, CheckpointOffer } from '../base/checkpoint.js';
import type { Entry } from '../base/entry.js';
import type { CommitNumber, OpNumber, ReplicaIndex, View } from '../base/numbers.js';
import type { Refusal } from '../base/refusal.js';
import type { OutboxItem, QueryAnswer, ServiceReply } from '../base/service.js';
import type { Token } from './event.js';
import type { Message } from './message.js';

/** A replica's promises, to be made durable (rule 1). */
export interface Promises {
  readonly clusterId: string;
  readonly view: View;
  readonly logView: View;
  readonly recovering: boolean;
}

/**
 * What the core wants done, in list order. Durable effects (`append`, `persist`, `switchLog`, `installCheckpoint`,
 * `initialise`, `appendOutbox`) go through one queue, each written after the previous one's fsync, and are answered by an event; the core
 * itself holds back every message that speaks of them until that event has come. So a `send` can always be done at once.
 */
export type Effect =
  | { readonly kind: 'send'; readonly to: ReplicaIndex; readonly message: Message }
  /** Durable. Answered by `appended`; the runtime may merge consecutive appends into one batch. */
  | { readonly kind: 'append'; readonly entries: readonly Entry[]; readonly commit: CommitNumber }
  /** Durable, answered by `transitionDone`, as are the next three. At most one is under way. */
  | { readonly kind: 'persist'; readonly transition: number; readonly promises: Promises }
  /** First write of an empty folder. */
  | {
      readonly kind: 'initialise';
      readonly transition: number;
      readonly promises: Promises;
      readonly entries: readonly Entry[];
    }
  | {
      readonly kind: 'switchLog';
      readonly transition: number;
      readonly promises: Promises;
      readonly from: OpNumber;
      readonly entries: readonly Entry[];
      readonly salvaged: readonly OutboxItem[];
    }
  | {
      readonly kind: 'installCheckpoint';
      readonly transition: number;
      readonly promises: Promises;
      readonly offer: CheckpointOffer;
      readonly entries: readonly Entry[];
      readonly salvaged: readonly OutboxItem[];
    }
  /** A checkpoint is about to be received: of what was staged before, the first bytes of these files stay, the rest goes. */
  | { readonly kind: 'beginStaging'; readonly kept: ReadonlyMap<string, number> }
  /** Not durable on its own: keep a received piece of a checkpoint. */
  | { readonly kind: 'stageChunk'; readonly file: string; readonly offset: number; readonly bytes: Uint8Array }
  /** Check what was staged; answered by `checkpointVerified`. */
  | { readonly kind: 'verifyStaged'; readonly offer: CheckpointOffer; readonly nonce: number }
  /** Read a piece of our checkpoint and send it to a peer as a `chunk`. */
  | {
      readonly kind: 'sendChunk';
      readonly to: ReplicaIndex;
      readonly checkpoint: OpNumber;
      readonly file: string;
      readonly offset: number;
      /** Bytes at most. */
      readonly length: number;
      readonly nonce: number;
    }
  /** Send our newest checkpoint's offer to a peer as `checkpointOffered` with these facts; nothing when there is none. */
  | {
      readonly kind: 'offerCheckpoint';
      readonly to: ReplicaIndex;
      readonly view: View;
      readonly logView: View;
      readonly nonce: number;
    }
  /** Make a checkpoint of the tables as they stand after this step. */
  | { readonly kind: 'checkpoint'; readonly head: CheckpointHead }
  /** Durable. Answered by `outboxAppended`, or by `outboxFull` where there is no room; nothing else waits for it. */
  | { readonly kind: 'appendOutbox'; readonly items: readonly OutboxItem[] }
  | { readonly kind: 'settleOutbox'; readonly requestIds: readonly string[] }
  /** The disk is sound but not what this replica promised by: end, and start again believing nothing of the folder. */
  | { readonly kind: 'distrust'; readonly why: string }
  | { readonly kind: 'reply'; readonly token: Token; readonly outcome: Outcome }
  /** A fact for the operator's log. */
  | { readonly kind: 'notice'; readonly notice: Notice };

/** Where a write stands (design 6, Receipt). */
export interface Receipt {
  /** 0: in no log yet, taken alone. */
  readonly op: OpNumber;
  /** The view in which it was executed. */
  readonly view: View;
  /** Disks known to hold it. */
  readonly copies: number;
  readonly committed: boolean;
  /** Empty where op is 0. */
  readonly chain: string;
}

/** What an answer to a read is based on (design 6, AsOf). */
export interface AsOf {
  readonly op: OpNumber;
  readonly view: View;
  /** Wall time at which this replica last knew itself level with the primary, ms since 1970; 0 for never. */
  readonly timeMs: number;
  /** Whether it is known to hold everything committed at that time and still hears the primary. */
  readonly complete: boolean;
}

/** What becomes of a write or a read. */
export type Outcome =
  | { readonly kind: 'written'; readonly reply: ServiceReply; readonly receipt: Receipt }
  | { readonly kind: 'read'; readonly answer: QueryAnswer; readonly asOf: AsOf }
  /** Definite: nothing was done. `primary` is where to ask instead, when known. */
  | { readonly kind: 'refused'; readonly refusal: Refusal; readonly primary: ReplicaIndex | undefined }
  /** Executed, on fewer disks than asked for in time; it may still reach them (WRITE_CONCERN_NOT_MET). */
  | { readonly kind: 'notMet'; readonly receipt: Receipt; readonly copiesNeeded: number }
  /** The view was left before the write was as durable as asked: ask again with the same id. */
  | { readonly kind: 'dropped' };

/** Facts the operator is told, each with the replica's view, op and commit added by the runtime. */
export type Notice =
  | { readonly kind: 'viewChangeBegun'; readonly view: View; readonly why: string }
  | { readonly kind: 'becamePrimary'; readonly view: View; readonly start: OpNumber }
  | { readonly kind: 'becameBackup'; readonly view: View; readonly primary: ReplicaIndex }
  | { readonly kind: 'resigned'; readonly view: View; readonly why: string }
  /** A switchover was refused, or the next primary did not get everything in time: the old one goes on. */
  | { readonly kind: 'switchoverGivenUp'; readonly to: ReplicaIndex; readonly why: string }
  /** Told by the runtime, as are the next two. */
  | { readonly kind: 'suspected' | 'unhealthy' | 'healthy'; readonly peer: ReplicaIndex }
  /** A peer ends on request, to be started again: told by the runtime instead of its being unhealthy. */
  | { readonly kind: 'restarting'; readonly peer: ReplicaIndex; readonly why: string }
  | { readonly kind: 'diskFull' | 'diskHasRoom' }
  /** The peer's log holds something else at `op`: it is not counted. */
  | { readonly kind: 'diverged'; readonly peer: ReplicaIndex; readonly op: OpNumber }
  | { readonly kind: 'readOnly'; readonly why: string }
  | { readonly kind: 'writable' }
  | { readonly kind: 'founded'; readonly clusterId: string; readonly replaced: readonly string[] }
  | { readonly kind: 'recovering'; readonly why: string }
  | { readonly kind: 'recovered'; readonly view: View }
  | { readonly kind: 'stateTransfer'; readonly from: ReplicaIndex; readonly op: OpNumber; readonly target: OpNumber }
  /** A checkpoint could not be written; the journal grows until one can. It is tried again. */
  | { readonly kind: 'checkpointPostponed'; readonly at: OpNumber; readonly why: string }
  | { readonly kind: 'salvaged'; readonly requestIds: readonly string[] }
  /** `otherKept`: of those, ids that stand for something else; `rejected`: those that could not be carried out. */
  | {
      readonly kind: 'outboxSettled';
      readonly requestIds: readonly string[];
      readonly otherKept: readonly string[];
      readonly rejected: readonly string[];
    }
  /** Without a majority this replica takes orders into its outbox from now on, or no longer does. */
  | { readonly kind: 'takingAlone' | 'noLongerAlone' }
  | { readonly kind: 'takenAlone'; readonly requestIds: readonly string[] }
  | { readonly kind: 'ignored'; readonly message: Message['kind']; readonly from: ReplicaIndex; readonly why: string };
