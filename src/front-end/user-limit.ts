import { refusal, type Refusal } from '../base/refusal.js';
import type { Clock } from '../ports/machine.js';
import type { UserLimit } from '../ports/front-end.js';

/** User codes remembered at most. */
const USERS_MAX = 100_000;

/** What a user limit is made of. */
export interface UserLimitOptions {
  /** Calls and orders of one user code on average, above 0. */
  readonly perUserPerSecond: number;
  /** At once after a pause, 1 or more. */
  readonly burst: number;
  readonly clock: Pick<Clock, 'monotonicMs'>;
  /** Default 100,000; for tests. */
  readonly usersMax?: number;
}

/** Parts of a millisecond that sums of fractions may be off. */
const ROUNDING_MS = 1e-6;

/**
 * A token bucket for each user code, kept as one number: the time at which the bucket would be full again if nothing more came (the
 * generic cell rate algorithm). The user asked least recently is forgotten where there are too many and begins again with a full
 * bucket, so that nobody's memory is filled by made-up codes. This is fairness among customers of one front end, no defence
 * against those who make up codes: a code is no secret.
 */
export class UserBuckets implements UserLimit {
  readonly #options: Required<UserLimitOptions>;
  /** Monotonic ms by user code, the one asked least recently first. */
  readonly #fullAtMs = new Map<string, number>();

  constructor(options: UserLimitOptions) {
    this.#options = { usersMax: USERS_MAX, ...options };
  }

  refusal(userCode: string | undefined): Refusal | undefined {
    if (userCode === undefined) return undefined;
    const { perUserPerSecond, burst, clock, usersMax } = this.#options;
    const nowMs = clock.monotonicMs();
    const eachMs = 1_000 / perUserPerSecond;
    const fullAtMs = Math.max(nowMs, this.#fullAtMs.get(userCode) ?? nowMs);
    const waitMs = fullAtMs - nowMs - (burst - 1) * eachMs;
    const isLetIn = waitMs <= ROUNDING_MS;
    // Maps keep the order of insertion.
    this.#fullAtMs.delete(userCode);
    this.#fullAtMs.set(userCode, isLetIn ? fullAtMs + eachMs : fullAtMs);
    if (this.#fullAtMs.size > usersMax) this.#forgetOldest();
    if (isLetIn) return undefined;
    const retryDelayMs = Math.ceil(waitMs - ROUNDING_MS);
    const message =
      `This user code asks more than ${perUserPerSecond} times a second. Nothing was done; send the same again, with the same id, ` +
      `in ${retryDelayMs} ms.`;
    return { ...refusal('RATE_LIMITED', message), retryDelayMs };
  }

  #forgetOldest(): void {
    for (const oldest of this.#fullAtMs.keys()) {
      this.#fullAtMs.delete(oldest);
      return;
    }
  }
}
