/*
 * What an element of a tuple is made of: 62 characters. A pattern may name any character of Unicode; what it says about others can
 * never be seen in an answer, so every set of a pattern becomes the set of those 62 that it matches.
 */

/** The characters of elements, in the order of their codes. */
export const ALPHABET = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz';

/** A set of characters of the alphabet: bit n stands for `ALPHABET[n]`. */
export type CharacterSet = bigint;

/** No character. */
export const NO_CHARACTER: CharacterSet = 0n;
/** All of them. */
export const EVERY_CHARACTER: CharacterSet = (1n << BigInt(ALPHABET.length)) - 1n;

const CODES = Array.from(ALPHABET, (character) => character.charCodeAt(0));

/** The set of those characters whose code (a code point) fulfils the condition. */
export function charactersWhere(holds: (code: number) => boolean): CharacterSet {
  return CODES.reduce((set, code, bit) => (holds(code) ? set | (1n << BigInt(bit)) : set), NO_CHARACTER);
}

const SINGLES = new Map(CODES.map((code, bit) => [code, 1n << BigInt(bit)]));

/** The set of the character with this code; empty where the alphabet has no such character. */
export function characterOf(code: number): CharacterSet {
  return SINGLES.get(code) ?? NO_CHARACTER;
}

/** The one character of a set that has one; `undefined` for any other set. */
export function onlyCharacterOf(set: CharacterSet): string | undefined {
  if (set === NO_CHARACTER || (set & (set - 1n)) !== 0n) return undefined;
  return ALPHABET[set.toString(2).length - 1];
}

/** The set as RE2 writes it, such as `a` or `[0-9A-F]`; it is not empty. */
export function setAsRe2(set: CharacterSet): string {
  const only = onlyCharacterOf(set);
  if (only !== undefined) return only;
  let text = '';
  for (let bit = 0; bit < ALPHABET.length; bit++) {
    if (!has(set, bit)) continue;
    const first = bit;
    while (has(set, bit + 1) && CODES[bit + 1] === (CODES[bit] ?? 0) + 1) bit++;
    text += first === bit ? ALPHABET[first] : `${ALPHABET[first]}-${ALPHABET[bit]}`;
  }
  return `[${text}]`;
}

function has(set: CharacterSet, bit: number): boolean {
  return ((set >> BigInt(bit)) & 1n) === 1n;
}

const CASE_BIT = 0x20;

/**
 * Characters beyond ASCII that Python takes for a letter of ASCII when it ignores case: `İ` and `ı` for i, `ſ` for s, and the sign of
 * the kelvin for k.
 */
const EXTRA_CASES: Readonly<Record<number, readonly number[]>> = {
  0x69: [0x130, 0x131],
  0x6b: [0x212a],
  0x73: [0x17f],
};

/** The code points that match the character of the alphabet with this code when case is ignored; itself among them. */
export function casesOf(code: number, isAsciiOnly: boolean): readonly number[] {
  if (code < 0x41) return [code];
  const lower = code | CASE_BIT;
  return [lower, lower & ~CASE_BIT, ...(isAsciiOnly ? [] : (EXTRA_CASES[lower] ?? []))];
}
