import { UsageError } from '../command-error.js';

/** A pair as it is written: nobody has looked at its elements yet. */
export interface WrittenPair {
  readonly key: readonly string[];
  readonly value: readonly string[];
}

/**
 * The elements of a tuple, or the patterns for them, as an argument has them: with blanks between them (`user 1`), or as a JSON list
 * of texts (`["a b", "c"]`) where one holds a blank itself.
 */
export function elementsOf(text: string): string[] {
  const list = jsonOf(text);
  return isTexts(list) ? list : text.split(' ').filter((element) => element !== '');
}

/** Pairs of arguments: key, value, key, value. Throws UsageError. */
export function pairsOfArguments(texts: readonly string[]): WrittenPair[] {
  if (texts.length % 2 === 1)
    throw new UsageError(`${JSON.stringify(texts.at(-1))} is a key without a value. Give pairs: KEY VALUE KEY VALUE …`);
  return texts.flatMap((key, index) =>
    index % 2 === 0 ? [{ key: elementsOf(key), value: elementsOf(texts[index + 1] ?? '') }] : [],
  );
}

/**
 * Pairs of a JSON list, each a list of two lists of texts: `[[["user", "1"], ["ann"]], …]`. One entry that is none spoils the list:
 * throws UsageError that names it, and nothing is done.
 */
export function pairsOfJson(text: string, from: string): WrittenPair[] {
  const list = jsonOf(text);
  if (!Array.isArray(list)) throw new UsageError(`${from} is malformed: it is no JSON list. Nothing was done. ${FORM}`);
  return list.map((entry: unknown, index) => {
    if (!Array.isArray(entry) || entry.length !== 2)
      throw new UsageError(`${from} is malformed: entry ${index} is no pair. Nothing was done. ${FORM}`);
    const [key, value] = entry as unknown[];
    if (!isTexts(key) || !isTexts(value))
      throw new UsageError(
        `${from} is malformed: the ${isTexts(key) ? 'value' : 'key'} of entry ${index} is no list of texts. Nothing was done. ${FORM}`,
      );
    return { key, value };
  });
}

const FORM = 'A list of pairs is [[["user", "1"], ["ann"]], …]: each a key and a value, both lists of texts.';

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function isTexts(value: unknown): value is string[] {
  return Array.isArray(value) && value.every((element) => typeof element === 'string');
}
