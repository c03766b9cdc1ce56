import type { OpNumber } from '../base/numbers.js';

/** Moments that are remembered; beyond, every second of the older half goes. */
const MOMENTS_MAX = 32_768;

interface Moment {
  readonly op: number;
  readonly wallMs: number;
}

/**
 * Up to which op the own disk was known to hold the log, and when: an upper bound for every op, exact to its fsync for recent ones. It is
 * in memory alone: of what was on disk before the process began only that is known.
 */
export class DurableTimes {
  /** Ops and times both rise. */
  #moments: Moment[] = [];

  /** Everything up to `op` is on the disk at this time. */
  note(op: OpNumber, wallMs: number): void {
    const last = this.#moments.at(-1);
    if (last !== undefined && op <= last.op) return;
    this.#moments.push({ op, wallMs: Math.max(wallMs, last?.wallMs ?? 0) });
    if (this.#moments.length > MOMENTS_MAX) this.#thin();
  }

  /** From `op` on the log on the disk was replaced: what was known of it counts no more. */
  forgetFrom(op: number): void {
    const cut = this.#moments.findIndex((moment) => moment.op >= op);
    if (cut < 0) return;
    const first = this.#moments[cut];
    this.#moments.length = cut;
    // What the first of them said of the ops before holds on.
    if (first !== undefined && op > 1 && (this.#moments.at(-1)?.op ?? 0) < op - 1)
      this.#moments.push({ op: op - 1, wallMs: first.wallMs });
  }

  /** Wall time at which the op was on the disk at the latest, ms since 1970; `undefined` when it is not known to be. */
  byMs(op: number): number | undefined {
    let low = 0;
    let high = this.#moments.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((this.#moments[middle]?.op ?? 0) < op) low = middle + 1;
      else high = middle;
    }
    return this.#moments[low]?.wallMs;
  }

  /** Of what goes, the next that stays tells a later time: still true. */
  #thin(): void {
    const half = this.#moments.length >> 1;
    this.#moments = this.#moments.filter((_, at) => at >= half || at % 2 === 1);
  }
}
