import { casesOf, characterOf, charactersWhere, type CharacterSet } from './alphabet.js';
import type { Cursor } from './cursor.js';
import { categoryOf, DIGITS, NAMED_CHARACTER, OCTAL_DIGITS, octalCode, readCharacterEscape } from './escapes.js';
import type { Flags } from './flags.js';

/** One member of a set: the code points from `low` to `high`, or a category. */
type Member = Range | ((code: number) => boolean);

interface Range {
  readonly low: number;
  readonly high: number;
}

/** What a set matches; `namedCharacter`: it holds a `\N{…}`, and the set is not known. */
export interface CharacterClass {
  readonly set: CharacterSet;
  readonly namedCharacter: boolean;
}

/** The characters of the alphabet that match a single code point. */
export function charactersOf(code: number, flags: Flags): CharacterSet {
  if (!flags.ignoresCase) return characterOf(code);
  return setOf([single(code)], false, flags);
}

/** The characters of the alphabet in a category such as `\d`; `undefined` when the escape is none. */
export function charactersOfCategory(escape: string): CharacterSet | undefined {
  const category = categoryOf(escape);
  return category === undefined ? undefined : charactersWhere(category);
}

/** Reads a set, whose `[` is taken already, with its `]`. Throws PatternError. */
export function readClass(cursor: Cursor, flags: Flags): CharacterClass {
  const isNegated = cursor.takeIf('^');
  const members: Member[] = [];
  let namedCharacter = false;
  const read = (token: string): Member => {
    const member = readMember(cursor, token);
    if (member !== NAMED_CHARACTER) return member;
    namedCharacter = true;
    return NOBODY;
  };
  for (;;) {
    const token = cursor.take() ?? cursor.fail('unterminated character set');
    if (token === ']' && members.length > 0) break;
    const first = read(token);
    if (!cursor.takeIf('-')) {
      members.push(first);
      continue;
    }
    const last = cursor.take() ?? cursor.fail('unterminated character set');
    if (last === ']') {
      members.push(first, HYPHEN);
      break;
    }
    members.push(rangeOf(cursor, [first, read(last)], `${token}-${last}`));
  }
  return { set: setOf(members, isNegated, flags), namedCharacter };
}

const HYPHEN: Range = { low: 0x2d, high: 0x2d };
/** Stands for a character that is not known: the pattern is refused in the end, but read on first. */
const NOBODY: Range = { low: Number.NaN, high: Number.NaN };

function readMember(cursor: Cursor, token: string): Member | typeof NAMED_CHARACTER {
  if (!token.startsWith('\\')) return single(token.codePointAt(0) ?? Number.NaN);
  const category = categoryOf(token);
  if (category !== undefined) return category;
  const letter = token.slice(1);
  if (OCTAL_DIGITS.includes(letter)) return single(octalCode(cursor, letter + cursor.takeWhile(OCTAL_DIGITS, 2)));
  if (DIGITS.includes(letter)) cursor.fail(`bad escape ${token}`);
  const code = readCharacterEscape(cursor, token);
  return code === NAMED_CHARACTER ? code : single(code);
}

function single(code: number): Range {
  return { low: code, high: code };
}

function rangeOf(cursor: Cursor, [first, last]: readonly [Member, Member], written: string): Range {
  if (typeof first === 'function' || typeof last === 'function' || last.high < first.low)
    return cursor.fail(`bad character range ${written}`);
  return { low: first.low, high: last.high };
}

function setOf(members: readonly Member[], isNegated: boolean, { ignoresCase, isAsciiOnly }: Flags): CharacterSet {
  const isMember = (code: number): boolean =>
    members.some((member) => (typeof member === 'function' ? member(code) : code >= member.low && code <= member.high));
  return charactersWhere((code) => {
    const cases = ignoresCase ? casesOf(code, isAsciiOnly) : [code];
    return cases.some(isMember) !== isNegated;
  });
}
