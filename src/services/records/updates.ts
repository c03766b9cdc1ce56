import { assert } from '../../base/assert.js';
import { digest } from '../../base/digest.js';
import { REFUSAL_REASONS, type Refusal, type RefusalReason } from '../../base/refusal.js';
import { areFields } from './record-value.js';
import type { Field, UpdateRecord } from './requests.js';

/** What the primary ships: the result of a request as compact JSON. Op, time and request id are the entry's. */
export type Update = FieldsUpdate | RefusedUpdate;

/** Fields of a record were set; it then has `version`. */
export interface FieldsUpdate {
  readonly kind: 'fields';
  readonly name: string;
  readonly version: number;
  readonly fields: readonly Field[];
  /** As it was asked: of an update that is executed again it is judged again. */
  readonly expectedVersion?: number;
  /** Disks that had to hold it before it was acknowledged. */
  readonly copies: number;
}

/** A request was refused by the state it met; its id is spent (rule 9). */
export interface RefusedUpdate {
  readonly kind: 'refused';
  readonly refusal: Refusal;
  /** Hash over what was asked. */
  readonly content: string;
}

/** The update as an entry holds it. */
export const encodeUpdate = (update: Update): string => JSON.stringify(update);

/** The update of an entry: this program wrote it, so that anything else is a bug. */
export function decodeUpdate(text: string): Update {
  const update = readUpdate(text);
  assert(update !== undefined, 'an entry of records holds an update');
  return update;
}

/** The update in a text of unknown origin; `undefined` when it is none. */
export function readUpdate(text: string): Update | undefined {
  let raw: Partial<Record<string, unknown>>;
  try {
    raw = (JSON.parse(text) ?? {}) as Partial<Record<string, unknown>>;
  } catch {
    return undefined;
  }
  if (raw['kind'] === 'fields') return fieldsUpdate(raw);
  if (raw['kind'] !== 'refused' || typeof raw['content'] !== 'string') return undefined;
  const refusal = readRefusal(raw['refusal']);
  return refusal === undefined ? undefined : { kind: 'refused', refusal, content: raw['content'] };
}

/** A refusal as JSON holds it; `undefined` when it is none. */
export function readRefusal(raw: unknown): Refusal | undefined {
  if (typeof raw !== 'object' || raw === null) return undefined;
  const { reason, message, details } = raw as Partial<Record<string, unknown>>;
  if (!REFUSAL_REASONS.includes(reason as RefusalReason) || typeof message !== 'string') return undefined;
  const known = { reason: reason as RefusalReason, message };
  return details === undefined ? known : { ...known, details: details as Readonly<Record<string, string>> };
}

/** Hash over what was asked: the same id with another content is another request. */
export function contentOf({
  name,
  fields,
  expectedVersion,
}: Pick<UpdateRecord, 'name' | 'fields' | 'expectedVersion'>): string {
  return digest(JSON.stringify([name, fields, expectedVersion ?? null]));
}

function fieldsUpdate(raw: Partial<Record<string, unknown>>): FieldsUpdate | undefined {
  const { name, version, fields, expectedVersion, copies } = raw;
  if (typeof name !== 'string' || !areFields(fields) || !isWhole(version) || !isWhole(copies)) return undefined;
  const update = { kind: 'fields', name, version, fields, copies } as const;
  if (expectedVersion === undefined) return update;
  return isWhole(expectedVersion) ? { ...update, expectedVersion } : undefined;
}

const isWhole = (value: unknown): value is number => Number.isSafeInteger(value) && (value as number) >= 0;
