/** Elements of a tuple: 1 … this many. */
export const ELEMENTS_MAX = 16;
/** Characters of an element: 1 … this many, each one of `0-9A-Za-z`. */
export const ELEMENT_LENGTH_MAX = 64;
/** Pairs in one Put or Post: 1 … this many. */
export const PAIRS_MAX = 1_000;
/** Texts of the pairs in one Put or Post, together; so that an entry stays well below 1 MiB. UTF-8 bytes. */
export const PAIRS_BYTES_MAX = 512 * 1024;
/** Pairs in an answer where the caller says nothing. */
export const PAGE_SIZE_DEFAULT = 100;
/** Pairs in an answer, and pairs that one Delete removes. */
export const PAGE_SIZE_MAX = 1_000;
/** Texts of the pairs in one answer, together; the pair that crosses it is still in. Characters. */
export const PAGE_CHARACTERS_MAX = 256 * 1024;
/** Characters of a pattern. */
export const PATTERN_LENGTH_MAX = 1_000;
/** Characters of all patterns of a request, together. */
export const PATTERNS_LENGTH_MAX = 4_000;
/** What the patterns of one request may come to when their repeats are written out, together (see python/syntax.ts). */
export const PATTERNS_SIZE_MAX = 500;
/** Groups inside groups in a pattern. */
export const PATTERN_DEPTH_MAX = 100;
/**
 * Work of one page of a search, in units (see Search): about 10 ms for the patterns that cost most, and less than 1 ms for
 * ordinary ones (measured on the development machine). Heartbeats and orders of the same process wait for no longer than that.
 * More than one pair can need with the largest patterns: `PATTERNS_SIZE_MAX` for each of `ELEMENT_LENGTH_MAX` characters.
 */
export const PAGE_WORK_MAX = 33_000;
