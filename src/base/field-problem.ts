import { refusal, type Refusal } from './refusal.js';

/** What is wrong with a field, named as in the proto (`lines[2].quantity`), and what to do. Never holds its text. */
export interface FieldProblem {
  readonly field: string;
  readonly problem: string;
  readonly nextStep: string;
}

/** The refusal of a field, INVALID_FIELD, for the caller. */
export function fieldRefusal({ field, problem, nextStep }: FieldProblem): Refusal {
  return refusal('INVALID_FIELD', `${field} ${problem}; ${nextStep}.`, { field });
}
