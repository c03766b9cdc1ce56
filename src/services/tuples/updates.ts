import { assert } from '../../base/assert.js';
import { PAIRS_MAX } from './limits.js';
import type { PatternsProblem } from './replies.js';
import { isTupleText } from './tuple.js';

/** What the primary ships: the result of a request, as compact JSON. Tuples are texts (see tuple.ts). */
export type Update = ChangeUpdate | DeleteUpdate;

interface Asked {
  /** Hash over what was asked. */
  readonly content: string;
  /** Disks that had to hold it before it was acknowledged. */
  readonly copies: number;
}

/** Pairs were added or given another value. */
export interface ChangeUpdate extends Asked {
  readonly kind: 'put' | 'post';
  /** Those that were used: place in the list that was asked for, key, value. */
  readonly pairs: readonly (readonly [index: number, key: string, value: string])[];
  /** Places of those that were well-formed and not used: the key was present already, or absent. */
  readonly notUsed: readonly number[];
}

/** Pairs were removed. */
export interface DeleteUpdate extends Asked {
  readonly kind: 'delete';
  readonly removed: readonly (readonly [key: string, value: string])[];
  /** Serial number behind which to go on; 0: nothing is left. */
  readonly next: number;
  /** Why nothing could match. */
  readonly problem?: PatternsProblem;
}

/** The update that was encoded last. */
let lastEncoded: { readonly text: string; readonly update: Update } | undefined;

/** The update as an entry holds it. */
export function encodeUpdate(update: Update): string {
  const text = JSON.stringify(update);
  lastEncoded = { text, update };
  return text;
}

/** Reads an update of an entry. Entries are checked by checksum and chain: another shape is a bug and asserted. */
export function decodeUpdate(text: string): Update {
  // The primary, which speculates every entry right after making it, need not read its own text.
  if (lastEncoded?.text === text) return lastEncoded.update;
  const update = readUpdate(text);
  assert(update !== undefined, 'an entry of the tuple space holds one of its updates');
  return update;
}

/** As `decodeUpdate`, of text that nobody has vouched for; `undefined` when it is none. */
export function readUpdate(text: string): Update | undefined {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return undefined;
  }
  return isUpdate(value) ? value : undefined;
}

function isUpdate(value: unknown): value is Update {
  if (!isObject(value) || typeof value['content'] !== 'string' || !isWhole(value['copies'])) return false;
  const { kind } = value;
  if (kind === 'put' || kind === 'post')
    return (
      isList(value['pairs'], isUsedPair) &&
      isList(value['notUsed'], isWhole) &&
      (kind === 'post' || areDistinct(value['pairs'].map(([, key]) => key)))
    );
  if (kind !== 'delete') return false;
  return (
    isList(value['removed'], isTextPair) &&
    areDistinct(value['removed'].map(([key]) => key)) &&
    isWhole(value['next']) &&
    (value['problem'] === undefined || isPatternsProblem(value['problem']))
  );
}

/** A key is added once, and removed once. */
function areDistinct(keys: readonly string[]): boolean {
  return new Set(keys).size === keys.length;
}

function isUsedPair(value: unknown): value is readonly [number, string, string] {
  return (
    Array.isArray(value) && value.length === 3 && isWhole(value[0]) && isTupleText(value[1]) && isTupleText(value[2])
  );
}

function isTextPair(value: unknown): value is readonly [string, string] {
  return Array.isArray(value) && value.length === 2 && isTupleText(value[0]) && isTupleText(value[1]);
}

/** Whether this is what keeps patterns from being used, by its shape. */
export function isPatternsProblem(value: unknown): value is PatternsProblem {
  return (
    isObject(value) &&
    (value['kind'] === 'malformed' || value['kind'] === 'unsupported') &&
    typeof value['reason'] === 'string'
  );
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isWhole(value: unknown): value is number {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0;
}

function isList<T>(value: unknown, isMember: (member: unknown) => member is T): value is T[] {
  return Array.isArray(value) && value.length <= PAIRS_MAX && value.every(isMember);
}
