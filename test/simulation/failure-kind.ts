/** What went wrong, without the seed, times, ids and numbers of one run: equal for equal failures. */
export function kindOf(error: unknown): string {
  const message = error instanceof Error ? error.message : String(error);
  return message
    .replace(/^seed \d+, at [\d.]+ ms: /, '')
    .replace(/[0-9a-f]{8}-[0-9a-f-]{27}/g, 'ID')
    .replace(/[0-9]+/g, '#')
    .slice(0, 60);
}
