import { assert } from '../base/assert.js';
import { refusal, type Refusal } from '../base/refusal.js';
import { uuidV7TimeMs } from './uuid.js';

/** Requests are remembered at least this long, by the time of their entries (rule 11). */
export const REMEMBERED_MS_MIN = 24 * 60 * 60 * 1000;
/** At least this many requests are remembered, however old (rule 11). */
export const REMEMBERED_COUNT_MIN = 1_000_000;
/** A UUIDv7 further ahead of the entry's time than this is refused (rule 11). */
export const AHEAD_MS_MAX = 5 * 60 * 1000;

/** What is remembered of a request: enough to recognise a repeat and to give it the same answer. */
export interface RememberedRequest<Answer> {
  /** Op of its entry. */
  readonly op: number;
  /** Time of its entry, ms since 1970. */
  readonly timeMs: number;
  /** Hash over what was asked. */
  readonly content: string;
  readonly answer: Answer;
}

/** A RequestTable as JSON holds it, oldest request first. */
export interface RequestTableSnapshot<Answer> {
  readonly horizonMs: number;
  readonly requests: readonly (readonly [id: string, op: number, timeMs: number, content: string, answer: Answer])[];
}

/**
 * Requests known by UUIDv7, as replicated state (rule 11). They are forgotten in op order once they are older than
 * 24 h and more than a million are held; `horizonMs` is the highest UUIDv7 time ever forgotten, so that whatever might
 * have been forgotten is refused by name and never executed twice.
 */
export class RequestTable<Answer> {
  /** In op order: a Map keeps the order of insertion. */
  #committed = new Map<string, RememberedRequest<Answer>>();
  readonly #speculative = new Map<string, RememberedRequest<Answer>>();
  #horizonMs = 0;

  /** `countMin` is lower than REMEMBERED_COUNT_MIN in tests only. */
  constructor(readonly countMin = REMEMBERED_COUNT_MIN) {}

  /** Highest UUIDv7 time ever forgotten, ms since 1970; 0 when nothing was. */
  get horizonMs(): number {
    return this.#horizonMs;
  }

  /** Committed requests that are remembered. */
  get count(): number {
    return this.#committed.size;
  }

  /** A remembered request, speculative ones included. */
  find(id: string): RememberedRequest<Answer> | undefined {
    return this.#speculative.get(id) ?? this.#committed.get(id);
  }

  /** Whether the request is part of committed state. */
  hasCommitted(id: string): boolean {
    return this.#committed.has(id);
  }

  /**
   * Why an id that is not remembered may not be executed at this time: REQUEST_TOO_OLD at or below the horizon,
   * REQUEST_IN_FUTURE more than 5 minutes ahead. `undefined` when it may.
   */
  refusalOf(id: string, nowMs: number): Refusal | undefined {
    const idMs = uuidV7TimeMs(id);
    if (idMs <= this.#horizonMs)
      return refusal(
        'REQUEST_TOO_OLD',
        'This request_id is too old to tell whether it was done before. Look at the present state; if it still needs doing, send it with a new UUIDv7.',
      );
    if (idMs > nowMs + AHEAD_MS_MAX)
      return refusal(
        'REQUEST_IN_FUTURE',
        'The time inside this request_id lies more than 5 minutes ahead. Set the clock of the machine that made it, then send it with a new UUIDv7.',
      );
    return undefined;
  }

  /** Remembers a request of an entry that is not committed yet. */
  speculate(id: string, request: RememberedRequest<Answer>): void {
    this.#speculative.set(id, request);
  }

  /** Forgets all that is not committed. */
  dropSpeculation(): void {
    this.#speculative.clear();
  }

  /** Remembers a request of a committed entry, and forgets what may be forgotten at its time. */
  commit(id: string, request: RememberedRequest<Answer>): void {
    assert(!this.#committed.has(id), 'a request is committed once');
    this.#speculative.delete(id);
    this.#committed.set(id, request);
    for (const [oldId, old] of this.#committed) {
      if (this.#committed.size <= this.countMin || old.timeMs >= request.timeMs - REMEMBERED_MS_MIN) return;
      this.#horizonMs = Math.max(this.#horizonMs, uuidV7TimeMs(oldId));
      this.#committed.delete(oldId);
    }
  }

  /** The committed table as JSON. */
  snapshot(): RequestTableSnapshot<Answer> {
    const requests = [...this.#committed].map(
      ([id, { op, timeMs, content, answer }]) => [id, op, timeMs, content, answer] as const,
    );
    return { horizonMs: this.#horizonMs, requests };
  }

  /** Replaces everything by a snapshot. */
  restore(snapshot: RequestTableSnapshot<Answer>): void {
    this.#speculative.clear();
    this.#horizonMs = snapshot.horizonMs;
    this.#committed = new Map(
      snapshot.requests.map(([id, op, timeMs, content, answer]) => [id, { op, timeMs, content, answer }]),
    );
  }
}
