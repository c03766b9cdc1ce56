import type { EventKind, KnownNotice, ReplicaEvent, SharedNotice } from '../../ports/events.js';

/** ms for which a condition that only a peer has told of is believed: by then this replica has seen it too, or never will. */
const ADOPTED_MS = 60_000;
/** ms for which what nobody has told is kept after it has ended, for whoever becomes the one to tell. */
const KEPT_MS = 60_000;
/** The same where the beginning has been told, so that its end is too. */
const KEPT_TOLD_MS = 3_600_000;

/** Kinds that several replicas see, by what ends them. */
const END_OF = { unhealthy: 'healthy', 'read-only': 'writable' } as const satisfies Partial<
  Record<EventKind, EventKind>
>;
const BEGINNING_OF = { healthy: 'unhealthy', writable: 'read-only' } as const satisfies Partial<
  Record<EventKind, EventKind>
>;
type Beginning = keyof typeof END_OF;
type End = keyof typeof BEGINNING_OF;

const isBeginning = (kind: EventKind): kind is Beginning => kind in END_OF;
const isEnd = (kind: EventKind): kind is End => kind in BEGINNING_OF;

/** Whether a kind is seen by several replicas, of which one tells it. */
export const isShared = (kind: EventKind): boolean => isBeginning(kind) || isEnd(kind);

/** The telling of a beginning or an end. */
export interface Telling {
  readonly kind: Beginning | End;
  readonly subject: string;
  /** The same at all replicas as soon as one has begun to tell it. */
  key: string;
  /** As this replica saw it; `undefined` while only a peer has told of it. */
  event: ReplicaEvent | undefined;
  /** Who tells it, or told it last; empty: nobody yet. */
  by: string;
  stage: 'waiting' | 'asking' | 'sending';
  /** Ways on which it is settled: taken, or given up. */
  readonly settled: Set<string>;
  /** Not before this, monotonic ms: a peer is at it. */
  notBeforeMs: number;
}

/** Something that lasts, and that several replicas see. */
export interface Condition {
  readonly kind: Beginning;
  readonly subject: string;
  isOpen: boolean;
  /** When it ended, or was heard of from a peer; monotonic ms. */
  sinceMs: number;
  /** Only a peer has told of it so far. */
  isAdopted: boolean;
  /** The process before this one saw it. */
  isRestored: boolean;
  readonly beginning: Telling;
  end: Telling | undefined;
}

/** What the book is made of. */
export interface ConditionsOptions {
  readonly self: string;
  readonly replicaIds: readonly string[];
}

/**
 * What lasts and is seen by several replicas: that one is unhealthy, that orders are closed. Who tells people of it is decided elsewhere;
 * here is what has been seen, by whom it was told, and under which key. The key is the one of whoever tells it first; the others take
 * it over, so that a second telling, after a crash in between, can be known as such.
 */
export class Conditions {
  /** Oldest first; of one subject the last one counts, those before it are over and perhaps not told yet. */
  #all: Condition[] = [];

  constructor(private readonly options: ConditionsOptions) {}

  get all(): readonly Condition[] {
    return this.#all;
  }

  /** This replica has seen the beginning or the end of something. */
  note(event: ReplicaEvent, nowMs: number): void {
    const { kind, subject } = event;
    if (isBeginning(kind)) this.#begin(kind, event, nowMs);
    else if (isEnd(kind)) {
      const condition = this.#last(BEGINNING_OF[kind], subject);
      if (condition?.isOpen !== true) return;
      condition.isOpen = false;
      condition.isAdopted = false;
      condition.sinceMs = nowMs;
      condition.end ??= telling(kind, subject, endKey(condition));
      condition.end.event = event;
    }
  }

  #begin(kind: Beginning, event: ReplicaEvent, nowMs: number): void {
    const known = this.#last(kind, event.subject);
    if (known?.isOpen === true) {
      known.isAdopted = false;
      known.isRestored = false;
      known.beginning.event ??= event;
      return;
    }
    const key = `${kind}/${event.subject === '' ? event.replica : event.subject}/${event.time}`;
    const beginning = telling(kind, event.subject, key);
    beginning.event = event;
    this.#all.push(condition(kind, beginning, nowMs, false));
  }

  /** A peer says what it tells: noted, and answered with what is known here. */
  share(notice: SharedNotice, nowMs: number): KnownNotice {
    const { kind, subject } = notice;
    if (subject === this.options.self) return NOTHING;
    if (isBeginning(kind)) return this.#shareBeginning(kind, notice, nowMs);
    if (!isEnd(kind)) return NOTHING;
    const found = this.#all.find((one) => one.subject === subject && endKey(one) === notice.key);
    if (found === undefined) return NOTHING;
    found.end ??= telling(kind, subject, notice.key);
    return this.#meet(found.end, notice);
  }

  #shareBeginning(kind: Beginning, notice: SharedNotice, nowMs: number): KnownNotice {
    const { subject, key } = notice;
    const named = this.#all.find(({ beginning }) => beginning.key === key);
    if (named !== undefined) return this.#meet(named.beginning, notice);
    const last = this.#last(kind, subject);
    if (last?.isOpen === true) return this.#meet(last.beginning, notice);
    const adopted = condition(kind, telling(kind, subject, key), nowMs, true);
    this.#all.push(adopted);
    this.#meet(adopted.beginning, notice);
    return NOTHING;
  }

  #last(kind: Beginning, subject: string): Condition | undefined {
    return this.#all.findLast((one) => one.kind === kind && one.subject === subject);
  }

  /** Two tell of the same: who is at it goes on, of two who begin the first member does, and everybody knows where it was told. */
  #meet(own: Telling, { from, key, delivered }: SharedNotice): KnownNotice {
    const { self, replicaIds } = this.options;
    const isFirst = replicaIds.indexOf(self) < replicaIds.indexOf(from);
    const isMine = own.stage === 'sending' || (own.stage === 'asking' && isFirst);
    const known = [...own.settled];
    const answer =
      isMine || known.length > 0 ? { key: own.key, isMine, by: isMine ? self : own.by, delivered: known } : NOTHING;
    if (!isMine) {
      own.stage = 'waiting';
      // Who only asks learns from the answer who has told it.
      if (known.length === 0 || delivered.length > 0) {
        own.by = from;
        own.key = key;
      }
    }
    for (const way of delivered) own.settled.add(way);
    return answer;
  }

  /** Whether a key is that of something that this replica knows to be over. */
  isOver(key: string): boolean {
    return this.#all.some(({ isOpen, beginning }) => !isOpen && beginning.key === key);
  }

  /** At the start: the process before this one has told it, under this key. */
  noteTold({ key, subject: way, replica }: ReplicaEvent): void {
    const [kind, name] = key.split('/') as [EventKind, string];
    const beginningKind = isBeginning(kind) ? kind : isEnd(kind) ? BEGINNING_OF[kind] : undefined;
    if (beginningKind === undefined) return;
    const found = this.#last(beginningKind, beginningKind === 'unhealthy' ? name : '');
    const told = isBeginning(kind) ? found?.beginning : found?.end;
    if (told === undefined) return;
    told.key = key;
    told.by = replica;
    told.settled.add(way);
  }

  /** At the start, after all that was noted before: what lasts stays, and what has ended where its beginning was told from here. */
  keepRestored(isWorthTelling: (event: ReplicaEvent) => boolean): void {
    this.#all = this.#all.filter(({ isOpen, beginning, end }) => {
      if (isOpen) return true;
      return beginning.by !== '' && end?.event !== undefined && isWorthTelling(end.event);
    });
    for (const one of this.#all) one.isRestored = one.isOpen;
  }

  /**
   * Forgets what nobody will tell any more. `isSeenWell`: whether this replica itself sees that it is not so, by now: then what a peer
   * told is another matter than what may come.
   */
  forget(nowMs: number, isSeenWell: (condition: Condition) => boolean): void {
    this.#all = this.#all.filter((one) => {
      const ageMs = nowMs - one.sinceMs;
      if (one.isOpen) return !one.isAdopted || (ageMs <= ADOPTED_MS && !isSeenWell(one));
      if (one.isRestored && one.beginning.by === '') return false;
      if (one.beginning.stage !== 'waiting' || (one.end !== undefined && one.end.stage !== 'waiting')) return true;
      if (one.beginning.settled.size > 0) return ageMs <= KEPT_TOLD_MS;
      // Orders that were closed for the moment of a failover were not closed for anybody.
      return one.kind !== 'read-only' && ageMs <= KEPT_MS;
    });
  }
}

function condition(kind: Beginning, beginning: Telling, nowMs: number, isAdopted: boolean): Condition {
  const { subject } = beginning;
  return { kind, subject, isOpen: true, sinceMs: nowMs, isAdopted, isRestored: false, beginning, end: undefined };
}

function telling(kind: Telling['kind'], subject: string, key: string): Telling {
  return {
    kind,
    subject,
    key,
    event: undefined,
    by: '',
    stage: 'waiting',
    settled: new Set(),
    notBeforeMs: -Infinity,
  };
}

const NOTHING: KnownNotice = { key: '', isMine: false, by: '', delivered: [] };

/** The end is told under the name of its beginning. */
function endKey({ kind, beginning }: Condition): string {
  return END_OF[kind] + beginning.key.slice(kind.length);
}
