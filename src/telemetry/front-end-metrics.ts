import { Distribution, Tally } from '../base/distribution.js';
import type { CallMeter } from '../ports/meters.js';
import { DURATION_BOUNDS_MS, Metrics, type Sample } from './metrics.js';

const MS_PER_S = 1_000;
/** Reasons of refusals that keep a busy front end quick for the rest. */
const SHED = ['OVERLOADED', 'RATE_LIMITED'];
/** How orders come in. */
const ORDERS = ['MakeOrder', 'MakeOrders'];

interface MethodCounts {
  readonly outcomes: Tally;
  readonly ms: Distribution;
}

/** Counts customers' calls and orders. */
export class FrontEndCounts implements CallMeter {
  readonly #methods = new Map<string, MethodCounts>();

  settled(method: string, outcome: string, ms: number): void {
    let counts = this.#methods.get(method);
    if (counts === undefined) {
      counts = { outcomes: new Tally(), ms: new Distribution(DURATION_BOUNDS_MS) };
      this.#methods.set(method, counts);
    }
    counts.outcomes.add(outcome);
    counts.ms.observe(ms);
  }

  /** Each method called so far, with its counts. */
  methods(): (readonly [string, MethodCounts])[] {
    return [...this.#methods];
  }
}

/** Where a front end's numbers come from. */
export interface FrontEndSources {
  readonly id: string;
  readonly version: string;
  readonly counts: FrontEndCounts;
  whyNotReady(): readonly string[];
  readonly router: { readonly callsInFlight: number; readonly callsParked: number; readonly retries: number };
  readonly admission: { readonly waiting: number };
  readonly streams: { readonly orders: number; readonly watches: number };
  /** Replicas by id, and whether each can be reached. */
  reachable(): readonly (readonly [id: string, isUp: boolean])[];
}

/** A front end's metrics. */
export function frontEndMetrics(sources: FrontEndSources): Metrics {
  const metrics = new Metrics();
  const { id, version, counts, router, admission } = sources;
  const outcomes = (): (readonly [method: string, outcome: string, count: number])[] =>
    counts
      .methods()
      .flatMap(([method, { outcomes: tally }]) =>
        tally.entries().map(([outcome, count]) => [method, outcome, count] as const),
      );

  metrics.gauge('info', 'What this process is; always 1.', () => [[{ id, kind: 'front-end', version }, 1]]);
  metrics.gauge('ready', 'Whether customers are served here (as /readyz).', () =>
    sources.whyNotReady().length === 0 ? 1 : 0,
  );
  metrics.gauge('replica_reachable', 'Whether a stream to the replica is open.', () =>
    sources.reachable().map(([replica, isUp]): Sample => [{ replica }, isUp ? 1 : 0]),
  );
  metrics.gauge('calls_in_flight', 'Calls and orders on their way to a replica.', () => router.callsInFlight);
  metrics.gauge('queue_length', 'Calls that wait to be let in, or for a primary to be found.', () => [
    [{ queue: 'admission' }, admission.waiting],
    [{ queue: 'parked' }, router.callsParked],
  ]);
  metrics.gauge('streams', 'Open streams of customers.', () => [
    [{ kind: 'orders' }, sources.streams.orders],
    [{ kind: 'watches' }, sources.streams.watches],
  ]);

  metrics.counter('calls_total', "Customers' calls, and orders of streams, by method and outcome.", () =>
    outcomes().map(([method, outcome, count]): Sample => [{ method, outcome }, count]),
  );
  metrics.counter('orders_total', 'Orders by outcome, unary and of streams.', () => {
    const orders = new Tally();
    orders.add('ok', 0);
    for (const [method, outcome, count] of outcomes()) if (ORDERS.includes(method)) orders.add(outcome, count);
    return orders.entries().map(([outcome, count]): Sample => [{ outcome }, count]);
  });
  metrics.counter('shed_calls_total', 'Calls and orders turned away without a look, by reason.', () =>
    SHED.map((reason): Sample => {
      const shed = outcomes().filter(([, outcome]) => outcome === reason);
      return [{ reason }, shed.reduce((sum, [, , count]) => sum + count, 0)];
    }),
  );
  metrics.counter('retries_total', 'Times a call was sent to a replica again, or to another.', () => router.retries);
  metrics.histogram('call_seconds', 'From the arrival of a call or order to its answer.', MS_PER_S, () =>
    counts.methods().map(([method, { ms }]) => [{ method }, ms] as const),
  );
  return metrics;
}
