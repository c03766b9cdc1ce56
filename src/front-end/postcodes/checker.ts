import { assert } from '../../base/assert.js';
import type { Clock } from '../../ports/machine.js';
import { createAnswerCache } from './answer-cache.js';
import { createLookup } from './lookup.js';
import { readSpelling, type Spelling } from './spelling.js';
import { settledWithin } from './time-limit.js';
import type { PostcodeAnswer, PostcodeChecker } from './verdict.js';
import { createPostcodeService } from './web-service.js';

export type { PostcodeAnswer, PostcodeChecker, PostcodeVerdict } from './verdict.js';

/** Settings of `createPostcodeChecker`. */
export interface PostcodeCheckerOptions {
  /** Where the API of postcodes.io is served, http or https; may have a path: `https://api.postcodes.io`. */
  readonly url: string;
  /** The longest that a check may take, retries included; 1 to 60,000 ms. */
  readonly timeoutMs: number;
  /** Attempts at most for one lookup, the first included. Default 3. */
  readonly attemptsMax?: number;
  /** Failed attempts in a row after which the service is left alone. Default 5. */
  readonly failuresMax?: number;
  /** A service left alone is asked once in this time whether it is back. Default 5,000 ms. */
  readonly probeIntervalMs?: number;
  /** How long the order that happens to be that question waits for its answer. Default 150 ms. */
  readonly probePatienceMs?: number;
  /** Postcodes being looked up at the same time at most, and connections. Default 64. */
  readonly lookupsMax?: number;
  /** Answers remembered at most. Default 10,000. */
  readonly cacheEntriesMax?: number;
  /** The longest answer that is read. Default 16,384 bytes. */
  readonly bodyBytesMax?: number;
  readonly clock?: Clock;
}

const systemClock: Clock = { monotonicMs: () => performance.now(), wallMs: () => Date.now() };

/**
 * Makes a checker in front of a service with the API of postcodes.io. Nothing is sent before the first check. Throws a
 * TypeError when `url` is no http(s) address.
 */
export function createPostcodeChecker(options: PostcodeCheckerOptions): PostcodeChecker {
  const { timeoutMs, clock = systemClock, lookupsMax = 64, probePatienceMs = 150 } = options;
  assert(timeoutMs >= 1 && timeoutMs <= 60_000, 'postcodes.timeoutMs is from 1 to 60000');
  const closing = new AbortController();
  const cache = createAnswerCache(options.cacheEntriesMax ?? 10_000, clock);
  const service = createPostcodeService({
    url: options.url,
    connectionsMax: lookupsMax,
    connectTimeoutMs: timeoutMs,
    bodyBytesMax: options.bodyBytesMax ?? 16_384,
  });
  const lookup = createLookup({
    service,
    clock,
    timeoutMs,
    attemptsMax: options.attemptsMax ?? 3,
    failuresMax: options.failuresMax ?? 5,
    probeIntervalMs: options.probeIntervalMs ?? 5000,
    closing: closing.signal,
  });
  /** Lookups under way, by canonical postcode: who asks for the same one waits for the same answer. */
  const underWay = new Map<string, Promise<PostcodeAnswer>>();

  async function ask(normalised: string): Promise<PostcodeAnswer> {
    try {
      const reply = await lookup.lookUp(normalised);
      if (reply.kind === 'failure') return unchecked(normalised, `the postcode service ${reply.reason}`);
      const answer = { verdict: reply.verdict, normalised, reason: reply.reason };
      cache.remember(answer);
      return answer;
    } finally {
      underWay.delete(normalised);
    }
  }

  function answerKnown({ wellFormed, text }: Spelling): PostcodeAnswer | undefined {
    return wellFormed ? cache.get(text) : malformed(text);
  }

  return {
    known: (postCode) => answerKnown(readSpelling(postCode)),

    async check(postCode, deadlineMs) {
      const spelling = readSpelling(postCode);
      const known = answerKnown(spelling);
      if (known !== undefined) return known;
      const { text } = spelling;
      if (closing.signal.aborted) return unchecked(text, 'this server is stopping');

      const probingMs = lookup.isSuspended() ? probePatienceMs : Infinity;
      const waitMs = Math.min(timeoutMs, deadlineMs - clock.wallMs(), probingMs);
      if (!(waitMs > 0)) return unchecked(text, 'the request left no time to ask the postcode service');

      let asked = underWay.get(text);
      if (asked === undefined) {
        if (underWay.size >= lookupsMax) {
          return unchecked(text, `${lookupsMax} other postcodes are being checked already`);
        }
        asked = ask(text);
        underWay.set(text, asked);
      }
      const answer = await settledWithin(asked, waitMs);
      return answer ?? unchecked(text, `the postcode service did not answer within ${Math.round(waitMs)} ms`);
    },

    async close() {
      closing.abort();
      await service.close();
      await Promise.all(underWay.values());
    },
  };
}

function malformed(text: string): PostcodeAnswer {
  const reason = `${text === '' ? 'nothing' : `'${text}'`} is not written like a UK postcode; an example is DH1 1JN`;
  return { verdict: 'malformed', normalised: text, reason };
}

function unchecked(normalised: string, why: string): PostcodeAnswer {
  return { verdict: 'unchecked', normalised, reason: `${normalised} was not checked: ${why}` };
}
