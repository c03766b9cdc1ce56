import { ELEMENT_LENGTH_MAX, ELEMENTS_MAX, PATTERNS_LENGTH_MAX, PATTERNS_SIZE_MAX } from './limits.js';
import { compilePattern, type Pattern } from './python/pattern.js';
import type { PatternsProblem } from './replies.js';
import { textOfTuple, tupleOfText } from './tuple.js';

/**
 * Which pairs match: the patterns of one request, compiled. It counts its work in units: one for a tuple or a text that is looked at,
 * more for a long one, which must be taken apart, and for a pattern its size times the characters. A unit takes at most about 0.4 µs,
 * where every character brings RE2 into a state that it has not seen; mostly it takes a tenth of that.
 */
export class Search {
  readonly #keys: TuplePatterns | undefined;
  readonly #values: TuplePatterns | undefined;
  /** Units of work so far. */
  work = 0;

  constructor(keys: readonly Pattern[] | undefined, values: readonly Pattern[] | undefined) {
    const worked = (units: number): void => void (this.work += units);
    this.#keys = keys && new TuplePatterns(keys, worked);
    this.#values = values && new TuplePatterns(values, worked);
  }

  /** The only key that can match; `undefined`: there may be others. */
  get exactKey(): string | undefined {
    return this.#keys?.literal;
  }

  /** Work for one pair at most. */
  get pairWorkMax(): number {
    return 1 + (this.#keys?.workMax ?? 0) + (this.#values?.workMax ?? 0);
  }

  /** Whether a pair matches, given as texts of its tuples. */
  matches(key: string, value: string): boolean {
    this.work++;
    return (this.#keys?.matches(key) ?? true) && (this.#values?.matches(value) ?? true);
  }
}

/** What came of patterns. */
export type CompiledSearch =
  { readonly kind: 'search'; readonly search: Search } | { readonly kind: 'none'; readonly problem: PatternsProblem };

/** Compiles the patterns of a request. A malformed one counts before one that is not supported. */
export function compileSearch(
  keys: readonly string[] | undefined,
  values: readonly string[] | undefined,
): CompiledSearch {
  const compiling = new Compiling();
  const ofKeys = compiling.list('keys', keys);
  const ofValues = compiling.list('values', values);
  const problem =
    compiling.problems.find(({ kind }) => kind === 'malformed') ??
    compiling.problems.find(({ kind }) => kind === 'unsupported');
  return problem === undefined ? { kind: 'search', search: new Search(ofKeys, ofValues) } : { kind: 'none', problem };
}

class Compiling {
  readonly problems: PatternsProblem[] = [];
  #lengthLeft = PATTERNS_LENGTH_MAX;
  #sizeLeft = PATTERNS_SIZE_MAX;

  list(field: string, texts: readonly string[] | undefined): Pattern[] | undefined {
    if (texts === undefined) return undefined;
    if (texts.length === 0) return this.#refuse('malformed', `${field} has no patterns: give one for each element`);
    if (texts.length > ELEMENTS_MAX)
      return this.#refuse(
        'malformed',
        `${field} has ${texts.length} patterns, but no tuple has over ${ELEMENTS_MAX} elements`,
      );
    this.#lengthLeft -= texts.reduce((sum, text) => sum + text.length, 0);
    if (this.#lengthLeft < 0)
      return this.#refuse('unsupported', `the patterns have more than ${PATTERNS_LENGTH_MAX} characters together`);
    return texts.flatMap((text, index) => this.#pattern(`${field}[${index}]`, text) ?? []);
  }

  #pattern(name: string, text: string): Pattern | undefined {
    const compiled = compilePattern(text, this.#sizeLeft);
    if (compiled.kind !== 'pattern') {
      const what = compiled.kind === 'malformed' ? ' is no Python regular expression' : '';
      return this.#refuse(compiled.kind, `${name}${what}: ${compiled.problem}`);
    }
    this.#sizeLeft -= compiled.pattern.size;
    return compiled.pattern;
  }

  #refuse(kind: PatternsProblem['kind'], reason: string): undefined {
    this.problems.push({ kind, reason });
  }
}

/** A pattern for each element. */
class TuplePatterns {
  readonly #patterns: readonly Pattern[];
  /** Their places, the cheapest first: most tuples are out at the first look. */
  readonly #order: readonly number[];
  readonly #worked: (units: number) => void;
  /** Text of the only tuple that can match; `undefined`: there may be others. */
  readonly literal: string | undefined;
  /** Work for one tuple at most. */
  readonly workMax: number;

  constructor(patterns: readonly Pattern[], worked: (units: number) => void) {
    this.#patterns = patterns;
    this.#worked = worked;
    this.#order = patterns
      .map(({ size }, place) => ({ size, place }))
      .toSorted((a, b) => a.size - b.size)
      .map(({ place }) => place);
    const literals = patterns.flatMap(({ literal }) => literal ?? []);
    this.literal = literals.length === patterns.length ? textOfTuple(literals) : undefined;
    const ofPatterns = patterns.map(({ size }) => 1 + size * ELEMENT_LENGTH_MAX);
    this.workMax = ofPatterns.reduce((sum, work) => sum + work, partsWork(TUPLE_TEXT_LENGTH_MAX));
  }

  matches(text: string): boolean {
    if (this.literal !== undefined) {
      this.#worked(1);
      return text === this.literal;
    }
    this.#worked(partsWork(text.length));
    const elements = tupleOfText(text);
    if (elements.length !== this.#patterns.length) return false;
    return this.#order.every((place) => {
      const element = elements[place] ?? '';
      const pattern = this.#patterns[place];
      this.#worked(1 + (pattern?.size ?? 0) * element.length);
      return pattern?.matches(element) ?? false;
    });
  }
}

const TUPLE_TEXT_LENGTH_MAX = ELEMENTS_MAX * (ELEMENT_LENGTH_MAX + 1);

/** Work to take a tuple's text apart. */
function partsWork(length: number): number {
  return Math.ceil(length / 128);
}
