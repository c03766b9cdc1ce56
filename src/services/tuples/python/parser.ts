import { PATTERN_DEPTH_MAX } from '../limits.js';
import { EVERY_CHARACTER, type CharacterSet } from './alphabet.js';
import { charactersOf, charactersOfCategory, readClass } from './character-class.js';
import { Cursor } from './cursor.js';
import { DIGITS, NAMED_CHARACTER, OCTAL_DIGITS, octalCode, readCharacterEscape } from './escapes.js';
import { beginsFlags, flagsWithin, NO_FLAGS, readFlags, type Flags } from './flags.js';
import { Groups } from './groups.js';
import { at, choice, EMPTY, oneOf, repeat, sequence, type Place, type Syntax } from './syntax.js';
import { NO_WIDTH, ONE_WIDTH, repeatedWidth, sumOfWidths, unionOfWidths, type Width } from './width.js';

/** A part of a pattern. `isPlace`, `isRepeat`: such ones cannot be repeated. */
interface Part {
  readonly syntax: Syntax;
  readonly width: Width;
  readonly isPlace?: true;
  readonly isRepeat?: true;
}

/** What was read: the syntax, and what of it is not supported, by name. */
export interface ParsedPattern {
  readonly syntax: Syntax;
  readonly unsupported: ReadonlySet<string>;
}

/** Reads a pattern as Python 3.11 reads it for a `str`. Throws PatternError where Python refuses it. */
export function parsePattern(pattern: string): ParsedPattern {
  return new Parser(pattern).parse();
}

const OCTAL_PAIR = /^[0-7]{2}$/;
const SPACES = ' \t\n\r\v\f';
/** Python refuses counts from here on. */
const COUNT_MAX = 2 ** 32 - 1;
/** Why patterns that Python would take are not taken: linear time, or no table of names. */
const UNSUPPORTED = {
  lookahead: 'lookahead (?=…) (?!…)',
  lookbehind: 'lookbehind (?<=…) (?<!…)',
  backreference: 'backreferences',
  conditional: 'conditionals (?(…)…)',
  atomic: 'atomic groups (?>…)',
  possessive: 'possessive repeats (*+ ++ ?+ {…}+)',
  namedCharacter: 'named characters \\N{…}',
  depth: `groups more than ${PATTERN_DEPTH_MAX} deep`,
} as const;

const PLACES: Readonly<Record<string, Place>> = {
  '\\A': 'begin',
  '\\Z': 'end',
  '\\b': 'boundary',
  '\\B': 'inside',
  '^': 'begin',
  $: 'end',
};

/** One reading of one pattern; the methods are named by what they read. */
class Parser {
  readonly #cursor: Cursor;
  readonly #groups: Groups;
  readonly #unsupported = new Set<string>();
  /** Letters of the flags for all. */
  #global = '';
  #hasRepeat = false;

  constructor(pattern: string) {
    this.#cursor = new Cursor(pattern);
    this.#groups = new Groups(this.#cursor);
  }

  parse(): ParsedPattern {
    const { syntax } = this.#choice(NO_FLAGS, 0);
    if (this.#global.includes('a') && this.#global.includes('u'))
      this.#cursor.fail('ASCII and UNICODE flags are incompatible');
    if (this.#cursor.next !== undefined) this.#cursor.fail('unbalanced parenthesis');
    this.#groups.checkAll();
    if (this.#global.includes('t') && this.#hasRepeat) this.#cursor.fail('internal: unsupported template operator');
    return { syntax, unsupported: this.#unsupported };
  }

  #choice(flags: Flags, depth: number): Part {
    const branches: Part[] = [];
    do {
      const within = depth === 0 ? this.#globalFlags() : flags;
      branches.push(this.#sequence(within, depth, depth === 0 && branches.length === 0));
    } while (this.#cursor.takeIf('|'));
    return {
      syntax: choice(branches.map(({ syntax }) => syntax)),
      width: unionOfWidths(branches.map(({ width }) => width)),
    };
  }

  #globalFlags(): Flags {
    return flagsWithin(NO_FLAGS, { on: this.#global, off: '' });
  }

  /** `isFirst`: flags for all may stand at its beginning. */
  #sequence(outer: Flags, depth: number, isFirst: boolean): Part {
    const cursor = this.#cursor;
    const parts: Part[] = [];
    let flags = outer;
    for (;;) {
      const token = cursor.next;
      if (token === undefined || token === '|' || token === ')') break;
      cursor.take();
      if (flags.isVerbose && this.#isBlank(token)) continue;
      if (isRepeatToken(token)) this.#repeat(token, parts, flags);
      else if (token === '(') {
        const group = this.#group(flags, depth, isFirst && parts.length === 0);
        if (group === 'flags') flags = this.#globalFlags();
        else if (group !== undefined) parts.push(group);
      } else parts.push(this.#single(token, flags));
    }
    return {
      syntax: sequence(parts.map(({ syntax }) => syntax)),
      width: sumOfWidths(parts.map(({ width }) => width)),
    };
  }

  /** Skips white space and comments of a verbose pattern. */
  #isBlank(token: string): boolean {
    if (SPACES.includes(token)) return true;
    if (token !== '#') return false;
    for (let skipped = this.#cursor.take(); skipped !== undefined && skipped !== '\n';) skipped = this.#cursor.take();
    return true;
  }

  /** A character, a set or a place. */
  #single(token: string, flags: Flags): Part {
    const cursor = this.#cursor;
    const place = PLACES[token];
    if (place !== undefined) return { syntax: at(place), width: NO_WIDTH, isPlace: true };
    if (token === '.') return character(EVERY_CHARACTER);
    if (token === '[') {
      const { set, namedCharacter } = readClass(cursor, flags);
      if (namedCharacter) this.#unsupported.add(UNSUPPORTED.namedCharacter);
      return character(set);
    }
    if (!token.startsWith('\\')) return character(charactersOf(token.codePointAt(0) ?? 0, flags));
    const category = charactersOfCategory(token);
    if (category !== undefined) return character(category);
    if (DIGITS.includes(token.slice(1))) return this.#numberEscape(token.slice(1), flags);
    const code = readCharacterEscape(cursor, token);
    if (code !== NAMED_CHARACTER) return character(charactersOf(code, flags));
    this.#unsupported.add(UNSUPPORTED.namedCharacter);
    return character(EVERY_CHARACTER);
  }

  /** An octal escape or a backreference. */
  #numberEscape(digit: string, flags: Flags): Part {
    const cursor = this.#cursor;
    const octal = (digits: string): Part => character(charactersOf(octalCode(cursor, digits), flags));
    if (digit === '0') return octal(digit + cursor.takeWhile(OCTAL_DIGITS, 2));
    const digits = digit + cursor.takeWhile(DIGITS, 1);
    if (OCTAL_PAIR.test(digits)) {
      const third = cursor.takeWhile(OCTAL_DIGITS, 1);
      if (third !== '') return octal(digits + third);
    }
    return this.#backreference(this.#groups.referred(Number(digits)));
  }

  #backreference(width: Width): Part {
    this.#unsupported.add(UNSUPPORTED.backreference);
    return { syntax: EMPTY, width };
  }

  /** Repeats the last part. A `{` that begins no count is a character. */
  #repeat(token: string, parts: Part[], flags: Flags): void {
    const cursor = this.#cursor;
    const counts = this.#counts(token);
    if (counts === undefined) {
      parts.push(character(charactersOf(token.codePointAt(0) ?? 0, flags)));
      return;
    }
    const last = parts.pop();
    if (last === undefined || last.isPlace === true) return cursor.fail('nothing to repeat');
    if (last.isRepeat === true) return cursor.fail('multiple repeat');
    this.#hasRepeat = true;
    // Which match is found first means nothing where only the whole counts.
    if (!cursor.takeIf('?') && cursor.takeIf('+')) this.#unsupported.add(UNSUPPORTED.possessive);
    const { min, max } = counts;
    parts.push({ syntax: repeat(last.syntax, min, max), width: repeatedWidth(last.width, min, max), isRepeat: true });
  }

  #counts(token: string): { readonly min: number; readonly max: number } | undefined {
    const cursor = this.#cursor;
    if (token === '?') return { min: 0, max: 1 };
    if (token === '*') return { min: 0, max: Infinity };
    if (token === '+') return { min: 1, max: Infinity };
    if (cursor.next === '}') return undefined;
    const here = cursor.place;
    const low = cursor.takeWhile(DIGITS);
    const high = cursor.takeIf(',') ? cursor.takeWhile(DIGITS) : low;
    if (!cursor.takeIf('}')) {
      cursor.goTo(here);
      return undefined;
    }
    const min = low === '' ? 0 : Number(low);
    const max = high === '' ? Infinity : Number(high);
    if (min >= COUNT_MAX || (high !== '' && max >= COUNT_MAX)) cursor.fail('the repetition number is too large');
    if (max < min) cursor.fail('min repeat greater than max repeat');
    return { min, max };
  }

  /** What begins with a parenthesis; `undefined` for a comment, `flags` for flags that hold for all. */
  #group(flags: Flags, depth: number, mayHoldFlags: boolean): Part | 'flags' | undefined {
    const cursor = this.#cursor;
    if (!cursor.takeIf('?')) return this.#capture(flags, depth);
    const token = cursor.take() ?? cursor.fail('unexpected end of pattern');
    switch (token) {
      case 'P':
        return this.#pythonGroup(flags, depth);
      case ':':
        return this.#inside(flags, depth);
      case '#':
        return this.#comment();
      case '=':
      case '!':
        this.#unsupported.add(UNSUPPORTED.lookahead);
        this.#inside(flags, depth);
        return { syntax: EMPTY, width: NO_WIDTH };
      case '<':
        return this.#lookbehind(flags, depth);
      case '(':
        return this.#conditional(flags, depth);
      case '>':
        this.#unsupported.add(UNSUPPORTED.atomic);
        return this.#inside(flags, depth);
      default:
        return beginsFlags(token)
          ? this.#flagsGroup(token, { flags, depth, mayHoldFlags })
          : cursor.fail(`unknown extension ?${token}`);
    }
  }

  #comment(): undefined {
    for (;;) {
      const skipped = this.#cursor.take() ?? this.#cursor.fail('missing ), unterminated comment');
      if (skipped === ')') return undefined;
    }
  }

  #flagsGroup(
    token: string,
    { flags, depth, mayHoldFlags }: { flags: Flags; depth: number; mayHoldFlags: boolean },
  ): Part | 'flags' {
    const written = readFlags(this.#cursor, token);
    if (!written.isGlobal) return this.#inside(flagsWithin(flags, written), depth);
    if (!mayHoldFlags) this.#cursor.fail('global flags not at the start of the expression');
    this.#global += written.on;
    return 'flags';
  }

  /** What stands in a group, with the parenthesis that ends it. */
  #inside(flags: Flags, depth: number): Part {
    if (depth >= PATTERN_DEPTH_MAX) {
      // Not read to its end: every level is a call inside a call.
      throw new DepthError(UNSUPPORTED.depth);
    }
    const part = this.#choice(flags, depth + 1);
    if (!this.#cursor.takeIf(')')) this.#cursor.fail('missing ), unterminated subpattern');
    return part;
  }

  #capture(flags: Flags, depth: number, name?: string): Part {
    const group = this.#groups.open(name);
    const part = this.#inside(flags, depth);
    this.#groups.close(group, part.width);
    return part;
  }

  /** Behind `(?P`. */
  #pythonGroup(flags: Flags, depth: number): Part {
    const cursor = this.#cursor;
    if (cursor.takeIf('<')) return this.#capture(flags, depth, this.#groups.nameUntil('>'));
    if (cursor.takeIf('=')) return this.#backreference(this.#groups.referredByName(this.#groups.nameUntil(')')));
    const token = cursor.take() ?? cursor.fail('unexpected end of pattern');
    return cursor.fail(`unknown extension ?P${token}`);
  }

  /** Behind `(?<`. */
  #lookbehind(flags: Flags, depth: number): Part {
    const cursor = this.#cursor;
    const token = cursor.take() ?? cursor.fail('unexpected end of pattern');
    if (token !== '=' && token !== '!') cursor.fail(`unknown extension ?<${token}`);
    this.#unsupported.add(UNSUPPORTED.lookbehind);
    const { width } = this.#groups.lookingBehind(() => this.#inside(flags, depth));
    this.#groups.checkWidth(width);
    return { syntax: EMPTY, width: NO_WIDTH };
  }

  /** Behind `(?(`. */
  #conditional(flags: Flags, depth: number): Part {
    const cursor = this.#cursor;
    this.#unsupported.add(UNSUPPORTED.conditional);
    this.#groups.referredByCondition(cursor.takeUntil(')', 'group name'));
    const branches = [this.#sequence(flags, depth + 1, false)];
    if (cursor.takeIf('|')) {
      branches.push(this.#sequence(flags, depth + 1, false));
      if (cursor.next === '|') cursor.fail('conditional backref with more than two branches');
    }
    if (!cursor.takeIf(')')) cursor.fail('missing ), unterminated subpattern');
    const width = unionOfWidths(branches.map((branch) => branch.width));
    return { syntax: EMPTY, width: branches.length === 1 ? { ...width, min: 0 } : width };
  }
}

/** A pattern with more groups inside each other than are read. The message names it. */
export class DepthError extends Error {
  override readonly name = 'DepthError';
}

function character(set: CharacterSet): Part {
  return { syntax: oneOf(set), width: ONE_WIDTH };
}

function isRepeatToken(token: string): boolean {
  return token === '*' || token === '+' || token === '?' || token === '{';
}
