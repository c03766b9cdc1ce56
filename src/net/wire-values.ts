import type { Chain } from '../base/entry.js';
import { op, replicaIndex, view, type OpNumber, type ReplicaIndex, type View } from '../base/numbers.js';

/** Bytes from outside that are no such message: caught at the gate that read them, told as `problem`, never a crash. */
export class MalformedError extends Error {
  override readonly name = 'MalformedError';
  constructor(readonly problem: string) {
    super(problem);
  }
}

/** A whole number from 0 that a double holds exactly; anything else is malformed. */
export function naturalOf(value: number, what: string): number {
  if (!Number.isSafeInteger(value) || value < 0) throw new MalformedError(`${what} is no whole number from 0`);
  return value;
}

export const viewOf = (value: number): View => view(naturalOf(value, 'view'));
export const opOf = (value: number, what = 'op'): OpNumber => op(naturalOf(value, what));

/** The index of one of `count` replicas. */
export function replicaIndexOf(value: number, count: number): ReplicaIndex {
  if (naturalOf(value, 'replica index') >= count) throw new MalformedError(`there is no replica ${value}`);
  return replicaIndex(value);
}

const CHAIN = /^[0-9a-f]{32}$/;

/** A chain: 32 lower-case hexadecimal digits. */
export function chainOf(text: string): Chain {
  if (!CHAIN.test(text)) throw new MalformedError('a chain is 32 hexadecimal digits');
  return text;
}

const SHA256 = /^[0-9a-f]{64}$/;

/** A SHA-256: 64 lower-case hexadecimal digits. */
export function sha256Of(text: string): string {
  if (!SHA256.test(text)) throw new MalformedError('a hash is 64 hexadecimal digits');
  return text;
}

/** What must be there; proto calls an absent message null. */
export function partOf<T>(value: T | null | undefined, what: string): T {
  if (value === null || value === undefined) throw new MalformedError(`${what} is missing`);
  return value;
}

/** The meaning of an enum's name in `table`; unspecified and unknown values are malformed. */
export function meaningOf<T>(table: ReadonlyMap<unknown, T>, name: unknown, what: string): T {
  const meaning = table.get(name);
  if (meaning === undefined) throw new MalformedError(`${what} is not known`);
  return meaning;
}

/** The object in a JSON text. */
export function jsonObjectOf(text: string, what: string): Readonly<Record<string, unknown>> {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw new MalformedError(`${what} is no JSON`);
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new MalformedError(`${what} is no JSON object`);
  }
  return value as Readonly<Record<string, unknown>>;
}

const FILE_NAME = /^[A-Za-z0-9_-][A-Za-z0-9._-]*(?:\/[A-Za-z0-9_-][A-Za-z0-9._-]*)*$/;

/** A file name relative to a replica's folder that cannot lead out of it. */
export function fileNameOf(text: string): string {
  if (text.length > 200 || !FILE_NAME.test(text)) throw new MalformedError('a file name leads out of the folder');
  return text;
}
