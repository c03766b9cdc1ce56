/** One measurement, as the bench asks the load generator for it. */
export interface LoadOrder {
  readonly address: string;
  /** `unary` (default): a call for each order. `stream`: all orders over one MakeOrders stream. */
  readonly workload?: 'unary' | 'stream';
  /** Customers at the same time, each waiting for its answer before it orders again; of a stream: orders without an answer. */
  readonly customers: number;
  readonly warmUpMs: number;
  readonly measureMs: number;
}

/** What came of it. Latencies in ms. */
export interface LoadResult {
  readonly orders: number;
  /** Calls that failed during the measurement, by message. */
  readonly failures: Readonly<Record<string, number>>;
  /** Orders acknowledged in all, warm-up included. */
  readonly acknowledged: number;
  readonly elapsedMs: number;
  readonly p50: number;
  readonly p99: number;
  readonly max: number;
}
