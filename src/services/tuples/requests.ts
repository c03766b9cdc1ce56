import type { Pair } from './tuple.js';

/** What a caller asks to be changed. */
export type TuplesRequest = ChangePairs | DeletePairs;

/** Put adds the pairs whose key is absent, Post gives the keys that are present a new value; in the order of the list. */
export interface ChangePairs {
  readonly kind: 'put' | 'post';
  /** 1 to 1,000, some of them perhaps malformed. */
  readonly pairs: readonly Pair[];
}

/** Removes the pairs that match. */
export interface DeletePairs extends Selection {
  readonly kind: 'delete';
}

/** What a caller asks to be told. */
export type TuplesQuery = GetPairs | { readonly kind: 'count' };

/** The pairs that match. */
export interface GetPairs extends Selection {
  readonly kind: 'get';
}

/** Which pairs are meant, and how many at once. */
export interface Selection {
  /** A pattern for each element of the key; `undefined`: any key. */
  readonly keys: readonly string[] | undefined;
  /** As `keys`, for the value. */
  readonly values: readonly string[] | undefined;
  /** Pairs at most, 1 to 1,000. */
  readonly limit: number;
  /** The search goes on behind the pair with this serial number; 0: from the beginning. */
  readonly after: number;
}
