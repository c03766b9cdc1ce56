/** Bytes of a message as UTF-8, at least 1: 64 KiB. */
export const VALUE_BYTES_MAX = 65_536;
/** Messages on a page when the caller does not say. */
export const LIMIT_DEFAULT = 100;
/** Messages on a page. */
export const LIMIT_MAX = 1000;
/**
 * Bytes of messages.csv that make a page, one message at least: the answer is smaller, because the table holds every message
 * escaped.
 */
export const PAGE_BYTES_MAX = 1024 * 1024;
