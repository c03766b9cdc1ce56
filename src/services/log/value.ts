import type { FieldProblem } from '../../base/field-problem.js';
import { VALUE_BYTES_MAX } from './limits.js';

const LONE_SURROGATE = /\p{Surrogate}/u;

/** What keeps a text from being a message, or `undefined`. Never quotes it: it may be private. */
export function valueProblem(value: string): FieldProblem | undefined {
  const field = 'value';
  if (value === '') return { field, problem: 'is empty', nextStep: `give 1 to ${VALUE_BYTES_MAX} bytes of UTF-8 text` };
  const bytes = Buffer.byteLength(value);
  if (bytes > VALUE_BYTES_MAX)
    return { field, problem: `has ${bytes} bytes, more than ${VALUE_BYTES_MAX}`, nextStep: 'split it' };
  if (LONE_SURROGATE.test(value))
    return { field, problem: 'holds half a character (a lone surrogate)', nextStep: 'send valid Unicode' };
  return undefined;
}
