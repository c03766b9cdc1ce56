import type { RefusalReason } from '../base/refusal.js';
import { type AsOfView, CallRefusedError, type ReadOptions } from '../ports/ordering-client.js';

/** An answer and how it was read. `any`: the cluster could not give a fresh one; label it with `as_of`. */
export interface ReadAnswer<T> {
  readonly answer: T;
  readonly consistency: 'linearizable' | 'any';
  /** Why there was no fresh answer, for people; empty where it is fresh. */
  readonly whyNotFresh: string;
}

/** Refusals of a fresh read that say nothing against an older one. */
const CANNOT_BE_FRESH: ReadonlySet<RefusalReason> = new Set([
  'NO_QUORUM',
  'NO_PRIMARY',
  'OUTCOME_UNKNOWN',
  'OVERLOADED',
  'STOPPING',
]);

/**
 * Reads fresh, or where no majority can be reached with consistency `any`. Throws the first error when the second read
 * fails too: it tells better what is wrong.
 */
export async function readWithFallback<T extends { readonly as_of: AsOfView }>(
  read: (options: ReadOptions) => Promise<T>,
): Promise<ReadAnswer<T>> {
  try {
    return { answer: await read({ consistency: 'linearizable' }), consistency: 'linearizable', whyNotFresh: '' };
  } catch (error) {
    if (!(error instanceof CallRefusedError) || !CANNOT_BE_FRESH.has(error.refusal.reason)) throw error;
    try {
      return { answer: await read({ consistency: 'any' }), consistency: 'any', whyNotFresh: error.refusal.message };
    } catch {
      throw error;
    }
  }
}
