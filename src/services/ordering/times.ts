/** RFC 3339 text of a time in milliseconds since 1970: UTC, with milliseconds. */
export function isoTime(timeMs: number): string {
  return new Date(timeMs).toISOString();
}
