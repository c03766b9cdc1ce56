import { RE2JS } from 're2js';
import { PATTERN_LENGTH_MAX, PATTERNS_SIZE_MAX } from '../limits.js';
import { PatternError } from './cursor.js';
import { DepthError, parsePattern } from './parser.js';
import { asRe2, isNever, literalOf, ofWholeElement, type Syntax } from './syntax.js';

/** A pattern as it is matched against whole elements. */
export interface Pattern {
  /** The only text that matches; `undefined`: there may be others. */
  readonly literal: string | undefined;
  /** What it costs to match one character, in units; 0 where it is only compared. */
  readonly size: number;
  /** Whether the element matches as a whole. */
  matches(element: string): boolean;
}

/** What came of a text: a pattern, or why it is none, for people. `malformed`: Python refuses it too; `unsupported`: it does not. */
export type CompiledPattern =
  | { readonly kind: 'pattern'; readonly pattern: Pattern }
  | { readonly kind: 'malformed' | 'unsupported'; readonly problem: string };

/**
 * Compiles a regular expression in the syntax of Python 3.11 (`re.fullmatch` with a `str`) for elements of tuples: at most 64 letters
 * and digits of ASCII. It is matched in linear time. `sizeMax`: what it may come to when its repeats are written out. Never throws.
 */
export function compilePattern(text: string, sizeMax = PATTERNS_SIZE_MAX): CompiledPattern {
  const { length } = Array.from(text);
  if (length > PATTERN_LENGTH_MAX) return unsupported(`it has ${length} characters, more than ${PATTERN_LENGTH_MAX}`);
  try {
    const { syntax, unsupported: constructs } = parsePattern(text);
    if (constructs.size > 0) return unsupported(`not supported: ${[...constructs].join(', ')}`);
    return fromSyntax(ofWholeElement(syntax), sizeMax);
  } catch (error) {
    if (error instanceof PatternError) return { kind: 'malformed', problem: error.message };
    if (error instanceof DepthError) return unsupported(`not supported: ${error.message}`);
    throw error;
  }
}

function fromSyntax(syntax: Syntax, sizeMax: number): CompiledPattern {
  if (isNever(syntax)) return found({ literal: undefined, size: 0, matches: () => false });
  const literal = literalOf(syntax);
  if (literal !== undefined) return found({ literal, size: 0, matches: (element) => element === literal });
  if (syntax.size > sizeMax)
    return unsupported(
      `it comes to ${syntax.size} places when its repeats are written out, and the patterns of a request may come to ${PATTERNS_SIZE_MAX} together; ask for less, or with fewer repeats`,
    );
  const compiled = RE2JS.compile(asRe2(syntax));
  return found({ literal, size: syntax.size, matches: (element) => compiled.testExact(element) });
}

function found(pattern: Pattern): CompiledPattern {
  return { kind: 'pattern', pattern };
}

function unsupported(problem: string): CompiledPattern {
  return { kind: 'unsupported', problem };
}
