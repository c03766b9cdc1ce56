import { alignedTable } from './table.js';

/** A tuple for people: its elements with blanks between them, or as JSON where they are malformed and that would hide it. */
export function tupleText(tuple: readonly string[]): string {
  return tuple.length > 0 && tuple.every((element) => /^[0-9A-Za-z]+$/.test(element))
    ? tuple.join(' ')
    : JSON.stringify(tuple);
}

/** Pairs for people, a line each, and an empty line; nothing for none. */
export function pairsText(
  pairs: readonly { readonly key: readonly string[]; readonly value: readonly string[] }[],
): string {
  if (pairs.length === 0) return '';
  const rows = pairs.map(({ key, value }) => [tupleText(key), tupleText(value)]);
  return `${alignedTable([{ heading: 'KEY' }, { heading: 'VALUE' }], rows)}\n\n`;
}
