import type { Damage } from '../ports/storage.js';

/** Why a replica's process must end: what is said to the operator, and how it should be started again. */
export type Fatal =
  /** A disk write failed or a file in use is damaged: a new process finds out what is left and repairs it. */
  | { readonly kind: 'damaged'; readonly damage: readonly Damage[] }
  /** fsync failed: the page cache lies, the next start must recover (rule 10). */
  | { readonly kind: 'diskFailed'; readonly error: unknown }
  /** The folder is sound, but older or other than what was promised by: the next start must recover (rule 6). */
  | { readonly kind: 'setBack'; readonly why: string }
  /** The operator wants this copy thrown away: the next start must recover. */
  | { readonly kind: 'resync'; readonly why: string }
  /** A durable call failed, but no fsync: what is on disk is what a kill -9 leaves, and counts. */
  | { readonly kind: 'writeFailed'; readonly error: unknown }
  /** A broken rule: a bug. */
  | { readonly kind: 'bug'; readonly error: unknown };
