import { collectDefaultMetrics, type Metric, Registry } from 'prom-client';
import type { Distribution } from '../base/distribution.js';

/** Labels of a value, by name. */
export type Labels = Readonly<Record<string, string>>;

/** A value with its labels. */
export type Sample = readonly [labels: Labels, value: number];

/** Upper bounds of the ranges of durations, in ms: from a fast disk's fsync to a customer's deadline. */
export const DURATION_BOUNDS_MS = [0.5, 1, 2, 5, 10, 20, 50, 100, 200, 500, 1_000, 2_000, 5_000];
/** Upper bounds of the ranges of batch sizes. */
export const SIZE_BOUNDS = [1, 2, 5, 10, 20, 50, 100, 200, 500, 1_000, 2_000, 5_000];

/**
 * A process's metrics. Nothing is kept here: everything is read from where it is counted when somebody asks, so that work pays
 * for counting alone. Names begin with `just_hungry_`; durations are told in seconds.
 */
export class Metrics {
  readonly #registry = new Registry();

  constructor() {
    // Event loop, memory, garbage collection, processor, open files.
    collectDefaultMetrics({ register: this.#registry });
  }

  /** A value that goes up and down. `undefined` from `read`: not known now. */
  gauge(name: string, help: string, read: () => number | readonly Sample[] | undefined): void {
    this.#add('gauge', name, help, () => plain(read()));
  }

  /** A value that only rises; its name ends in `_total`. */
  counter(name: string, help: string, read: () => number | readonly Sample[]): void {
    this.#add('counter', name, help, () => plain(read()));
  }

  /** Distributions with their labels. `unit` is how many of the distribution's units make one of the metric's. */
  histogram(name: string, help: string, unit: number, read: () => readonly (readonly [Labels, Distribution])[]): void {
    this.#add('histogram', name, help, () =>
      read().flatMap(([labels, distribution]) => histogramValues(`just_hungry_${name}`, labels, distribution, unit)),
    );
  }

  /** All of them as Prometheus reads them. */
  text(): Promise<string> {
    return this.#registry.metrics();
  }

  /** Content type of `text`. */
  get contentType(): string {
    return this.#registry.contentType;
  }

  #add(type: 'gauge' | 'counter' | 'histogram', shortName: string, help: string, values: () => Value[]): void {
    const name = `just_hungry_${shortName}`;
    const metric = { name, help, type, get: () => Promise.resolve({ name, help, type, values: values() }) };
    // The registry asks for these alone; prom-client's own classes would keep a second count of everything.
    this.#registry.registerMetric(metric as unknown as Metric);
  }
}

interface Value {
  readonly metricName?: string;
  readonly labels: Labels;
  readonly value: number;
}

function plain(read: number | readonly Sample[] | undefined): Value[] {
  if (read === undefined) return [];
  if (typeof read === 'number') return [{ labels: {}, value: read }];
  return read.map(([labels, value]) => ({ labels, value }));
}

function histogramValues(name: string, labels: Labels, distribution: Distribution, unit: number): Value[] {
  const cumulative = distribution.cumulative();
  const total = cumulative.at(-1) ?? 0;
  const buckets = distribution.bounds.map((bound, at) => ({
    metricName: `${name}_bucket`,
    labels: { ...labels, le: String(bound / unit) },
    value: cumulative[at] ?? 0,
  }));
  return [
    ...buckets,
    { metricName: `${name}_bucket`, labels: { ...labels, le: '+Inf' }, value: total },
    { metricName: `${name}_sum`, labels, value: distribution.sum / unit },
    { metricName: `${name}_count`, labels, value: total },
  ];
}

/** 1 for the name that holds, 0 for the others. */
export function oneOf<Name extends string>(
  label: string,
  names: readonly Name[],
  holds: Name,
  more: Labels = {},
): Sample[] {
  return names.map((name) => [{ ...more, [label]: name }, name === holds ? 1 : 0]);
}
