/** When a process is given up: this many deaths within this time. */
export const DEATHS_MAX = 5;
/** ms in which deaths are counted together. */
export const DEATHS_WITHIN_MS = 30_000;

/** ms between the first death and the next start. */
export const BACKOFF_MIN_MS = 100;
const BACKOFF_MAX_MS = 2_000;

/** What to do after a death. */
export type AfterDeath = { readonly kind: 'restart'; readonly afterMs: number } | { readonly kind: 'giveUp' };

/** Remembers the deaths of one process and decides whether, and when, it is started again. */
export class DeathRecord {
  #deaths: number[] = [];

  /** `deathsMax`: deaths within 30 s after which it is given up, from 1; `backoffMaxMs`: the longest pause, from 100. */
  constructor(
    readonly deathsMax = DEATHS_MAX,
    readonly backoffMaxMs = BACKOFF_MAX_MS,
  ) {}

  /** Decides after a death at `nowMs` (monotonic): 100 ms, doubled with every recent death, to the longest pause; or no more. */
  afterDeath(nowMs: number): AfterDeath {
    this.#deaths = [...this.#deaths.filter((at) => nowMs - at < DEATHS_WITHIN_MS), nowMs];
    if (this.#deaths.length >= this.deathsMax) return { kind: 'giveUp' };
    return { kind: 'restart', afterMs: Math.min(this.backoffMaxMs, BACKOFF_MIN_MS * 2 ** (this.#deaths.length - 1)) };
  }
}
