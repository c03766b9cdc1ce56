/** Mean wait for the replicas that is put up with, ms: a tenth of the time that customers give a call by default. */
const WAIT_MS_TARGET = 500;
/** The wait is judged this often, ms: longer than most failovers take, which are no overload. */
const PERIOD_MS = 500;
/** Periods in a row with a longer wait before anybody is kept out for it. */
const PERIODS_MIN = 2;
/** Without a look for so many periods nothing is known any more. */
const PERIODS_KNOWN = 4;
/** Calls that are never kept out for the wait: fewer would not shorten it where it is disks or networks that are slow. */
const CALLS_FREE = 512;
/** Shortest and longest time after which a customer is told to come back, ms, and the steps between. */
const RETRY_MS = { min: 200, max: 2_000, step: 100 } as const;

/**
 * How many calls a front end may have under way so that they are answered in time. When the mean wait has been over the target
 * for two periods they are as many as are answered within the target: answers per ms × target (Little's law), whatever the
 * machines can do at the moment. Where nobody answers there is no primary: that is told in other words, and nothing is judged.
 */
export class WaitJudge {
  #periodBegunMs: number;
  #answers = 0;
  #waitedMs = 0;
  #turnedAway = 0;
  #periodsOver = 0;
  #limit: { readonly calls: number; readonly answersPerMs: number } | undefined;
  #retryMs: number = RETRY_MS.min;

  constructor(nowMs: number) {
    this.#periodBegunMs = nowMs;
  }

  /** Calls under way at most; Infinity while the wait is short. */
  get callsMax(): number {
    return this.#limit?.calls ?? Infinity;
  }

  /** When a customer should come back, ms. */
  get retryMs(): number {
    return this.#retryMs;
  }

  /** How long one call waits behind so many others, ms; 0 while the wait is short. */
  waitMs(before: number): number {
    return this.#limit === undefined ? 0 : before / this.#limit.answersPerMs;
  }

  /** A call was answered by replicas after so many ms. */
  answered(afterMs: number): void {
    this.#answers++;
    this.#waitedMs += afterMs;
  }

  turnedAway(): void {
    this.#turnedAway++;
  }

  /** Judges when a period is over; called with each call. */
  look(nowMs: number): void {
    const elapsedMs = nowMs - this.#periodBegunMs;
    if (elapsedMs < PERIOD_MS) return;
    if (elapsedMs > PERIODS_KNOWN * PERIOD_MS) this.#forget();
    else if (this.#answers > 0) this.#judge(elapsedMs);
    this.#periodBegunMs = nowMs;
    this.#answers = 0;
    this.#waitedMs = 0;
    this.#turnedAway = 0;
  }

  #judge(elapsedMs: number): void {
    const answersPerMs = this.#answers / elapsedMs;
    const isOver = this.#waitedMs / this.#answers > WAIT_MS_TARGET;
    this.#periodsOver = isOver ? this.#periodsOver + 1 : 0;
    const isLimited = this.#limit !== undefined && (isOver || this.#turnedAway > 0);
    const calls = Math.max(CALLS_FREE, Math.ceil(answersPerMs * WAIT_MS_TARGET));
    this.#limit = isLimited || this.#periodsOver >= PERIODS_MIN ? { calls, answersPerMs } : undefined;
    // Those who come back are then about as many as those who are answered meanwhile.
    const retryMs = RETRY_MS.min * (this.#turnedAway / this.#answers);
    const inSteps = Math.ceil(retryMs / RETRY_MS.step) * RETRY_MS.step;
    this.#retryMs = Math.min(RETRY_MS.max, Math.max(RETRY_MS.min, inSteps));
  }

  #forget(): void {
    this.#limit = undefined;
    this.#periodsOver = 0;
    this.#retryMs = RETRY_MS.min;
  }
}
