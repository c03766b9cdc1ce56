import { build, type Histogram } from 'hdr-histogram-js';
import type { Percentiles } from './protocol.js';

/** Latencies of calls in µs, up to a minute, to three digits. */
export function newHistogram(): Histogram {
  return build({
    bitBucketSize: 32,
    autoResize: false,
    lowestDiscernibleValue: 1,
    highestTrackableValue: LONGEST_MICROS,
    numberOfSignificantValueDigits: 3,
  });
}

const LONGEST_MICROS = 60_000_000;

/** Notes how long a call took, ms; what took longer than a minute counts as a minute. */
export function recordLatency(histogram: Histogram, ms: number): void {
  histogram.recordValue(Math.min(LONGEST_MICROS, Math.max(0, Math.round(ms * 1000))));
}

/**
 * The percentiles with the calls added that a customer would have made had it not waited for a slow one: a customer who waits for
 * its answer calls the less the slower the answers are, and so measures slow times too rarely. A call that took k intervals stands
 * for k - 1 more that would have waited for the rest of it. Without an interval (0): as measured.
 */
export function percentilesOf(histogram: Histogram, expectedIntervalMs = 0): Percentiles {
  const micros = Math.round(expectedIntervalMs * 1000);
  const all = micros === 0 ? histogram : histogram.copyCorrectedForCoordinatedOmission(micros);
  const at = (percentile: number): number => (all.totalCount === 0 ? 0 : all.getValueAtPercentile(percentile) / 1000);
  return { p50: at(50), p90: at(90), p99: at(99), p999: at(99.9), max: histogram.maxValue / 1000 };
}
