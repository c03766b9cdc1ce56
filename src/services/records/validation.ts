import { assertNever } from '../../base/assert.js';
import type { FieldProblem } from '../../base/field-problem.js';
import * as limits from './limits.js';
import { bytesOf } from './record-value.js';
import type { Field, RecordsQuery, RecordsRequest } from './requests.js';

/**
 * Names of records and fields: letters, digits, blanks inside, and `_ . : / @ -`; the first a letter, digit or `_`. So a key never
 * holds the `=` that ends it in a file, and no spreadsheet takes it for a formula.
 */
const NAME = new RegExp(
  `^(?=.{1,${limits.NAME_LENGTH_MAX}}$)[\\p{L}\\p{N}_](?:[\\p{L}\\p{M}\\p{N}_.:/@ -]*[\\p{L}\\p{M}\\p{N}_.:/@-])?$`,
  'u',
);
const NAME_ALLOWED = `1 to ${limits.NAME_LENGTH_MAX} letters, digits, blanks and _ . : / @ -, the first a letter, digit or _`;

const SURROGATE = /\p{Surrogate}/u;

/** The gate of every request: the first thing that is wrong, or `undefined`. Behind it the service takes the request as valid. */
export function requestProblem(request: RecordsRequest): FieldProblem | undefined {
  return (
    nameProblem('name', request.name) ??
    fieldsProblem(request.fields) ??
    (request.expectedVersion === undefined
      ? undefined
      : whole('expected_version', request.expectedVersion, Number.MAX_SAFE_INTEGER))
  );
}

/** The gate of every query: the first thing that is wrong, or `undefined`. */
export function queryProblem(query: RecordsQuery): FieldProblem | undefined {
  switch (query.kind) {
    case 'get':
      return nameProblem('name', query.name);
    case 'list':
      return (
        (query.after === '' ? undefined : nameProblem('after', query.after)) ??
        whole('page_size', query.pageSize, limits.PAGE_SIZE_MAX)
      );
    default:
      return assertNever(query);
  }
}

/** What is wrong with the name of a record or field, or `undefined`. */
export function nameProblem(field: string, name: string): FieldProblem | undefined {
  if (NAME.test(name)) return undefined;
  return { field, problem: 'is no name', nextStep: `give ${NAME_ALLOWED}` };
}

function fieldsProblem(fields: readonly Field[]): FieldProblem | undefined {
  if (fields.length === 0) return { field: 'fields', problem: 'is empty', nextStep: 'set at least one field' };
  if (fields.length > limits.FIELDS_MAX)
    return {
      field: 'fields',
      problem: `has ${fields.length} entries, more than ${limits.FIELDS_MAX}`,
      nextStep: 'make several updates of it, or several records',
    };
  const keys = new Set<string>();
  for (const [index, [key, value]] of fields.entries()) {
    const problem = nameProblem('key', key) ?? valueProblem(value) ?? twice(keys, key);
    if (problem !== undefined) return { ...problem, field: `fields[${index}].${problem.field}` };
    keys.add(key);
  }
  const bytes = bytesOf(fields);
  if (bytes <= limits.RECORD_BYTES_MAX) return undefined;
  return {
    field: 'fields',
    problem: `take ${bytes} bytes, more than the ${limits.RECORD_BYTES_MAX} of a record`,
    nextStep: 'spread them over several records',
  };
}

function valueProblem(value: string): FieldProblem | undefined {
  const bytes = Buffer.byteLength(value);
  if (bytes > limits.VALUE_BYTES_MAX)
    return {
      field: 'value',
      problem: `has ${bytes} bytes, more than ${limits.VALUE_BYTES_MAX}`,
      nextStep: 'spread it over several fields',
    };
  // Half a character has no UTF-8: it could not come back as it was.
  return SURROGATE.test(value)
    ? { field: 'value', problem: 'holds half a character (a lone surrogate)', nextStep: 'send valid Unicode' }
    : undefined;
}

function twice(keys: ReadonlySet<string>, key: string): FieldProblem | undefined {
  return keys.has(key) ? { field: 'key', problem: 'is there twice', nextStep: 'keep one of them' } : undefined;
}

function whole(field: string, value: number, max: number): FieldProblem | undefined {
  return Number.isInteger(value) && value >= 0 && value <= max
    ? undefined
    : { field, problem: `is not a whole number from 0 to ${max}`, nextStep: 'correct it' };
}
