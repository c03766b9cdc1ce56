import { refusal, type Refusal } from '../base/refusal.js';

/** Name in the journal's service column of the entries that the core itself writes. */
export const CORE = 'core';

/** The updates of the core's own entries (rule 8), as JSON in the journal. */
export type CoreUpdate =
  /** Op 1: the cluster begins, with the seeds of its services by name. */
  | { readonly kind: 'founding'; readonly clusterId: string; readonly seeds: Readonly<Record<string, string>> }
  /** Op 2: every replica has op 1 on its disk. */
  | { readonly kind: 'founded' };

/** Encodes an update of the core. */
export const encodeCoreUpdate = (update: CoreUpdate): string => JSON.stringify(update);

/** Decodes what `encodeCoreUpdate` made; the chain has vouched for it. */
export const decodeCoreUpdate = (text: string): CoreUpdate => JSON.parse(text) as CoreUpdate;

/** What a caller hears before the cluster is founded. */
export const notFounded: Refusal = refusal(
  'NOT_FOUNDED',
  'The cluster is starting for the first time and waits until every replica is there; start them all, then try again.',
);
