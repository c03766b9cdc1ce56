import type { Cursor } from './cursor.js';

/** The flags of Python that change what an element matches; `m`, `s` and `u` cannot, as no element has a line end. */
export interface Flags {
  readonly ignoresCase: boolean;
  /** Of letters beyond ASCII only; what an element is made of is ASCII anyway. */
  readonly isAsciiOnly: boolean;
  readonly isVerbose: boolean;
}

/** No flag. */
export const NO_FLAGS: Flags = { ignoresCase: false, isAsciiOnly: false, isVerbose: false };

/** Flags as they are written behind `(?`: letters that are turned on and off, and whether a group follows or all is meant. */
export interface WrittenFlags {
  readonly on: string;
  readonly off: string;
  readonly isGlobal: boolean;
}

const FLAGS = 'iLmsxatu';
/** Of these one holds at a time. */
const TYPE_FLAGS = 'aLu';
const LETTER = /^\p{L}$/u;

/** Whether a token behind `(?` begins flags. */
export function beginsFlags(token: string): boolean {
  return token === '-' || FLAGS.includes(token);
}

/** Reads flags whose first token is taken already, with the `:` or `)` behind them. Throws PatternError. */
export function readFlags(cursor: Cursor, first: string): WrittenFlags {
  let on = '';
  let off = '';
  let token = first;
  if (token !== '-') {
    for (;;) {
      if (token === 'L') cursor.fail("bad inline flags: cannot use 'L' flag with a str pattern");
      on += token;
      if (Array.from(TYPE_FLAGS).filter((flag) => on.includes(flag)).length > 1)
        cursor.fail("bad inline flags: flags 'a', 'u' and 'L' are incompatible");
      token = cursor.take() ?? cursor.fail('missing -, : or )');
      if (token === ')' || token === '-' || token === ':') break;
      if (!FLAGS.includes(token)) cursor.fail(LETTER.test(token) ? 'unknown flag' : 'missing -, : or )');
    }
  }
  if (token === ')') return { on, off, isGlobal: true };
  if (on.includes('t')) cursor.fail('bad inline flags: cannot turn on global flag');
  if (token === '-') {
    token = cursor.take() ?? cursor.fail('missing flag');
    if (!FLAGS.includes(token)) cursor.fail(LETTER.test(token) ? 'unknown flag' : 'missing flag');
    for (;;) {
      if (TYPE_FLAGS.includes(token)) cursor.fail("bad inline flags: cannot turn off flags 'a', 'u' and 'L'");
      off += token;
      token = cursor.take() ?? cursor.fail('missing :');
      if (token === ':') break;
      if (!FLAGS.includes(token)) cursor.fail(LETTER.test(token) ? 'unknown flag' : 'missing :');
    }
  }
  if (off.includes('t')) cursor.fail('bad inline flags: cannot turn off global flag');
  if (Array.from(on).some((flag) => off.includes(flag))) cursor.fail('bad inline flags: flag turned on and off');
  return { on, off, isGlobal: false };
}

/** The flags that hold where `written` is added to `outer`. */
export function flagsWithin(outer: Flags, { on, off }: Pick<WrittenFlags, 'on' | 'off'>): Flags {
  const isSet = (flag: string, before: boolean): boolean => (before || on.includes(flag)) && !off.includes(flag);
  return {
    ignoresCase: isSet('i', outer.ignoresCase),
    isAsciiOnly: on.includes('u') ? false : isSet('a', outer.isAsciiOnly),
    isVerbose: isSet('x', outer.isVerbose),
  };
}
