import { BrokenCircuitError, CircuitState, ConsecutiveBreaker, circuitBreaker, handleWhenResult } from 'cockatiel';
import type { Clock } from '../../ports/machine.js';
import type { ServiceFailure, ServiceReply } from './service-reply.js';
import { pause } from './time-limit.js';
import type { PostcodeService } from './web-service.js';

/** Asks the service for a postcode with retries, and stops asking a service that is down. */
export interface Lookup {
  /** Resolves within `timeoutMs`; never rejects. */
  lookUp(postcode: string): Promise<ServiceReply>;
  /** Whether the last requests failed, so that the service is left alone but for a probe now and then. */
  isSuspended(): boolean;
}

/** Settings of `createLookup`. */
export interface LookupOptions {
  readonly service: PostcodeService;
  readonly clock: Clock;
  /** Time for one lookup, all its attempts and pauses included. */
  readonly timeoutMs: number;
  readonly attemptsMax: number;
  /** Failed attempts in a row after which the service is suspended. */
  readonly failuresMax: number;
  /** A suspended service is asked once in this time; its first answer ends the suspension. */
  readonly probeIntervalMs: number;
  /** Aborted when the service is being closed: pauses end, and what is asked then fails at once. */
  readonly closing: AbortSignal;
}

/**
 * An attempt's share of the budget: more than half, so that a service that is merely slow gets to answer, and not all,
 * so that a connection that has died silently leaves time for another one.
 */
const attemptShare = 0.6;

const firstPauseMs = 25;

/** Makes a lookup over `service`, which is taken to be up at first. */
export function createLookup(options: LookupOptions): Lookup {
  const { service, clock, timeoutMs, attemptsMax, failuresMax, probeIntervalMs, closing } = options;
  // cockatiel measures the interval by the wall clock: a clock set back delays the next probe by as much.
  const breaker = circuitBreaker(handleWhenResult(isFailure), {
    breaker: new ConsecutiveBreaker(failuresMax),
    halfOpenAfter: probeIntervalMs,
  });
  let lastFailure: ServiceFailure | undefined;

  /** One attempt, or undefined when the service is suspended. */
  async function attempt(postcode: string, limitMs: number): Promise<ServiceReply | undefined> {
    // cockatiel lets everyone wait for the probe that is under way; an order must not.
    if (breaker.state === CircuitState.HalfOpen) return undefined;
    try {
      const reply = await breaker.execute(() => service.ask(postcode, limitMs));
      if (reply.kind === 'failure') lastFailure = reply;
      return reply;
    } catch (error) {
      if (error instanceof BrokenCircuitError) return undefined;
      throw error;
    }
  }

  function suspended(): ServiceFailure {
    const why = lastFailure === undefined ? 'failed' : lastFailure.reason;
    return { kind: 'failure', mayPass: true, reason: `is left alone for a moment because it ${why}` };
  }

  return {
    isSuspended: () => breaker.state !== CircuitState.Closed,
    async lookUp(postcode) {
      const endMs = clock.monotonicMs() + timeoutMs;
      let failure: ServiceFailure | undefined;
      for (let attempts = 1; attempts <= attemptsMax; attempts += 1) {
        const leftMs = endMs - clock.monotonicMs();
        const reply = await attempt(postcode, Math.min(timeoutMs * attemptShare, leftMs));
        if (reply === undefined) return failure ?? suspended();
        if (reply.kind === 'verdict') return reply;
        failure = attempts === 1 ? reply : { ...reply, reason: `${reply.reason} (attempt ${attempts})` };
        // Up to half of the pause is chance, so that front ends that failed together do not return together.
        const pauseMs = Math.max(firstPauseMs * 2 ** (attempts - 1) * (1 - Math.random() / 2), reply.waitMs ?? 0);
        if (!reply.mayPass || clock.monotonicMs() + pauseMs >= endMs) break;
        if (attempts < attemptsMax) await pause(pauseMs, closing);
      }
      return failure ?? suspended();
    },
  };
}

function isFailure(reply: unknown): boolean {
  return typeof reply === 'object' && reply !== null && 'kind' in reply && reply.kind === 'failure';
}
