/** One flood, as the bench asks for it. */
export interface FloodOrder {
  readonly address: string;
  /**
   * `closed`: so many customers, each waiting for its answer before it orders again, refused or not, at once. `open`: so many
   * orders a second, whatever becomes of them; a refused one is not sent again.
   */
  readonly mode: 'closed' | 'open';
  /** Customers, or orders a second. */
  readonly load: number;
  /** TCP connections that they share; the front end allows 128 calls at once on each. */
  readonly connections: number;
  readonly warmUpMs: number;
  readonly measureMs: number;
}

/** What came of it. Counts are of the measured time, latencies in ms. */
export interface FloodResult {
  readonly elapsedMs: number;
  /** Calls sent. */
  readonly offered: number;
  /** Calls ended, by gRPC status; -1 for those that broke off. */
  readonly ended: Readonly<Record<string, number>>;
  /** Orders acknowledged in all, warm-up included. */
  readonly acknowledged: number;
  /** Of acknowledged orders. */
  readonly p50: number;
  readonly p99: number;
  readonly max: number;
  /** Of refused ones. */
  readonly refusedP50: number;
  readonly refusedP99: number;
  /** Most calls without an answer at once. */
  readonly inFlightMax: number;
}
