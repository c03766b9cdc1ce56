/** What a text may be. Lengths in code points. */
export interface TextRule {
  /** Default 0. A text that must be there may not be blank either. */
  readonly min?: number;
  readonly max: number;
  /** Allows line ends, LF or CR LF. */
  readonly newlines?: boolean;
}

/**
 * Characters that nobody sees, by code point and not by \p{Cf}, so that an update of Node changes nothing. Left in are
 * ZWNJ and ZWJ (scripts, emoji), variation selectors, and the Arabic and Indic number signs, which are visible.
 */
const INVISIBLE =
  // C0, DEL, C1; soft hyphen; Arabic letter mark; Mongolian vowel separator
  '\\u0000-\\u001f\\u007f-\\u009f\\u00ad\\u061c\\u180e' +
  // zero-width space, direction marks, line and paragraph separators, embeddings and overrides, isolates, operators
  '\\u200b\\u200e\\u200f\\u2028-\\u202e\\u2060-\\u206f\\ufeff' +
  // interlinear annotation; noncharacters
  '\\ufff9-\\ufffb\\ufdd0-\\ufdef' +
  // controls of hieroglyphs, shorthand, music; tags
  '\\u{13430}-\\u{1343f}\\u{1bca0}-\\u{1bca3}\\u{1d173}-\\u{1d17a}\\u{e0000}-\\u{e007f}';

const REFUSED = new RegExp(`[${INVISIBLE}]|\\p{Surrogate}`, 'u');
/** U+FFFE and U+FFFF of every plane, as UTF-16 units. */
const NONCHARACTER =
  /[\ufffe\uffff]|[\ud83f\ud87f\ud8bf\ud8ff\ud93f\ud97f\ud9bf\ud9ff\uda3f\uda7f\udabf\udaff\udb3f\udb7f\udbbf\udbff][\udffe\udfff]/;
/** The flags of England, Scotland and Wales: a black flag, the region as tags, the end tag. */
const SUBDIVISION_FLAG = /\u{1f3f4}[\u{e0030}-\u{e0039}\u{e0061}-\u{e007a}]{3,6}\u{e007f}/gu;
const LINE_END = /\r?\n/g;

/** Printable ASCII, by far the most text: nothing else needs looking at. */
const PLAIN = /^[ -~]*$/;

/** = + - @ at the start, in their full-width forms too, which some spreadsheets run; white space before is skipped. */
const FORMULA = /^\s*[=+\-@\uff1d\uff0b\uff0d\uff20]/;

/** Characters of a text, counted as code points. */
export function lengthOf(text: string): number {
  let length = 0;
  for (let index = 0; index < text.length; index++) {
    const isPairStart = (text.charCodeAt(index) & 0xfc00) === 0xd800;
    if (isPairStart && (text.charCodeAt(index + 1) & 0xfc00) === 0xdc00) index++;
    length++;
  }
  return length;
}

/** What is wrong with a text and what to do, or `undefined`. Never quotes the text: it may be private. */
export function textProblem(text: string, rule: TextRule): { problem: string; nextStep: string } | undefined {
  const { min = 0, max, newlines = false } = rule;
  if (text.length < min || (min > 0 && text.trim() === ''))
    return { problem: 'is empty', nextStep: `give ${min} to ${max} characters` };
  // A code point is one or two UTF-16 units.
  if (text.length > max && lengthOf(text) > max)
    return { problem: `has ${lengthOf(text)} characters, more than ${max}`, nextStep: 'shorten it' };
  if (FORMULA.test(text))
    return {
      problem: 'begins with = + - or @, which a spreadsheet would run as a formula',
      nextStep: 'begin it with another character (a phone number with 00 instead of +)',
    };
  if (PLAIN.test(text)) return undefined;
  const visible = text.replace(SUBDIVISION_FLAG, '');
  const refused = REFUSED.exec(newlines ? visible.replace(LINE_END, '') : visible) ?? NONCHARACTER.exec(visible);
  if (refused === null) return undefined;
  const code = (refused[0].codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, '0');
  return { problem: `holds U+${code}, which cannot be printed`, nextStep: 'remove that character' };
}
