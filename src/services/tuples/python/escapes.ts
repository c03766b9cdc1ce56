import type { Cursor } from './cursor.js';

/** Categories of characters, `\d` and so on, as a function of the code point; of Unicode only what elements are made of matters. */
const CATEGORIES: Readonly<Record<string, (code: number) => boolean>> = {
  '\\d': isDigit,
  '\\D': (code) => !isDigit(code),
  '\\w': () => true,
  '\\W': () => false,
  '\\s': () => false,
  '\\S': () => true,
};

function isDigit(code: number): boolean {
  return code >= 0x30 && code <= 0x39;
}

/** The category that an escape stands for, as a function over the codes of the alphabet's characters; `undefined`: none. */
export function categoryOf(escape: string): ((code: number) => boolean) | undefined {
  return CATEGORIES[escape];
}

const CONTROL: Readonly<Record<string, number>> = {
  '\\a': 7,
  '\\b': 8,
  '\\f': 12,
  '\\n': 10,
  '\\r': 13,
  '\\t': 9,
  '\\v': 11,
  '\\\\': 92,
};

export const DIGITS = '0123456789';
export const OCTAL_DIGITS = '01234567';
const HEX_DIGITS = '0123456789abcdefABCDEF';
const HEX_LENGTH: Readonly<Record<string, number>> = { x: 2, u: 4, U: 8 };
const CODE_MAX = 0x10ffff;
const OCTAL_MAX = 0o377;

/** A named character, `\N{…}`, which is not supported. */
export const NAMED_CHARACTER = 'namedCharacter';

/**
 * Reads the code point of an escape, whose token is taken already, that means one character inside and outside of a set alike;
 * numbers are not among them. Throws PatternError.
 */
export function readCharacterEscape(cursor: Cursor, escape: string): number | typeof NAMED_CHARACTER {
  const control = CONTROL[escape];
  if (control !== undefined) return control;
  const letter = escape.slice(1);
  const length = HEX_LENGTH[letter];
  if (length !== undefined) {
    const digits = cursor.takeWhile(HEX_DIGITS, length);
    if (digits.length !== length) cursor.fail(`incomplete escape ${escape}${digits}`);
    const code = Number.parseInt(digits, 16);
    if (code > CODE_MAX) cursor.fail(`bad escape ${escape}${digits}`);
    return code;
  }
  if (letter === 'N') {
    if (!cursor.takeIf('{')) cursor.fail('missing {');
    cursor.takeUntil('}', 'character name');
    return NAMED_CHARACTER;
  }
  if (/^[0-9A-Za-z]$/.test(letter)) cursor.fail(`bad escape ${escape}`);
  return letter.codePointAt(0) ?? cursor.fail('bad escape');
}

/** The code point of octal digits. Throws PatternError above 0o377. */
export function octalCode(cursor: Cursor, digits: string): number {
  const code = Number.parseInt(digits, 8);
  if (code > OCTAL_MAX) cursor.fail(`octal escape value \\${digits} outside of range 0-0o377`);
  return code;
}
