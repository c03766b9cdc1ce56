import { fieldRefusal, type FieldProblem } from '../../base/field-problem.js';
import type { Refusal } from '../../base/refusal.js';
import { PAGE_SIZE_MAX, PAIRS_BYTES_MAX, PAIRS_MAX } from './limits.js';
import type { Selection } from './requests.js';
import type { Pair } from './tuple.js';

/** A pair as the proto file has it. */
export interface WirePair {
  readonly key: { readonly elements: readonly string[] } | null;
  readonly value: { readonly elements: readonly string[] } | null;
}

/** Patterns and pages as the proto file has them. */
export interface WireSelection {
  readonly keys: { readonly patterns: readonly string[] } | null;
  readonly values: { readonly patterns: readonly string[] } | null;
  readonly page_size: number;
  readonly page_token: string;
}

type Refused = { readonly kind: 'refused'; readonly refusal: Refusal };

/**
 * The pairs of a Put or Post. A list that is none is refused with its first entry that is wrong; a pair whose tuples are malformed is
 * no reason: it comes back as not used.
 */
export function readPairs(
  given: readonly WirePair[],
): { readonly kind: 'read'; readonly pairs: readonly Pair[] } | Refused {
  if (given.length === 0) return refused('pairs', 'is empty', 'give at least one pair');
  if (given.length > PAIRS_MAX)
    return refused('pairs', `has ${given.length} entries, more than ${PAIRS_MAX}`, 'make several calls of it');
  const pairs: Pair[] = [];
  let bytes = 0;
  for (const [index, { key, value }] of given.entries()) {
    if (key === null) return refused(`pairs[${index}].key`, 'is missing', 'give every pair a key and a value');
    if (value === null) return refused(`pairs[${index}].value`, 'is missing', 'give every pair a key and a value');
    for (const element of [...key.elements, ...value.elements]) bytes += Buffer.byteLength(element) + 1;
    pairs.push({ key: key.elements, value: value.elements });
  }
  if (bytes > PAIRS_BYTES_MAX)
    return refused('pairs', `has ${bytes} bytes of texts, more than ${PAIRS_BYTES_MAX}`, 'make several calls of it');
  return { kind: 'read', pairs };
}

const TOKEN = /^[1-9][0-9]{0,14}$/;

/**
 * What a Get or Delete is about. Patterns are judged later: malformed ones are answered, not refused. `sizeDefault`: where no page
 * size is given.
 */
export function readSelection(
  { keys, values, page_size: size, page_token: token }: WireSelection,
  sizeDefault: number,
): { readonly kind: 'read'; readonly selection: Selection } | Refused {
  if (size > PAGE_SIZE_MAX) return refused('page_size', `is over ${PAGE_SIZE_MAX}`, `ask for 1 to ${PAGE_SIZE_MAX}`);
  if (token !== '' && !TOKEN.test(token))
    return refused(
      'page_token',
      'is none of this service',
      'send the next_page_token of the answer before, or nothing',
    );
  const selection: Selection = {
    keys: keys?.patterns,
    values: values?.patterns,
    limit: size === 0 ? sizeDefault : size,
    after: token === '' ? 0 : Number(token),
  };
  return { kind: 'read', selection };
}

function refused(field: string, problem: string, nextStep: string): Refused {
  const wrong: FieldProblem = { field, problem, nextStep };
  return { kind: 'refused', refusal: fieldRefusal(wrong) };
}
