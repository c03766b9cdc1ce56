import { canonicalUuid } from '../services/uuid.js';
import { UsageError } from './command-error.js';

/** The id of an order as an argument gives it. Throws UsageError. */
export function orderIdOf(text: string): string {
  const id = canonicalUuid(text);
  if (id !== undefined) return id;
  throw new UsageError(`${JSON.stringify(text)} is no order id; 'just-hungry orders --user CODE' shows them.`);
}
