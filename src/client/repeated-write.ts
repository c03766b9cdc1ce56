import { CallRefusedError } from '../ports/ordering-client.js';
import { isSettled } from './placement.js';

const ATTEMPTS_MAX = 3;
const PAUSE_MS = 300;

/**
 * Does a write under one request id, again while its outcome is unknown, at most three times. Throws the last refusal.
 */
export async function repeatedWrite<T>(write: () => Promise<T>): Promise<T> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await write();
    } catch (error) {
      const mayRepeat = error instanceof CallRefusedError && !isSettled(error.refusal);
      if (!mayRepeat || attempt === ATTEMPTS_MAX) throw error;
      await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
    }
  }
}
