import type { CheckpointOffer } from '../base/checkpoint.js';
import type { Chain, Entry } from '../base/entry.js';
import {
  majorityOf,
  op,
  view,
  type CommitNumber,
  type OpNumber,
  type ReplicaIndex,
  type View,
} from '../base/numbers.js';
import type { OutboxItem, Service, ServiceReply, Table } from '../base/service.js';
import type { Effect, Notice } from './effect.js';
import type { Event, Now, ReadRequest, Token } from './event.js';
import { emptyLog, GENESIS, type Log } from './log.js';
import type { LogSuffix, Message } from './message.js';
import { StretchBytes } from './stretch-bytes.js';

/** What the core is told once. */
export interface CoreConfig {
  readonly self: ReplicaIndex;
  /** Ids in the order of their indexes; at least one. */
  readonly replicaIds: readonly string[];
  /** ms between a primary's heartbeats; 20 … 5,000. */
  readonly heartbeatMs: number;
  /** Replicas that must be reachable for writes: majority … N. Gates serving only (rule 12). */
  readonly quorum: number;
  /** Committed ops between checkpoints. */
  readonly checkpointIntervalOps: number;
  /** Bytes of rows between checkpoints, however few ops they are: bounds the log in memory. 32 MiB where not given. */
  readonly checkpointIntervalBytes?: number;
  /** Ops that may be executed and not yet committed; beyond, writes are refused as OVERLOADED. */
  readonly uncommittedOpsMax: number;
  /** Bytes of rows for which the same holds, 64 MiB where not given. */
  readonly uncommittedBytesMax?: number;
  /** Whether orders are taken into the outbox without a majority (`whenAlone: "keep-ordering"`); default false. */
  readonly takesAlone?: boolean;
  /** Bytes of rows in one message, 1 MiB where not given; at least one entry goes, however long. */
  readonly suffixBytesMax?: number;
  /** Bytes of a checkpoint's file in one message, 256 KiB where not given. */
  readonly chunkBytesMax?: number;
}

/** Where a replica stands. */
export type Status =
  /** In its view's normal case, or waiting for its primary. */
  | 'normal'
  /** It has left a view and waits for the log of the next (4.2, rule 2 b). */
  | 'view-change'
  /** It has forgotten promises: it does not vote (rule 7). */
  | 'recovering'
  /** Its folder is empty and the cluster may be new (rule 8). */
  | 'founding';

/** A write that was executed and waits for its disks. */
export interface Pending {
  readonly token: Token;
  readonly reply: ServiceReply;
  readonly copiesNeeded: number;
  readonly deadlineMs: number;
}

/** An order taken alone whose outbox row is on its way to disk, and who waits for that. */
export interface TakenAlone {
  readonly item: OutboxItem;
  readonly waiting: { readonly token: Token; readonly reply: ServiceReply }[];
}

/** A read that waits: for its round (linearizable) and for the tables to reach an op. */
export interface WaitingRead {
  readonly request: ReadRequest;
  /** Heartbeat round that must be answered by a majority; undefined for session and any. */
  readonly round: number | undefined;
  readonly minApplied: OpNumber;
}

/** A doViewChange as received; the sender's own is among them. */
export interface Vote {
  readonly from: ReplicaIndex;
  readonly logView: View;
  readonly op: OpNumber;
  readonly commit: CommitNumber;
  readonly chain: Chain;
  readonly suffix: LogSuffix;
}

/** The most that a peer said of its own disk since this process began (rule 6). */
export interface Claim {
  view: View;
  logView: View;
  /** Of the log of `logView`. */
  op: OpNumber;
}

/** State being fetched from a peer (rule 5); nothing of the log is touched until it is complete. */
export interface Fetch {
  readonly purpose: 'normal' | 'doViewChange' | 'data';
  /** Of a doViewChange: the vote whose log is fetched; better ones that come later change nothing. */
  readonly target: { readonly op: OpNumber; readonly chain: Chain } | undefined;
  /** The view of the asker, or the one it wants to join. */
  readonly view: View;
  from: ReplicaIndex;
  nonce: number;
  askedAtMs: number;
  /** Times the same piece was asked for. */
  asks: number;
  /** The entries in hand continue this. */
  after: OpNumber;
  afterChain: Chain;
  readonly entries: Entry[];
  checkpoint: FetchedCheckpoint | undefined;
}

/** Up to where a peer that copies this replica's state has it: what follows is what it asks for next. */
export interface Pin {
  readonly op: OpNumber;
  readonly untilMs: number;
}

/** A checkpoint on its way in: which file and byte comes next. */
export interface FetchedCheckpoint {
  /** Its head has the snapshots when all is verified. */
  offer: CheckpointOffer;
  fileIndex: number;
  offset: number;
  state: 'copying' | 'verifying' | 'verified';
}

/** What follows when the durable transition under way is on disk. */
export interface Transition {
  readonly number: number;
  readonly next: 'leftView' | 'becomePrimary' | 'joinView' | 'founded' | 'recoveryViewKept';
  /** A checkpoint that comes into force with it. */
  readonly installed: CheckpointOffer | undefined;
}

/** How the recovery of rule 7 stands. */
export interface RecoveryState {
  nonce: number;
  readonly answers: Map<ReplicaIndex, View>;
  /** Nothing in the folder can be kept: it is made anew. */
  isFolderLost: boolean;
  /** Whom data comes from: who has offered a checkpoint keeps the log after it. */
  source: ReplicaIndex | undefined;
  /** h + 1 once it is on disk: the replica is a member again only in a view above. */
  above: View | undefined;
}

/** The replica's whole state. Written only by the handlers in this folder. */
export interface State {
  readonly config: CoreConfig;
  readonly count: number;
  readonly majority: number;
  readonly services: ReadonlyMap<string, Service>;
  /** receipts.csv: view and chain of every committed op. */
  readonly receipts: Table;

  status: Status;
  clusterId: string;
  view: View;
  logView: View;
  log: Log;
  commit: CommitNumber;
  /** The services and tables hold everything up to here: min(commit, durable). */
  applied: OpNumber;
  /** The own journal holds everything up to here. */
  durable: OpNumber;
  /** The op at which the current view began; meaningful while logView = view. */
  start: OpNumber;

  transition: Transition | undefined;
  transitions: number;
  /** Events that came during a transition, in order. */
  readonly deferred: Event[];

  // As primary of `view`.
  /** What each replica's disk is known to hold of this view's log. */
  readonly acked: OpNumber[];
  readonly roundAnswered: number[];
  round: number;
  lastHeartbeatMs: number;
  readonly pending: Map<OpNumber, Pending[]>;
  /** How many of them wait for another number of copies than a majority. */
  pendingOddly: number;
  /** The view in which the office was given up, or in which it was held before a restart. */
  resigned: { readonly view: View; readonly why: string } | undefined;
  /** The office is about to be handed over: nothing new is executed until `to` has all of the log, or `giveUpMs` (monotonic). */
  switchover:
    { readonly to: ReplicaIndex; readonly why: string; readonly round: number; readonly giveUpMs: number } | undefined;
  /** Backups whose log was found to differ from this view's, each with the first op seen to; they are not counted. */
  readonly diverged: Map<ReplicaIndex, OpNumber>;
  /** Backups whose log was found to be this view's, each with the op up to which. */
  readonly agreed: Map<ReplicaIndex, OpNumber>;

  // Suspicion (rule 3).
  suspects: { readonly why: string } | undefined;
  readonly wishes: ({ readonly view: View; readonly atMs: number } | undefined)[];
  /** When each peer was last heard. */
  readonly heardMs: number[];
  /** The most that each peer said of its disk. */
  readonly claims: (Claim | undefined)[];
  /** When a peer that says less was last reminded of it. */
  readonly remindedMs: (number | undefined)[];
  /** When the primary of the view last showed that it acts as one. */
  primaryHeardMs: number;
  lastAliveMs: number;
  lastWishMs: number;
  lastTickMs: number;
  wasPaused: boolean;
  /** After a pause: until then wishes are not heard, they may be old. */
  listenUntilMs: number;
  /** When the view change under way is given up for the next; Infinity when none is. */
  viewChangeDeadlineMs: number;
  viewChangeAttempts: number;

  readonly votes: Map<ReplicaIndex, Vote>;
  fetch: Fetch | undefined;
  /** Fetches given up one after the other because no answer came in time. */
  fetchesInVain: number;
  /**
   * Bytes of growing files that are staged, of whichever checkpoint they came: a copy that was broken off, or whose checkpoint
   * is no longer kept where it came from, goes on here.
   */
  readonly staged: Map<string, number>;
  /** Peers that copy this replica's state, and how far they are. */
  readonly pins: Map<ReplicaIndex, Pin>;
  recovery: RecoveryState | undefined;
  founding: { nonce: number; readonly empty: Set<ReplicaIndex> } | undefined;

  readonly reads: WaitingRead[];
  /** Whether some of them could be answered and were too much for the last step. */
  areReadsDue: boolean;
  /** What outbox.csv holds, oldest first. Changed by held-items.ts alone. */
  outbox: OutboxItem[];
  /** The same by id. */
  readonly outboxById: Map<string, OutboxItem>;
  outboxSentMs: number;
  /** Items at the head of the outbox that were submitted last and are not settled. */
  outboxUnderWay: number;
  /** By id: orders taken alone that are not in `outbox` yet. */
  readonly takenAlone: Map<string, TakenAlone>;
  /** Since when fewer than a majority have been heard, or later after a pause of its own; undefined: not now. */
  belowMajoritySinceMs: number | undefined;
  /** The operator was told that orders are taken alone. */
  isAloneTold: boolean;
  /** Wall time when this replica last knew itself level with a live primary. */
  levelAtMs: number;
  isDiskFull: boolean;
  /** Wall time since which too few replicas are heard for writes; undefined while enough are. */
  quorumLostWallMs: number | undefined;

  /** Ops of the two newest checkpoints: the log in memory reaches back to the older. */
  checkpoints: { older: OpNumber; newest: OpNumber; isUnderWay: boolean };
  /** How much was committed since the newest checkpoint, and how much is not committed yet. */
  readonly bytes: { readonly sinceCheckpoint: StretchBytes; readonly uncommitted: StretchBytes };
}

/** A state before its `start`. */
export function newState(config: CoreConfig, services: ReadonlyMap<string, Service>, receipts: Table): State {
  const count = config.replicaIds.length;
  return {
    config,
    count,
    majority: majorityOf(count),
    services,
    receipts,
    status: 'founding',
    clusterId: '',
    view: view(0),
    logView: view(0),
    log: emptyLog(GENESIS),
    commit: op(0),
    applied: op(0),
    durable: op(0),
    start: op(0),
    transition: undefined,
    transitions: 0,
    deferred: [],
    acked: Array.from<OpNumber>({ length: count }).fill(op(0)),
    roundAnswered: Array.from<number>({ length: count }).fill(0),
    round: 0,
    lastHeartbeatMs: -Infinity,
    pending: new Map(),
    pendingOddly: 0,
    resigned: undefined,
    switchover: undefined,
    diverged: new Map(),
    agreed: new Map(),
    suspects: undefined,
    wishes: Array.from<undefined>({ length: count }).fill(undefined),
    heardMs: Array.from<number>({ length: count }).fill(-Infinity),
    claims: Array.from<undefined>({ length: count }).fill(undefined),
    remindedMs: Array.from<undefined>({ length: count }).fill(undefined),
    primaryHeardMs: -Infinity,
    lastAliveMs: -Infinity,
    lastWishMs: -Infinity,
    lastTickMs: -Infinity,
    wasPaused: false,
    listenUntilMs: -Infinity,
    viewChangeDeadlineMs: Infinity,
    viewChangeAttempts: 0,
    votes: new Map(),
    fetch: undefined,
    fetchesInVain: 0,
    staged: new Map(),
    pins: new Map(),
    recovery: undefined,
    founding: undefined,
    reads: [],
    areReadsDue: false,
    outbox: [],
    outboxById: new Map(),
    outboxSentMs: -Infinity,
    outboxUnderWay: 0,
    takenAlone: new Map(),
    belowMajoritySinceMs: undefined,
    isAloneTold: false,
    levelAtMs: 0,
    isDiskFull: false,
    quorumLostWallMs: undefined,
    checkpoints: { older: op(0), newest: op(0), isUnderWay: false },
    bytes: { sinceCheckpoint: new StretchBytes(), uncommitted: new StretchBytes() },
  };
}

/** One step under way: the state, the time, and what is to be done. */
export interface Step {
  readonly state: State;
  readonly now: Now;
  readonly effects: Effect[];
}

/** Sends `message` to `to`. */
export function send(step: Step, to: ReplicaIndex, message: Message): void {
  step.effects.push({ kind: 'send', to, message });
}

/** Sends `message` to every other replica. */
export function broadcast(step: Step, message: Message): void {
  for (const peer of peersOf(step.state)) send(step, peer, message);
}

/** Tells the operator. */
export function notice(step: Step, fact: Notice): void {
  step.effects.push({ kind: 'notice', notice: fact });
}

/** Every replica but this one. */
export function peersOf(state: State): ReplicaIndex[] {
  const peers: ReplicaIndex[] = [];
  for (let index = 0; index < state.count; index++) if (index !== state.config.self) peers.push(index as ReplicaIndex);
  return peers;
}

/** The primary of a view (section 4: the replica `view mod N`). */
export const primaryOf = (state: State, of: View): ReplicaIndex => (of % state.count) as ReplicaIndex;

/** Whether this replica acts as primary: its view stands, its log is that view's, and it has not given up. */
export const actsAsPrimary = (state: State): boolean =>
  state.status === 'normal' &&
  state.logView === state.view &&
  primaryOf(state, state.view) === state.config.self &&
  state.resigned?.view !== state.view;

/** Whether this replica is a backup in its view's normal case. */
export const isBackup = (state: State): boolean =>
  state.status === 'normal' && state.logView === state.view && primaryOf(state, state.view) !== state.config.self;

/** Begins a durable transition; everything but time and disk waits until it is done. */
export function beginTransition(step: Step, next: Transition['next'], installed?: CheckpointOffer): number {
  const { state } = step;
  const number = ++state.transitions;
  state.transition = { number, next, installed };
  return number;
}

/** Of what each replica has, the value that at least `k` of them reach; 0 < k <= N. */
export function reachedBy(values: readonly number[], k: number): number {
  const sorted = [...values].sort((a, b) => b - a);
  return sorted[k - 1] ?? 0;
}
