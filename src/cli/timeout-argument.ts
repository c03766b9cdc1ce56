import { UsageError } from './command-error.js';

/** The seconds of `--timeout`, 1 to 600, as ms. Throws UsageError. */
export function timeoutOf(text: string): number {
  const seconds = Number(text);
  if (/^[0-9]{1,3}(\.[0-9]{1,3})?$/.test(text) && seconds >= 1 && seconds <= 600) return seconds * 1_000;
  throw new UsageError(`--timeout is ${JSON.stringify(text)}; allowed: 1 to 600 seconds.`);
}
