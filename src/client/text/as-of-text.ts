import type { AsOfView } from '../../ports/ordering-client.js';
import { clockTime } from './values.js';

/** Labels an answer that was read with consistency `any`: what it is based on. */
export function asOfText(asOf: AsOfView): string {
  const level = asOf.time === '' ? 'not level with the primary since it started' : clockTime(asOf.time);
  return `as of op ${asOf.op}, ${level}, may be incomplete`;
}
