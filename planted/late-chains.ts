import type { Chain } from '../src/base/entry.js';

/**
 * For `prepare-ok-not-in-vote`: chains, by op, of what a replica has dropped from its log in memory while it was on its way to disk. Kept
 * here because the healthy state has no place for it.
 */
export const lateChains = new WeakMap<object, ReadonlyMap<number, Chain>>();
