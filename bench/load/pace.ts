import { performance } from 'node:perf_hooks';
import type { Customers } from './customers.js';

/** Hears of every call that ended: when it should have been sent, ms of `performance.now()`, and what went wrong, if anything. */
export type OnEnd = (dueMs: number, problem: string | undefined) => void;

/** Calls under way. */
export interface Pace {
  /** When calls should have been sent that still wait for a customer, ms of `performance.now()`; always none in a closed loop. */
  overdue(): readonly number[];
  /** No more calls begin; resolves when the last one has ended. */
  stop(): Promise<void>;
}

/** Closed loop: every customer calls again as soon as it has its answer. */
export function callAgain(customers: Customers, count: number, onEnd: OnEnd): Pace {
  let isOver = false;
  const ends = Array.from({ length: count }, (_, index) => {
    return new Promise<void>((resolve) => {
      const next = (): void => {
        const began = performance.now();
        customers.call(index, (problem) => {
          onEnd(began, problem);
          if (isOver) resolve();
          else next();
        });
      };
      next();
    });
  });
  return {
    overdue: () => [],
    async stop() {
      isOver = true;
      await Promise.all(ends);
    },
  };
}

/** ms between looks at what is due: timers are no finer. So calls leave up to this late, and that counts as their latency. */
const LOOK_EVERY_MS = 1;

/**
 * Open loop: `ratePerSecond` calls of all customers together at fixed times, whatever becomes of them. A call whose customers are
 * all busy waits for the first that is free, and its latency counts from the time at which it should have been sent.
 */
export function callAtFixedTimes(customers: Customers, count: number, ratePerSecond: number, onEnd: OnEnd): Pace {
  const intervalMs = 1000 / ratePerSecond;
  const beganMs = performance.now();
  const free = Array.from({ length: count }, (_, index) => index);
  let sent = 0;
  let resolveEnd: (() => void) | undefined;
  const sendDue = (): void => {
    const nowMs = performance.now();
    for (let dueMs = beganMs + sent * intervalMs; dueMs <= nowMs; dueMs = beganMs + sent * intervalMs) {
      const index = free.shift();
      if (index === undefined) return;
      sent++;
      const wasDueMs = dueMs;
      customers.call(index, (problem) => {
        onEnd(wasDueMs, problem);
        free.push(index);
        if (resolveEnd === undefined) sendDue();
        else if (free.length === count) resolveEnd();
      });
    }
  };
  const timer = setInterval(sendDue, LOOK_EVERY_MS);
  return {
    overdue() {
      // With a customer free it leaves at the next look.
      if (free.length > 0) return [];
      const due = Math.floor((performance.now() - beganMs) / intervalMs) + 1;
      return Array.from({ length: Math.max(0, due - sent) }, (_, index) => beganMs + (sent + index) * intervalMs);
    },
    async stop() {
      clearInterval(timer);
      if (free.length < count) await new Promise<void>((resolve) => (resolveEnd = resolve));
    },
  };
}
