import { assertNever } from '../../../base/assert.js';
import { ELEMENT_LENGTH_MAX } from '../limits.js';
import { NO_CHARACTER, onlyCharacterOf, setAsRe2, type CharacterSet } from './alphabet.js';

/** Where in an element something holds: at its begin or end, at a word's boundary, or not at one. */
export type Place = 'begin' | 'end' | 'boundary' | 'inside';

/**
 * What a pattern says about an element, made only by the functions below. `lengthMin`: characters that a match has at least. `size`:
 * how much it is when its repeats are written out, which is what it costs to match; at least 1.
 */
export type Syntax = { readonly lengthMin: number; readonly size: number } & (
  | { readonly kind: 'set'; readonly set: CharacterSet }
  | { readonly kind: 'place'; readonly place: Place }
  | { readonly kind: 'sequence'; readonly parts: readonly Syntax[] }
  | { readonly kind: 'choice'; readonly branches: readonly Syntax[] }
  | { readonly kind: 'repeat'; readonly of: Syntax; readonly min: number; readonly max: number }
);

/** Matches the empty text. */
export const EMPTY: Syntax = { kind: 'sequence', parts: [], lengthMin: 0, size: 1 };
/** Matches nothing. */
export const NEVER: Syntax = { kind: 'set', set: NO_CHARACTER, lengthMin: 1, size: 1 };

/** One character of a set. */
export function oneOf(set: CharacterSet): Syntax {
  return set === NO_CHARACTER ? NEVER : { kind: 'set', set, lengthMin: 1, size: 1 };
}

/** The empty text at a place. */
export function at(place: Place): Syntax {
  return { kind: 'place', place, lengthMin: 0, size: 1 };
}

/** One after the other. */
export function sequence(all: readonly Syntax[]): Syntax {
  const parts = all.flatMap((part) => (part.kind === 'sequence' ? part.parts : [part]));
  const lengthMin = sum(parts.map((part) => part.lengthMin));
  // No element is longer.
  if (parts.some(isNever) || lengthMin > ELEMENT_LENGTH_MAX) return NEVER;
  const [first] = parts;
  if (first !== undefined && parts.length === 1) return first;
  return { kind: 'sequence', parts, lengthMin, size: Math.max(1, sum(parts.map(({ size }) => size))) };
}

/** Any one of them. */
export function choice(all: readonly Syntax[]): Syntax {
  const branches = all.filter((branch) => !isNever(branch));
  const [first] = branches;
  if (first === undefined) return NEVER;
  if (branches.length === 1) return first;
  const sets = branches.flatMap((branch) => (branch.kind === 'set' ? [branch.set] : []));
  if (sets.length === branches.length) return oneOf(sets.reduce((union, set) => union | set));
  const lengthMin = Math.min(...branches.map((branch) => branch.lengthMin));
  return { kind: 'choice', branches, lengthMin, size: sum(branches.map(({ size }) => size)) };
}

/** More repeats than an element has characters: at least one of them is of the empty text, and then any number may be. */
const REPEATS_MAX = ELEMENT_LENGTH_MAX + 1;

/** `min` to `max` times the same; `max` may be Infinity. Counts beyond what elements can tell apart become the same count. */
export function repeat(of: Syntax, min: number, max: number): Syntax {
  if (max === 0 || isEmpty(of)) return EMPTY;
  if (isNever(of)) return min === 0 ? EMPTY : NEVER;
  if (of.lengthMin * min > ELEMENT_LENGTH_MAX) return NEVER;
  if (min === 1 && max === 1) return of;
  const least = Math.min(min, REPEATS_MAX);
  const most = max < REPEATS_MAX ? max : Infinity;
  const written = most === Infinity ? Math.max(1, least) : most;
  return { kind: 'repeat', of, min: least, max: most, lengthMin: of.lengthMin * min, size: of.size * written };
}

/** Whether nothing matches. */
export function isNever(syntax: Syntax): boolean {
  return syntax.kind === 'set' && syntax.set === NO_CHARACTER;
}

function isEmpty(syntax: Syntax): boolean {
  return syntax.kind === 'sequence' && syntax.parts.length === 0;
}

/** The pattern of a whole element: places that hold at its edges anyway are left out (no element is empty). */
export function ofWholeElement(syntax: Syntax): Syntax {
  const parts = syntax.kind === 'sequence' ? [...syntax.parts] : [syntax];
  while (holdsAtEdge(parts[0], 'begin')) parts.shift();
  while (holdsAtEdge(parts.at(-1), 'end')) parts.pop();
  return sequence(parts);
}

function holdsAtEdge(part: Syntax | undefined, edge: 'begin' | 'end'): boolean {
  return part?.kind === 'place' && (part.place === edge || part.place === 'boundary');
}

/** The only text that matches, where the pattern is one; `undefined` otherwise. */
export function literalOf(syntax: Syntax): string | undefined {
  if (syntax.kind === 'set') return onlyCharacterOf(syntax.set);
  if (syntax.kind !== 'sequence' || syntax.parts.length === 0) return undefined;
  let text = '';
  for (const part of syntax.parts) {
    const character = part.kind === 'set' ? onlyCharacterOf(part.set) : undefined;
    if (character === undefined) return undefined;
    text += character;
  }
  return text;
}

const PLACE_AS_RE2 = { begin: '\\A', end: '\\z', boundary: '\\b', inside: '\\B' } as const satisfies Record<
  Place,
  string
>;

/** The same in the syntax of RE2; of a pattern that matches something. */
export function asRe2(syntax: Syntax): string {
  switch (syntax.kind) {
    case 'set':
      return setAsRe2(syntax.set);
    case 'place':
      return PLACE_AS_RE2[syntax.place];
    case 'sequence':
      return syntax.parts.map(asRe2).join('');
    case 'choice':
      return `(?:${syntax.branches.map(asRe2).join('|')})`;
    case 'repeat':
      return `(?:${asRe2(syntax.of)})${countsAsRe2(syntax.min, syntax.max)}`;
    default:
      return assertNever(syntax);
  }
}

function countsAsRe2(min: number, max: number): string {
  return max === Infinity ? `{${min},}` : `{${min},${max}}`;
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0);
}
