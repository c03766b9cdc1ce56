import type { Pair } from './tuple.js';

/** Why a pair of a Put or Post was not used. */
export type NotUsedReason = 'malformed' | 'present' | 'absent';

/** A pair that was not used, as it was given. */
export interface NotUsed {
  /** Place in the list, from 0. */
  readonly index: number;
  readonly pair: Pair;
  readonly reason: NotUsedReason;
  /** For people. */
  readonly message: string;
}

/** The answer to Put and Post. */
export interface ChangeAnswer {
  /** Pairs that were used. */
  readonly used: number;
  readonly notUsed: readonly NotUsed[];
}

/** What keeps patterns from being used. `malformed`: Python refuses one too; `unsupported`: only this service does. */
export interface PatternsProblem {
  readonly kind: 'malformed' | 'unsupported';
  /** For people: which pattern, and what is wrong with it. */
  readonly reason: string;
}

/** The answer to Get and Delete. */
export interface PairsAnswer {
  readonly pairs: readonly Pair[];
  /** Behind which pair to go on; 0: nothing is left. */
  readonly next: number;
  /** There are no pairs because of this. */
  readonly problem: PatternsProblem | undefined;
}

/** The answer to Count. */
export interface CountAnswer {
  /** Pairs there are. */
  readonly tuples: number;
  /** Equal for equal pairs, in whatever order they came: 16 hex digits. */
  readonly hash: string;
  /** Op of the last change. */
  readonly op: number;
}
