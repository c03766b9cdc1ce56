import { setTimeout as pause } from 'node:timers/promises';

/** ms after which a condition that should hold soon is given up; generous, for busy machines. */
const PATIENCE_MS = 30_000;
const LOOK_EVERY_MS = 10;

/**
 * Waits until `found` gives something other than `false` or `undefined`, and returns that. Fails after `withinMs` with `what`
 * was waited for and the last error.
 */
export async function until<T>(
  found: () => T | Promise<T>,
  what: string | (() => string),
  withinMs = PATIENCE_MS,
): Promise<Exclude<T, false | undefined>> {
  const endMs = performance.now() + withinMs;
  let lastError: unknown;
  for (;;) {
    try {
      const value = await found();
      if (value !== false && value !== undefined) return value as Exclude<T, false | undefined>;
      lastError = undefined;
    } catch (error) {
      lastError = error;
    }
    if (performance.now() > endMs) {
      const told = typeof what === 'string' ? what : what();
      throw new Error(`not within ${withinMs} ms: ${told}`, { cause: lastError });
    }
    await pause(LOOK_EVERY_MS);
  }
}
