import type { Timers } from '../../ports/machine.js';
import { NoticeError, type Notice, type NoticeWay } from '../../ports/events.js';

/** ms before the second attempt; doubled with each to the longest. */
const BACKOFF_MIN_MS = 500;
const BACKOFF_MAX_MS = 60_000;
/** Attempts at most: with these pauses about an hour and a half. */
const ATTEMPTS_MAX = 100;
/** Attempts of what is refused as it is, so that it does not hold up what is behind it for long. */
const REFUSED_ATTEMPTS_MAX = 6;
/** Notices that wait; beyond, new ones are given up. */
const WAITING_MAX = 1_000;

/** What becomes of a notice: taken, or given up and why; `stopped` when the process ends first. */
export type Delivered =
  { readonly kind: 'taken' } | { readonly kind: 'givenUp'; readonly why: string } | { readonly kind: 'stopped' };

/** Tells notices on one way, one after the other in their order, each again until it is taken or given up. */
export class Delivery {
  readonly #stopped = new AbortController();
  #last: Promise<unknown> = Promise.resolve();
  #waiting = 0;

  constructor(
    readonly way: NoticeWay,
    private readonly timers: Timers,
  ) {}

  /** Never rejects. */
  async tell(notice: Notice): Promise<Delivered> {
    if (this.#waiting >= WAITING_MAX) return { kind: 'givenUp', why: `${WAITING_MAX} notices wait already` };
    this.#waiting++;
    const told = this.#last.then(() => this.#tryUntilTaken(notice));
    this.#last = told;
    const outcome = await told;
    this.#waiting--;
    return outcome;
  }

  /** Ends what is under way; nothing more is told. */
  stop(): void {
    this.#stopped.abort();
    this.way.close();
  }

  async #tryUntilTaken(notice: Notice): Promise<Delivered> {
    const { signal } = this.#stopped;
    for (let attempt = 1, pauseMs = BACKOFF_MIN_MS; ; attempt++, pauseMs = Math.min(BACKOFF_MAX_MS, pauseMs * 2)) {
      if (signal.aborted) return { kind: 'stopped' };
      try {
        await this.way.send(notice, signal);
        return { kind: 'taken' };
      } catch (error) {
        const isRefused = error instanceof NoticeError && error.isRefused;
        const why = error instanceof Error ? error.message : String(error);
        if (attempt >= (isRefused ? REFUSED_ATTEMPTS_MAX : ATTEMPTS_MAX)) return { kind: 'givenUp', why };
      }
      await this.#pause(pauseMs);
    }
  }

  #pause(ms: number): Promise<void> {
    const { signal } = this.#stopped;
    return new Promise((resolve) => {
      const end = (): void => {
        cancel();
        signal.removeEventListener('abort', end);
        resolve();
      };
      const cancel = this.timers.after(ms, end);
      signal.addEventListener('abort', end);
    });
  }
}
