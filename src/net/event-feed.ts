import type { Refusal } from '../base/refusal.js';
import type { CallRouter, RoutedReply } from '../ports/front-end.js';
import type { ListEventsRequest } from './generated/justhungry/v1/ListEventsRequest.js';
import type { ListEventsResponse__Output } from './generated/justhungry/v1/ListEventsResponse.js';
import { pause, reasonOf } from './pause.js';
import { messageCodec } from './proto-files.js';

/** Events in one answer at most: even the largest orders stay far below the largest message. */
const EVENTS_MAX = 200;
/** A question for events that are still to come waits at the replica for this long, ms. */
const LONG_POLL_MS = 5000;
/** A question for events that are there may take this long, ms. */
const QUERY_MS = 2000;
/** Wait after a question that could not be answered, ms. */
const RETRY_MS = 100;
/** The last events are kept for watchers that are a little behind. */
const KEPT_EVENTS_MAX = 2000;

const requestCodec = messageCodec<ListEventsRequest, unknown>('justhungry.v1.ListEventsRequest');
const responseCodec = messageCodec<never, ListEventsResponse__Output>('justhungry.v1.ListEventsResponse');

/** A committed event: its op and the serialized WatchOrdersResponse. */
export interface FeedEvent {
  readonly op: number;
  readonly userCode: string;
  readonly response: Buffer;
}

/** A stretch of events: all with an op from the one asked for up to, and without, `nextOp`. */
export interface FeedPage {
  readonly events: readonly FeedEvent[];
  readonly nextOp: number;
}

/** A watcher at the end of the log. */
interface Waiting {
  readonly userCode: string | undefined;
  /** `from`: the op of the first event that may concern it. */
  readonly wake: (from?: number) => void;
}

interface QueriedPage extends FeedPage {
  /** Whether the op asked for lies beyond what the replica has, and is not its next one. */
  readonly isAhead: boolean;
}

/** The question was answered with a refusal that asking again would not change. */
export class FeedRefusedError extends Error {
  override readonly name = 'FeedRefusedError';
  constructor(readonly refusal: Refusal) {
    super(refusal.message);
  }
}

/**
 * Committed events for any number of watchers. Whoever is behind reads the past for itself; those at the end share one
 * question to the replicas, which waits there for the next op (long poll). Each watcher keeps its own position, so that it
 * sees each event once whatever replica answers.
 */
export class EventFeed {
  readonly #router: CallRouter;
  readonly #wallMs: () => number;
  /** Events with #from <= op < #next. */
  #kept: FeedEvent[] = [];
  #from = 0;
  #next = 0;
  readonly #waiting = new Set<Waiting>();
  #isPolling = false;

  constructor(router: CallRouter, wallMs: () => number) {
    this.#router = router;
    this.#wallMs = wallMs;
  }

  /**
   * The events from op `from` on, of one user or all; waits until there is something new. Throws FeedRefusedError, and
   * the signal's reason when that is aborted.
   */
  async next(from: number, userCode: string | undefined, signal: AbortSignal): Promise<FeedPage> {
    let position = from;
    for (;;) {
      signal.throwIfAborted();
      if (position >= this.#from && position < this.#next) return this.#keptPage(position, userCode);
      if (position === this.#next && this.#isPolling) {
        position = (await this.#change(userCode, signal)) ?? position;
        continue;
      }
      // Where the feed has been, there is something: no answer of a replica that lags.
      let page = await this.#query(position, userCode, position < this.#next ? position : 0, QUERY_MS);
      // An op that is far from there yet, or a replica that lags: this question waits for the op alone.
      if (page?.isAhead === true) page = await this.#query(position, userCode, position, LONG_POLL_MS);
      if (page === undefined) await pause(RETRY_MS, signal);
      else if (page.nextOp > position) return page;
      else if (!page.isAhead) this.#followFrom(position);
    }
  }

  #keptPage(position: number, userCode: string | undefined): FeedPage {
    // From the end: most watchers miss the last few only, and there may be thousands of them.
    let first = this.#kept.length;
    while (first > 0 && (this.#kept[first - 1]?.op ?? 0) >= position) first--;
    const events = this.#kept.slice(first).filter((event) => isOf(event, userCode));
    return { events, nextOp: this.#next };
  }

  /** The end of the log is here: the shared question goes on from it. */
  #followFrom(position: number): void {
    if (position !== this.#next) {
      this.#kept = [];
      this.#from = position;
      this.#next = position;
      for (const { wake } of this.#waiting) wake();
    }
    if (this.#isPolling) return;
    this.#isPolling = true;
    void this.#poll();
  }

  /** Runs while somebody waits. Never rejects: what cannot be answered now is asked again. */
  async #poll(): Promise<void> {
    // Whoever began it waits after this turn.
    await Promise.resolve();
    while (this.#waiting.size > 0) {
      const asked = this.#next;
      const page = await this.#query(asked, undefined, asked, LONG_POLL_MS).catch(() => undefined);
      if (page === undefined) await pause(RETRY_MS, undefined);
      else if (asked === this.#next && page.nextOp > asked) this.#keep(asked, page);
    }
    this.#isPolling = false;
  }

  #keep(asked: number, { events, nextOp }: FeedPage): void {
    this.#kept.push(...events);
    this.#next = nextOp;
    if (this.#kept.length > KEPT_EVENTS_MAX) {
      this.#kept = this.#kept.slice(-KEPT_EVENTS_MAX);
      this.#from = this.#kept[0]?.op ?? nextOp;
    }
    // Of a thousand watchers of their own orders few are concerned: the others sleep on.
    const users = new Set(events.map(({ userCode }) => userCode));
    const concerned = [...this.#waiting].filter(({ userCode }) => userCode === undefined || users.has(userCode));
    for (const { wake } of concerned) wake(asked);
  }

  /**
   * Resolves when there is an event for this user (or any), with the op from which it is to be looked for: before that there is
   * none; or with nothing when the feed goes on from elsewhere.
   */
  #change(userCode: string | undefined, signal: AbortSignal): Promise<number | undefined> {
    return new Promise((resolve, reject) => {
      const end = (): void => {
        this.#waiting.delete(waiting);
        signal.removeEventListener('abort', abort);
      };
      const wake = (from?: number): void => {
        end();
        resolve(from);
      };
      const waiting = { userCode, wake };
      const abort = (): void => {
        end();
        reject(reasonOf(signal));
      };
      this.#waiting.add(waiting);
      signal.addEventListener('abort', abort);
    });
  }

  /** One question; `undefined` when no replica could answer it in time. */
  async #query(
    fromOp: number,
    userCode: string | undefined,
    minOp: number,
    waitMs: number,
  ): Promise<QueriedPage | undefined> {
    const filter = userCode === undefined ? {} : { user_code: userCode };
    const payload = requestCodec.write({ from_op: fromOp, limit: EVENTS_MAX, min_op: minOp, ...filter });
    const deadlineWallMs = this.#wallMs() + waitMs;
    const call = {
      method: 'ListEvents',
      payload,
      deadlineWallMs,
      isStaff: true,
      target: 'any',
      isWrite: false,
    } as const;
    const reply = await new Promise<RoutedReply>((resolve) => this.#router.route(call, resolve));
    if (reply.kind === 'refused') {
      if (reply.refusal.reason === 'INVALID_FIELD') throw new FeedRefusedError(reply.refusal);
      return undefined;
    }
    const { payload: bytes } = reply;
    const { events, next_op, as_of_op } = responseCodec.read(
      Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength),
    );
    return {
      events: events.map(({ op, user_code, response }) => ({ op, userCode: user_code, response })),
      // Without progress all of the replica's state was looked at, entries of the core included, which are no events.
      nextOp: next_op === fromOp ? Math.max(fromOp, as_of_op + 1) : next_op,
      isAhead: as_of_op + 1 < fromOp,
    };
  }
}

const isOf = (event: FeedEvent, userCode: string | undefined): boolean =>
  userCode === undefined || event.userCode === userCode;
