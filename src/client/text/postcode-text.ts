import { assertNever } from '../../base/assert.js';
import type { PostcodeVerdictName } from '../../ports/ordering-client.js';

/** What is known of a postcode, as a sentence. */
export function verdictText(typed: string, verdict: PostcodeVerdictName, normalised: string, reason: string): string {
  const name = normalised === '' ? typed : normalised;
  const why = reason === '' ? '' : ` (${reason})`;
  switch (verdict) {
    case 'valid':
      return `${name} is a valid postcode.`;
    case 'malformed':
      return `${name} does not have the form of a UK postcode${why}.`;
    case 'unknown':
      return `${name} does not exist${why}.`;
    case 'terminated':
      return `${name} is no longer in use${why}.`;
    case 'unchecked':
      return `${name} could not be checked just now${why}; orders to it are checked later.`;
    default:
      return assertNever(verdict);
  }
}
