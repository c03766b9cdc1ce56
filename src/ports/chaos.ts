import type { Refusal } from '../base/refusal.js';

/** A fault that stays in a replica until it is cleared (`delayNext`: until it has happened). Rates are shares, 0 … 1. */
export type ChaosFault =
  /** The next replication message (prepare) that it gets or sends is so late, ms; no other one is. */
  | { readonly kind: 'delayNext'; readonly ms: number }
  /** Every message from and to its peers is so late, ms. */
  | { readonly kind: 'delay'; readonly ms: number }
  /** This share of the messages from and to its peers is lost. */
  | { readonly kind: 'drop'; readonly rate: number }
  /** This share of the calls of front ends fails at once or hangs until its deadline, before or after it was done. */
  | { readonly kind: 'errors'; readonly rate: number }
  /** Nothing reaches the peer of this id any more, nor, unless one way only, comes from it. */
  | { readonly kind: 'cut'; readonly peer: string; readonly isOneWay: boolean }
  /** No file can grow. */
  | { readonly kind: 'diskFull' }
  /** Every fsync takes so much longer, ms. */
  | { readonly kind: 'slowDisk'; readonly ms: number };

/** Something that is done to the process of a replica, once. */
export type ChaosDeed = { readonly kind: 'kill' } | { readonly kind: 'pause'; readonly ms: number };

/** Faults on demand in one replica; exists only where the configuration says `chaos: true`. */
export interface ChaosControl {
  /** Takes a fault in; one of the same kind (and peer) is replaced. What it cannot do it refuses. */
  inject(fault: ChaosFault): Refusal | undefined;
  /** Does it in a moment, so that the caller can be answered first. What it cannot do it refuses. */
  perform(deed: ChaosDeed): Refusal | undefined;
  /** What is wrong on purpose now. */
  list(): readonly ChaosFault[];
  /** Ends all of it. What is late already stays late. */
  clear(): void;
}
