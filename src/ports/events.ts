/** What a replica tells its operators of. New kinds may come; none is renamed. */
export const EVENT_KINDS = [
  // The process.
  'started',
  'stopping',
  'crashed',
  // Peers, as this replica hears them.
  'restarting',
  'suspected',
  'unhealthy',
  'healthy',
  'diverged',
  // Views.
  'view-change',
  'became-primary',
  'became-backup',
  'resigned',
  'switchover-given-up',
  'founded',
  // Whether orders are taken.
  'read-only',
  'writable',
  'taking-alone',
  'no-longer-alone',
  // The outbox.
  'outbox-kept',
  'outbox-settled',
  // The folder and the disk.
  'damage',
  'repaired',
  'recovering',
  'recovered',
  'state-transfer',
  'checkpoint-postponed',
  'disk-full',
  'disk-has-room',
  'disk-failed',
  // People.
  'notified',
  'not-notified',
] as const;

/** One of them. */
export type EventKind = (typeof EVENT_KINDS)[number];

/** What happened, before it is known when and where. */
export interface EventFact {
  readonly kind: EventKind;
  /** Whom it is about when not the replica itself: a peer's id, for `notified` the way (`webhook`, `command`); may be empty. */
  readonly subject: string;
  /** For people, one line; may be empty. Nothing of customers and no secret is in it. */
  readonly reason: string;
}

/** Where a replica stood when something happened. */
export interface EventPlace {
  readonly view: number;
  /** Last op on its disk. */
  readonly op: number;
  readonly commit: number;
}

/** One event, as a replica keeps it: a line of its `events.jsonl`. */
export interface ReplicaEvent extends EventFact, EventPlace {
  /** Rises from event to event of one replica, also over restarts and over the loss of the file; not without gaps. */
  readonly number: number;
  /** RFC 3339, by the replica's own clock. */
  readonly time: string;
  /** Id of the replica that tells. */
  readonly replica: string;
  /** Names the notice of it that people get, the same each time it is told; empty: none, or not one of this replica's alone. */
  readonly key: string;
}

/** Text lines of a file that may be lost, and that cost nothing when the disk is full. */
export interface LineFile {
  /** What was there at the start, oldest first. */
  readonly lines: readonly string[];
  /** Writes a line when it can be written; never throws. */
  append(line: string): void;
  /** Resolves when nothing is being written any more. */
  idle(): Promise<void>;
}

/** A notice that is about to be told to people, or has been, as replicas say it to each other. */
export interface SharedNotice {
  /** Id of the replica that tells it. */
  readonly from: string;
  readonly kind: EventKind;
  readonly subject: string;
  readonly key: string;
  /** Ways on which it has been told. */
  readonly delivered: readonly string[];
}

/** What a peer knows of the same. */
export interface KnownNotice {
  /** Its key there; empty: nothing is known. */
  readonly key: string;
  /** Whether that peer is telling it now. */
  readonly isMine: boolean;
  /** Id of the replica that tells it, or told it last; empty: not known. */
  readonly by: string;
  readonly delivered: readonly string[];
}

/** What a replica's server needs for the operators' events. */
export interface OperatorEvents {
  /** Up to `limit` events after the one with this number, oldest first; the newest `limit` when it is 0. */
  list(after: number, limit: number): readonly ReplicaEvent[];
  /** A peer says what it tells people; what is known of it here. */
  share(notice: SharedNotice): KnownNotice;
}

/** Where a notice can be told. */
export type NoticeWayName = 'webhook' | 'command';

/** What to tell people of, and where. */
export interface NotifyConfiguration {
  /** http or https address that gets each notice as a POST of JSON. A secret: many services put one into it. */
  readonly webhook?: string;
  /** A program and its arguments, run without a shell; gets each notice as JSON on stdin. */
  readonly command?: readonly string[];
  readonly on: readonly EventKind[];
}

/** Kinds that people are told of unless the configuration says otherwise: what fails, what changes hands, what is well again. */
export const NOTIFIED_KINDS_DEFAULT = [
  'crashed',
  'unhealthy',
  'healthy',
  'diverged',
  'became-primary',
  'read-only',
  'writable',
  'taking-alone',
  'no-longer-alone',
  'outbox-kept',
  'outbox-settled',
  'damage',
  'repaired',
  'recovering',
  'recovered',
  'disk-full',
  'disk-has-room',
  'disk-failed',
] as const satisfies readonly EventKind[];

/** What people get: JSON with these fields, in these words. */
export interface Notice {
  /** The same each time the same is told: who gets it twice, after a crash, can know. */
  readonly key: string;
  readonly kind: EventKind;
  readonly time: string;
  /** Id of the replica that saw it. */
  readonly replica: string;
  readonly view: number;
  readonly op: number;
  readonly commit: number;
  readonly subject: string;
  readonly reason: string;
}

/** One way to people. */
export interface NoticeWay {
  readonly name: NoticeWayName;
  /** Tells once. Rejects with NoticeError when it was not taken; ends early when `signal` is aborted. */
  send(notice: Notice, signal: AbortSignal): Promise<void>;
  close(): void;
}

/** A notice was not taken. The message is for the operator's log and names no secret. */
export class NoticeError extends Error {
  override readonly name = 'NoticeError';
  constructor(
    message: string,
    /** Whether another attempt, of a notice as it is, has little hope. */
    readonly isRefused: boolean,
  ) {
    super(message);
  }
}
