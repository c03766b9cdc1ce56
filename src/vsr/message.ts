import type { CheckpointOffer } from '../base/checkpoint.js';
import type { Chain, Entry } from '../base/entry.js';
import type { CommitNumber, OpNumber, ReplicaIndex, View } from '../base/numbers.js';

/**
 * What replicas say to each other. The network may lose, repeat, delay and reorder any of it. Every message of a view is
 * sent by a replica that has this view on disk (rule 1); README.md in this folder has the table of who sends what when.
 */
export type Message =
  | Prepare
  | PrepareOk
  | Heartbeat
  | HeartbeatOk
  | Alive
  | StartViewChange
  | DoViewChange
  | StartView
  | GetState
  | NewState
  | CheckpointOffered
  | GetChunk
  | Chunk
  | Recovery
  | RecoveryResponse
  | WantReplica
  | Claimed
  | Differs
  | Report
  | ReportResponse
  | SubmitOutbox;

/** Primary → backups: new entries (4.1, step 3). Entries are consecutive; there is at least one. */
export interface Prepare {
  readonly kind: 'prepare';
  readonly view: View;
  /** The op at which the view began: a log of this view reaches at least this far (rule 2 b). */
  readonly start: OpNumber;
  readonly commit: CommitNumber;
  readonly entries: readonly Entry[];
}

/** Backup → primary: everything up to `op` of this view's log is on my disk (4.1, step 4). Cumulative. */
export interface PrepareOk {
  readonly kind: 'prepareOk';
  readonly view: View;
  readonly op: OpNumber;
  /** Chain at `op`. */
  readonly chain: Chain;
}

/** Primary → backups: I am alive; what is committed (4.1, step 6); asks whether the view still stands (rule 9). */
export interface Heartbeat {
  readonly kind: 'heartbeat';
  readonly view: View;
  readonly start: OpNumber;
  readonly commit: CommitNumber;
  /** Chain at `commit`. */
  readonly commitChain: Chain;
  /** The primary's last op: a backup that holds less asks for the rest. */
  readonly op: OpNumber;
  /** Number of the round, rising; answered with the same number. */
  readonly round: number;
}

/** Replica → primary: I am in this view, not recovering; `op` is what my disk holds of its log, 0 before the switch. */
export interface HeartbeatOk {
  readonly kind: 'heartbeatOk';
  readonly view: View;
  readonly round: number;
  readonly op: OpNumber;
  /** Chain at `op`. */
  readonly chain: Chain;
}

/**
 * Member that is not the acting primary → everyone, every heartbeat: I am here, in this view. So each replica knows whether it
 * reaches a majority, also when the primary has just died, and who is behind learns of a later view.
 */
export interface Alive {
  readonly kind: 'alive';
  readonly view: View;
}

/** Everyone → everyone: a wish for view `view` by a replica that is durably in the view before (rule 3). */
export interface StartViewChange {
  readonly kind: 'startViewChange';
  readonly view: View;
}

/** Replica → primary of `view`: what my disk holds (4.2, step 2). `entries` reach from `suffix` to `op`. */
export interface DoViewChange {
  readonly kind: 'doViewChange';
  readonly view: View;
  readonly logView: View;
  readonly op: OpNumber;
  readonly commit: CommitNumber;
  /** Chain at `op`. */
  readonly chain: Chain;
  /** The end of the log, as much as fits; may be empty. The new primary asks for what is missing. */
  readonly suffix: LogSuffix;
}

/** Consecutive entries and the chain at the op before them. */
export interface LogSuffix {
  readonly after: OpNumber;
  readonly afterChain: Chain;
  readonly entries: readonly Entry[];
}

/** New primary → everyone: the view has begun with this log (4.2, step 4). */
export interface StartView {
  readonly kind: 'startView';
  readonly view: View;
  readonly start: OpNumber;
  readonly commit: CommitNumber;
  readonly suffix: LogSuffix;
}

/** Asks for the log after `after` (5.2). */
export interface GetState {
  readonly kind: 'getState';
  /** The view of the asker; for `recovering` askers and empty ones just a hint. */
  readonly view: View;
  /**
   * Whose log is wanted: `normal`, that of a normal replica of this view; `doViewChange`, that which the receiver stated
   * in its doViewChange of this view; `data`, anything committed, for a replica that is recovering or empty.
   */
  readonly purpose: 'normal' | 'doViewChange' | 'data';
  readonly after: OpNumber;
  /** The asker's chain at `after`: an answer continues it or says that it cannot. */
  readonly afterChain: Chain;
  readonly nonce: number;
}

/** The answer to getState: a piece of the log; the asker goes on asking until it reaches `op`. */
export interface NewState {
  readonly kind: 'newState';
  readonly view: View;
  /** The view whose log this is. */
  readonly logView: View;
  readonly start: OpNumber;
  readonly commit: CommitNumber;
  /** The sender's last op on disk. */
  readonly op: OpNumber;
  readonly suffix: LogSuffix;
  readonly nonce: number;
  /** Whether the cluster is founded: op 2 is in the sender's log (rule 8). */
  readonly isFounded: boolean;
}

/** The answer to getState when the log no longer reaches back that far: take this checkpoint first. */
export interface CheckpointOffered {
  readonly kind: 'checkpointOffered';
  readonly view: View;
  readonly logView: View;
  readonly nonce: number;
  readonly offer: CheckpointOffer;
}

/** Asks for bytes of a checkpoint's file. */
export interface GetChunk {
  readonly kind: 'getChunk';
  readonly checkpoint: OpNumber;
  readonly file: string;
  readonly offset: number;
  readonly nonce: number;
}

/** Bytes of a checkpoint's file; `isGone` when that checkpoint is no longer kept. */
export interface Chunk {
  readonly kind: 'chunk';
  readonly checkpoint: OpNumber;
  readonly file: string;
  readonly offset: number;
  readonly bytes: Uint8Array;
  readonly isGone: boolean;
  readonly nonce: number;
}

/** Recovering replica → everyone: I have forgotten my promises; where are you? (4.3, rule 7) */
export interface Recovery {
  readonly kind: 'recovery';
  readonly nonce: number;
}

/** Non-recovering replica → recovering one: my durable view. */
export interface RecoveryResponse {
  readonly kind: 'recoveryResponse';
  readonly nonce: number;
  readonly view: View;
}

/** Nearly level recovering replica → primary: make a new view that I may join (rule 7). */
export interface WantReplica {
  readonly kind: 'wantReplica';
  /** The view must be above this one. */
  readonly above: View;
  readonly op: OpNumber;
}

/**
 * Replica → one that now says less: this is the most you told me of your disk (rule 6). It stays true however late it comes;
 * the receiver compares it with its own disk.
 */
export interface Claimed {
  readonly kind: 'claimed';
  readonly view: View;
  readonly logView: View;
  /** Of the log of `logView`. */
  readonly op: OpNumber;
}

/** At `op` my log has this chain, and yours another. Primary → backup, of a majority; asked replica → asker of state. */
export interface Differs {
  readonly kind: 'differs';
  readonly view: View;
  readonly op: OpNumber;
  readonly chain: Chain;
  /** A majority's logs have that chain; absent: the sender's, as far as it knows. */
  readonly ofMajority?: true;
}

/** Empty replica → everyone: is your folder empty too? (rule 8) */
export interface Report {
  readonly kind: 'report';
  readonly nonce: number;
}

/** What a folder holds, in answer to a report. */
export interface ReportResponse {
  readonly kind: 'reportResponse';
  readonly nonce: number;
  readonly isEmpty: boolean;
  /** Whether its log holds op 2: then whoever is empty has been wiped (rule 7). */
  readonly isFounded: boolean;
}

/** Backup → primary: orders from my outbox, to be executed (design 5). Each is an OutboxItem as JSON text. */
export interface SubmitOutbox {
  readonly kind: 'submitOutbox';
  readonly view: View;
  readonly items: readonly string[];
}

/** A message on its way: what every message carries besides itself (rule 8). */
export interface Envelope {
  readonly from: ReplicaIndex;
  /** Empty while the sender's folder is. */
  readonly clusterId: string;
  readonly message: Message;
}
