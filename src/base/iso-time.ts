let lastMs = Number.NaN;
let lastText = '';

/**
 * RFC 3339 text of a time in milliseconds since 1970: UTC, with milliseconds. The last one is kept: a batch of entries has
 * one time, which every table writes.
 */
export function isoTime(timeMs: number): string {
  if (timeMs !== lastMs) {
    lastText = new Date(timeMs).toISOString();
    lastMs = timeMs;
  }
  return lastText;
}

let lastParsedText = '';
let lastParsedMs = Number.NaN;

/** Milliseconds since 1970 of an RFC 3339 text, NaN when it is none. The last one is kept, as above. */
export function msOf(text: string): number {
  if (text !== lastParsedText) {
    lastParsedMs = Date.parse(text);
    lastParsedText = text;
  }
  return lastParsedMs;
}
