import { ELEMENT_LENGTH_MAX, ELEMENTS_MAX } from './limits.js';

/** 1 to 16 texts of 1 to 64 letters and digits of ASCII. As a caller gives it, it may be malformed: see `tupleProblem`. */
export type Tuple = readonly string[];

/** A key and its value. */
export interface Pair {
  readonly key: Tuple;
  readonly value: Tuple;
}

const BETWEEN = ' ';
const ELEMENT = /^[0-9A-Za-z]{1,64}$/;
const TEXT = /^[0-9A-Za-z]{1,64}(?: [0-9A-Za-z]{1,64}){0,15}$/;

/** The tuple as memory, journal and tables have it: its elements with a blank between them, which none of them can hold. */
export function textOfTuple(tuple: Tuple): string {
  return tuple.join(BETWEEN);
}

/** The elements in the text of a tuple. */
export function tupleOfText(text: string): Tuple {
  return text.split(BETWEEN);
}

/** Whether this is the text of a well-formed tuple. */
export function isTupleText(value: unknown): value is string {
  return typeof value === 'string' && TEXT.test(value);
}

/** What keeps a tuple from being well-formed, for people and without its texts; `undefined` when nothing does. */
export function tupleProblem(tuple: Tuple): string | undefined {
  if (tuple.length === 0) return 'has no elements';
  if (tuple.length > ELEMENTS_MAX) return `has ${tuple.length} elements, more than ${ELEMENTS_MAX}`;
  const index = tuple.findIndex((element) => !ELEMENT.test(element));
  if (index === -1) return undefined;
  const element = tuple[index] ?? '';
  if (element === '') return `has an empty element [${index}]`;
  return /^[0-9A-Za-z]*$/.test(element)
    ? `has an element [${index}] of ${element.length} characters, more than ${ELEMENT_LENGTH_MAX}`
    : `has an element [${index}] with something else than ASCII letters and digits`;
}

/** What keeps a pair from being well-formed, as `tupleProblem`. */
export function pairProblem({ key, value }: Pair): string | undefined {
  const ofKey = tupleProblem(key);
  if (ofKey !== undefined) return `its key ${ofKey}`;
  const ofValue = tupleProblem(value);
  return ofValue === undefined ? undefined : `its value ${ofValue}`;
}
