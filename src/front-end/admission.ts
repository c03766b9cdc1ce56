import { assert } from '../base/assert.js';
import { refusal, type Refusal } from '../base/refusal.js';
import type { Clock } from '../ports.js';
import type { AdmittedCall, CallAdmission, Decision } from '../ports/front-end.js';
import { WaitJudge } from './wait-judge.js';

/** Settings of an admission. */
export interface AdmissionOptions {
  readonly clock: Pick<Clock, 'monotonicMs'>;
  /** Runs a function once after some ms. Default: setTimeout. */
  readonly after?: (ms: number, run: () => void) => void;
  /** Calls let in and waiting at most. Default 8,192. */
  readonly callsMax?: number;
  /** Bytes of their requests at most. Default 64 MiB. */
  readonly bytesMax?: number;
}

const CALLS_MAX = 8_192;
const BYTES_MAX = 64 * 1024 * 1024;
/**
 * A call waits this long for a place, ms, and a quarter of its time at most; then it is turned away. Some get one meanwhile, and
 * who comes back at once, whatever it is told, does so once a second: refusing takes a third of what an order takes.
 */
const HOLD_MS = 1_000;
/** Calls that have waited long enough are looked for this often, ms. */
const SWEEP_MS = 20;
/**
 * … and so many are turned away in one go: a crowd that came together would else fill a whole turn of the event loop, come back
 * together, and the answers to those inside would wait behind it each time.
 */
const TURNED_AWAY_PER_SWEEP = 64;
/** Calls that are let in whatever time they have left. */
const FREE_OF_DEADLINE = 64;

interface Waiting {
  readonly bytes: number;
  readonly untilMs: number;
  readonly deadlineMs: number;
  readonly decide: (decision: Decision) => void;
}

const timeout = (ms: number, run: () => void): void => {
  // A process that ends need not wait for it: whoever waits for a place is cut off with his connection.
  setTimeout(run, ms).unref();
};

/**
 * Which calls a front end takes (decision 5), by number and bytes, and by time: only as many calls are let in as are
 * answered in time (WaitJudge). The others wait a moment for a place, in their order, and are
 * turned away. A call that was not let in has not been looked at, let alone sent anywhere.
 */
export class Admission implements CallAdmission {
  readonly #clock: Pick<Clock, 'monotonicMs'>;
  readonly #after: NonNullable<AdmissionOptions['after']>;
  readonly #callsMax: number;
  readonly #bytesMax: number;
  readonly #judge: WaitJudge;
  readonly #waiting = new Set<Waiting>();
  #inside = 0;
  #bytes = 0;
  #isSweepPlanned = false;
  /** One object for as long as customers are told the same: its status is made once. */
  #refusal: Refusal;

  constructor({ clock, after = timeout, callsMax = CALLS_MAX, bytesMax = BYTES_MAX }: AdmissionOptions) {
    this.#clock = clock;
    this.#after = after;
    this.#callsMax = callsMax;
    this.#bytesMax = bytesMax;
    this.#judge = new WaitJudge(clock.monotonicMs());
    this.#refusal = turnedAway(this.#judge.retryMs);
  }

  /** Calls let in that have not left. */
  get inside(): number {
    return this.#inside;
  }

  /** Calls that wait for a place. */
  get waiting(): number {
    return this.#waiting.size;
  }

  enter(bytes: number, leftMs: number, decide: (decision: Decision) => void): () => void {
    const now = this.#clock.monotonicMs();
    this.#judge.look(now);
    const isFull = this.#inside + this.#waiting.size >= this.#callsMax || !this.#hasBytes(bytes);
    if (isFull) {
      this.#turnAway(decide);
      return () => undefined;
    }
    this.#bytes += bytes;
    if (this.#waiting.size === 0 && this.#hasPlace(now + leftMs, now)) {
      decide(this.#letIn(bytes));
      return () => undefined;
    }
    const one: Waiting = { bytes, untilMs: now + Math.min(HOLD_MS, leftMs / 4), deadlineMs: now + leftMs, decide };
    this.#waiting.add(one);
    this.#planSweep();
    return () => {
      if (this.#waiting.delete(one)) this.#bytes -= bytes;
    };
  }

  /** Whether there is a place, and a call with this deadline would be answered in half of the time it has left. */
  #hasPlace(deadlineMs: number, now: number): boolean {
    if (this.#inside >= this.#judge.callsMax) return false;
    return this.#inside < FREE_OF_DEADLINE || this.#judge.waitMs(this.#inside) <= (deadlineMs - now) / 2;
  }

  /** One call alone may be larger than all together. */
  #hasBytes(bytes: number): boolean {
    return this.#bytes === 0 || this.#bytes + bytes <= this.#bytesMax;
  }

  #letIn(bytes: number): AdmittedCall {
    let forwardedMs: number | undefined;
    let isInside = true;
    this.#inside++;
    const leave = (): void => {
      if (!isInside) return;
      isInside = false;
      this.#inside--;
      this.#bytes -= bytes;
      this.#letInWaiting();
    };
    return {
      forwarded: () => {
        assert(forwardedMs === undefined, 'a call is forwarded once');
        forwardedMs = this.#clock.monotonicMs();
      },
      answered: () => {
        if (isInside && forwardedMs !== undefined) this.#judge.answered(this.#clock.monotonicMs() - forwardedMs);
        leave();
      },
      leave,
    };
  }

  #letInWaiting(): void {
    const now = this.#clock.monotonicMs();
    for (const one of this.#waiting) {
      if (this.#inside >= this.#judge.callsMax) return;
      if (!this.#hasPlace(one.deadlineMs, now)) continue;
      this.#waiting.delete(one);
      one.decide(this.#letIn(one.bytes));
    }
  }

  #turnAway(decide: (decision: Decision) => void): void {
    this.#judge.turnedAway();
    if (this.#refusal.retryDelayMs !== this.#judge.retryMs) this.#refusal = turnedAway(this.#judge.retryMs);
    decide(this.#refusal);
  }

  #planSweep(): void {
    if (this.#isSweepPlanned) return;
    this.#isSweepPlanned = true;
    this.#after(SWEEP_MS, () => {
      this.#isSweepPlanned = false;
      this.#sweep();
      if (this.#waiting.size > 0) this.#planSweep();
    });
  }

  #sweep(): void {
    const now = this.#clock.monotonicMs();
    this.#judge.look(now);
    this.#letInWaiting();
    let count = 0;
    for (const one of this.#waiting) {
      if (one.untilMs > now) continue;
      if (++count > TURNED_AWAY_PER_SWEEP) return;
      this.#waiting.delete(one);
      this.#bytes -= one.bytes;
      this.#turnAway(one.decide);
    }
  }
}

function turnedAway(retryDelayMs: number): Refusal {
  const message = `Too many calls are under way at this front end; nothing was done. Wait ${retryDelayMs} ms, then try again with the same id.`;
  return { ...refusal('OVERLOADED', message), retryDelayMs };
}
