import { PAGE_CHARACTERS_MAX, PAGE_WORK_MAX } from './limits.js';
import type { Search } from './search.js';
import type { StoredTuple } from './tuple-store.js';

/** Pairs in their order that can be searched: committed ones, or with those over them that are not. */
export interface Searchable {
  get(key: string): StoredTuple | undefined;
  behind(after: number): Iterable<StoredTuple>;
}

/** A part of what a search finds. */
export interface Page {
  readonly found: readonly StoredTuple[];
  /** Serial number behind which to go on; 0: nothing is left. */
  readonly next: number;
}

/**
 * Searches behind `after` until `limit` pairs are found, the answer is large, or enough work is done: a page may hold nothing and
 * not be the last. A key that is named exactly is looked up.
 */
export function searchPage(
  tuples: Searchable,
  search: Search,
  { after, limit }: { readonly after: number; readonly limit: number },
): Page {
  const { exactKey } = search;
  if (exactKey !== undefined) {
    const tuple = tuples.get(exactKey);
    const isFound = tuple !== undefined && tuple.serial > after && search.matches(tuple.key, tuple.value);
    return { found: isFound ? [copyOf(tuple)] : [], next: 0 };
  }
  const found: StoredTuple[] = [];
  let last = 0;
  let characters = 0;
  for (const tuple of tuples.behind(after)) {
    if (found.length === limit || characters >= PAGE_CHARACTERS_MAX || isWorkDone(search)) return { found, next: last };
    last = tuple.serial;
    if (!search.matches(tuple.key, tuple.value)) continue;
    characters += tuple.key.length + tuple.value.length;
    found.push(copyOf(tuple));
  }
  return { found, next: 0 };
}

/** Whether the next pair may be one too many; the first is always looked at. */
function isWorkDone({ work, pairWorkMax }: Search): boolean {
  return work > 0 && work + pairWorkMax > PAGE_WORK_MAX;
}

/** What is in memory may change its value later. */
function copyOf({ serial, key, value }: StoredTuple): StoredTuple {
  return { serial, key, value };
}
