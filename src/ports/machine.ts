/** Monotonic and wall time, both in milliseconds. */
export interface Clock {
  /** Never goes back; for time-outs and intervals. */
  monotonicMs(): number;
  /** Time since 1970, UTC; may jump. */
  wallMs(): number;
}

/** Timers of this process. Each call returns what cancels it; after that `run` is not called again. */
export interface Timers {
  /** Calls `run` once, `ms` from now. */
  after(ms: number, run: () => void): () => void;
  /** Calls `run` every `ms`. */
  every(ms: number, run: () => void): () => void;
}

/** Chance. */
export interface Random {
  /** 0 … 2^32 − 1. */
  next(): number;
}
