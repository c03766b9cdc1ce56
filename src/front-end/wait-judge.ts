/** Mean wait for the replicas that is put up with, ms: a tenth of the time that customers give a call by default. */
const WAIT_MS_TARGET = 500;
/** The wait is judged this often, ms: longer than most failovers take, which are no overload. */
const PERIOD_MS = 500;
/**
 * Calls that may be under way whatever the wait: enough to keep the replicas busy, and fewer would not shorten the wait where it is
 * disks or networks that are slow.
 */
const CALLS_FREE = 512;
/** Shortest and longest time after which a customer is told to come back, ms, and the steps between. */
const RETRY_MS = { min: 200, max: 2_000, step: 100 } as const;

/**
 * How many calls a front end may have under way so that they are answered in time: as many as are answered within the target wait,
 * answers per ms × target (Little's law), whatever the machines can do at the moment. While the wait is shorter that is more
 * than there are, and leaves room to grow. Nobody is let in on trust: a crowd that came at once, and waited in vain for its time
 * to be up, would leave nothing to judge by. Where nobody answers at all there is no primary, and what was found before stands.
 */
export class WaitJudge {
  #periodBegunMs: number;
  #answers = 0;
  #waitedMs = 0;
  #turnedAway = 0;
  #callsMax: number = CALLS_FREE;
  /** Answers per ms while the wait is over the target; undefined while it is not, for then they only tell how many asked. */
  #slowAnswersPerMs: number | undefined;
  #retryMs: number = RETRY_MS.min;

  constructor(nowMs: number) {
    this.#periodBegunMs = nowMs;
  }

  /** Calls under way at most. */
  get callsMax(): number {
    return this.#callsMax;
  }

  /** When a customer should come back, ms. */
  get retryMs(): number {
    return this.#retryMs;
  }

  /** How long a call waits behind so many others, ms; 0 while the wait is short. */
  waitMs(before: number): number {
    return this.#slowAnswersPerMs === undefined ? 0 : before / this.#slowAnswersPerMs;
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
    this.#judge(elapsedMs);
    this.#periodBegunMs = nowMs;
    this.#answers = 0;
    this.#waitedMs = 0;
    this.#turnedAway = 0;
  }

  #judge(elapsedMs: number): void {
    if (this.#answers === 0) return;
    // Those who come back are then about as many as those who are answered meanwhile.
    const retryMs = RETRY_MS.min * (this.#turnedAway / this.#answers);
    const inSteps = Math.ceil(retryMs / RETRY_MS.step) * RETRY_MS.step;
    this.#retryMs = Math.min(RETRY_MS.max, Math.max(RETRY_MS.min, inSteps));
    const answersPerMs = this.#answers / elapsedMs;
    this.#callsMax = Math.max(CALLS_FREE, Math.ceil(answersPerMs * WAIT_MS_TARGET));
    const isSlow = this.#waitedMs / this.#answers > WAIT_MS_TARGET;
    this.#slowAnswersPerMs = isSlow ? answersPerMs : undefined;
  }
}
