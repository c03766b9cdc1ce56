import { LRUCache } from 'lru-cache';
import type { Clock } from '../../ports/machine.js';
import type { PostcodeAnswer, SettledVerdict } from './verdict.js';

/** Remembers answers of the postcode service by canonical postcode. */
export interface AnswerCache {
  /** A remembered answer that is still fresh, or undefined. */
  get(normalised: string): PostcodeAnswer | undefined;
  /** Remembers an answer for as long as its verdict is good for, which for `malformed` is not at all. */
  remember(answer: PostcodeAnswer & { readonly verdict: SettledVerdict }): void;
}

const minuteMs = 60_000;
const hourMs = 60 * minuteMs;

/**
 * How long a verdict is good for. Postcodes change with the quarterly release of the data. A wrong `valid` costs a
 * question at the door; a wrong `terminated` or `unknown` refuses a customer, and a new street is what makes an unknown
 * postcode known, so these are asked for again sooner.
 */
const freshMs: Readonly<Record<SettledVerdict, number | undefined>> = {
  valid: 24 * hourMs,
  terminated: 6 * hourMs,
  unknown: 15 * minuteMs,
  malformed: undefined,
};

/** Makes an empty cache that holds up to `entriesMax` answers; those not asked for longest go first. */
export function createAnswerCache(entriesMax: number, clock: Clock): AnswerCache {
  const answers = new LRUCache<string, PostcodeAnswer>({
    max: entriesMax,
    perf: { now: () => clock.monotonicMs() },
    // The default caches the time by a timer; a time from `clock` needs none.
    ttlResolution: 0,
  });
  return {
    get: (normalised) => answers.get(normalised),
    remember(answer) {
      const ttl = freshMs[answer.verdict];
      if (ttl !== undefined) answers.set(answer.normalised, answer, { ttl });
    },
  };
}
