import { expect } from 'chai';
import { newHistogram, percentilesOf, recordLatency } from '../../bench/load/latencies.js';

describe('bench latencies', () => {
  it('percentiles: are in ms to three digits', () => {
    const histogram = newHistogram();
    for (let ms = 1; ms <= 1000; ms++) recordLatency(histogram, ms);
    const { p50, p90, p99, p999, max } = percentilesOf(histogram);
    expect(p50).to.be.closeTo(500, 1);
    expect(p90).to.be.closeTo(900, 1);
    expect(p99).to.be.closeTo(990, 1);
    expect(p999).to.be.closeTo(999, 1);
    expect(max).to.be.closeTo(1000, 1);
  });

  it('percentiles: are 0 where nothing was called', () => {
    expect(percentilesOf(newHistogram(), 5)).to.deep.equal({ p50: 0, p90: 0, p99: 0, p999: 0, max: 0 });
  });

  it('correction: a call that took 100 intervals stands for the 99 that waited with it (coordinated omission)', () => {
    const histogram = newHistogram();
    for (let count = 0; count < 900; count++) recordLatency(histogram, 1);
    recordLatency(histogram, 100);
    expect(percentilesOf(histogram).p99).to.be.closeTo(1, 0.1);
    // 900 calls of 1 ms, then 100, 99 … 1: the ten slowest of 1,000 took more than 90 ms.
    expect(percentilesOf(histogram, 1).p99).to.be.closeTo(90, 1.5);
    expect(percentilesOf(histogram, 1).max).to.be.closeTo(100, 0.1);
  });

  it('correction: adds nothing to calls that took no longer than the interval', () => {
    const histogram = newHistogram();
    for (let ms = 1; ms <= 20; ms++) recordLatency(histogram, ms);
    expect(percentilesOf(histogram, 20)).to.deep.equal(percentilesOf(histogram));
  });

  it('record: what took longer than a minute counts as a minute', () => {
    const histogram = newHistogram();
    recordLatency(histogram, 3_600_000);
    expect(percentilesOf(histogram).max).to.be.closeTo(60_000, 60);
  });
});
