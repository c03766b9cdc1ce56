import type { Field } from './requests.js';

/** A record at one of its versions. It is never changed: an update makes the next one. */
export interface RecordValue {
  /** 1 when it is made, one more with every update. */
  readonly version: number;
  /** Op of the update that made this version. */
  readonly op: number;
  /** Time of that update's entry, ms since 1970. */
  readonly timeMs: number;
  /** In the order in which they were first set. */
  readonly fields: ReadonlyMap<string, string>;
}

/** Where in the log a version was made. */
export interface RecordPlace {
  readonly version: number;
  readonly op: number;
  readonly timeMs: number;
}

/** The record with these fields set; `before` absent: it is made. */
export function withFields(
  before: RecordValue | undefined,
  fields: readonly Field[],
  { version, op, timeMs }: RecordPlace,
): RecordValue {
  const all = new Map(before?.fields);
  for (const [key, value] of fields) all.set(key, value);
  return { version, op, timeMs, fields: all };
}

/** Bytes of fields as journal and table hold them: what RECORD_BYTES_MAX bounds. */
export function bytesOf(fields: Iterable<Field>): number {
  return Buffer.byteLength(encodeFields(fields));
}

/**
 * Fields as one line of text: JSON, a list of pairs. An object would lose their order where a key is a number, and JSON
 * brings every character back, line ends too, without a raw line end in a row.
 */
export function encodeFields(fields: Iterable<Field>): string {
  return JSON.stringify([...fields]);
}

/** The fields of such a text; `undefined` when it is none. */
export function decodeFields(text: string): readonly Field[] | undefined {
  let fields: unknown;
  try {
    fields = JSON.parse(text);
  } catch {
    return undefined;
  }
  return areFields(fields) ? fields : undefined;
}

/** Whether this is a list of pairs of texts. */
export function areFields(value: unknown): value is readonly Field[] {
  return Array.isArray(value) && value.every(isField);
}

const isField = (pair: unknown): boolean =>
  Array.isArray(pair) && pair.length === 2 && typeof pair[0] === 'string' && typeof pair[1] === 'string';
