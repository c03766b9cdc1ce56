import { assert } from '../../base/assert.js';
import type { Refusal } from '../../base/refusal.js';
import { readRefusal, type Update } from './updates.js';

/** What a request was answered: the record at a version, or a refusal. */
export type Answered =
  | { readonly kind: 'record'; readonly name: string; readonly version: number }
  | { readonly kind: 'refused'; readonly refusal: Refusal };

/** The answer as the table of known requests holds it: which version was answered, not the record itself. */
export function encodeAnswer(update: Update): string {
  return JSON.stringify(update.kind === 'fields' ? [update.name, update.version] : update.refusal);
}

/** Reads such an answer back. */
export function decodeAnswer(text: string): Answered {
  const raw: unknown = JSON.parse(text);
  if (Array.isArray(raw)) {
    const [name, version] = raw as unknown[];
    assert(typeof name === 'string' && typeof version === 'number', 'an answer names a record and its version');
    return { kind: 'record', name, version };
  }
  const refusal = readRefusal(raw);
  assert(refusal !== undefined, 'an answer is a record or a refusal');
  return { kind: 'refused', refusal };
}
