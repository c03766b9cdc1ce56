/** What the customers of a measurement do; each has a file of its own, named in customers.ts. */
export type Calls =
  'order' | 'append' | 'put' | 'stream' | 'orders-of-user' | 'menu' | 'mix' | 'etcd-put' | 'postgres-insert';

/** Where customers call. */
export interface Target {
  /** HOST:PORT, one or more; connections take them in turn. */
  readonly addresses: readonly string[];
  /** Connections at least, 1 or more; default 1. PostgreSQL has one for each customer in any case. */
  readonly connections?: number;
}

/** One measurement, as the bench asks the load generator for it. */
export interface LoadOrder {
  readonly calls: Calls;
  readonly target: Target;
  /** Customers at the same time, each with `callsEach` calls at a time. */
  readonly customers: number;
  /** Calls that each of them has under way, 1 or more; default 1. */
  readonly callsEach?: number;
  /** Disks that every order or message asks for, `1` to `N`, `majority` or `all`; default: what the cluster's configuration says. */
  readonly writeConcern?: string;
  readonly warmUpMs: number;
  readonly measureMs: number;
  /** Calls a second of all customers together, at fixed times; default: each customer calls again when it has its answer. */
  readonly ratePerSecond?: number;
}

/** Latencies in ms at percentiles of the calls. */
export interface Percentiles {
  readonly p50: number;
  readonly p90: number;
  readonly p99: number;
  readonly p999: number;
  readonly max: number;
}

/** What came of a measurement. */
export interface LoadResult {
  /** Calls that succeeded during the measurement. */
  readonly calls: number;
  /** Calls that failed during the measurement, by message. */
  readonly failures: Readonly<Record<string, number>>;
  /** Calls at fixed times that still waited for a free customer at the end; their wait so far is in the latencies. */
  readonly unsent: number;
  /** Orders or messages acknowledged in all, warm-up and preparation included: so many must be found on disk. */
  readonly acknowledged: number;
  readonly elapsedMs: number;
  /** As measured; of calls at fixed times from the time at which they should have been sent. */
  readonly latency: Percentiles;
  /** Corrected for coordinated omission; the same as `latency` for calls at fixed times. */
  readonly corrected: Percentiles;
  /** The interval between calls of one customer that the correction expects, ms; 0 where nothing was corrected. */
  readonly expectedIntervalMs: number;
}

/** What the load generator tells while it works; `measured` goes out before connections are closed. */
export type LoadMessage =
  | { readonly kind: 'measuring' }
  | { readonly kind: 'measured' }
  | { readonly kind: 'result'; readonly result: LoadResult }
  | { readonly kind: 'failed'; readonly why: string };
