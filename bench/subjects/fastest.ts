import type { Bookkeeping } from '../bookkeeping.js';
import type { Subject } from './subject.js';

const TRIAL = { workload: 'trial', customers: 64, warmUpMs: 2500, measureMs: 1500, round: 0 };

/**
 * The one of several settings with which 64 customers are served fastest, so that nobody is compared with a straw man. `start` gives
 * a subject of these settings, `end` ends it where it was started for the trial alone.
 */
export async function fastest<S extends { readonly name: string }>(
  bookkeeping: Bookkeeping,
  candidates: readonly S[],
  start: (settings: S) => Promise<Subject>,
  end: (subject: Subject) => Promise<void>,
): Promise<S> {
  const rates: { settings: S; rate: number }[] = [];
  for (const settings of candidates) {
    const subject = await start(settings);
    try {
      const { callsPerSecond: rate } = await bookkeeping.measure(subject, { ...TRIAL, calls: subject.orderCalls });
      console.error(`${subject.kind}, ${settings.name}: ${rate.toFixed(0)}/s`);
      rates.push({ settings, rate });
    } finally {
      await end(subject);
    }
  }
  return rates.reduce((best, one) => (one.rate > best.rate ? one : best)).settings;
}
