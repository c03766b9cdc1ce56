/** A new segment is begun when the current one has reached this size, in bytes. */
export const SEGMENT_BYTES_MAX = 16 * 1024 * 1024;

/**
 * Most bytes written between two fsyncs. After a loss of power the mark may be old; a bad row further from the end than
 * this cannot be a batch that was under way, so it is damage.
 */
export const APPEND_BYTES_MAX = 4 * 1024 * 1024;

/** A batch up to this size, in bytes, is written without the detour over another thread. */
export const DIRECT_BYTES_MAX = 256 * 1024;

/** Chains of this many last entries are kept in memory, for switches that cut without adding. */
export const RECENT_CHAINS_MAX = 10_000;
