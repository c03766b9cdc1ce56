import type { OrderStatusName } from '../../ports/ordering-client.js';
import type { PostcodeVerdict__Output } from '../generated/justhungry/v1/PostcodeVerdict.js';

/*
 * Numbers of the enums in hot messages, as the proto gives them; a test compares them with it.
 */

/** Numbers of OrderStatus. */
export const STATUS_NUMBER = {
  placed: 1,
  accepted: 2,
  preparing: 3,
  ready: 4,
  delivered: 5,
  rejected: 6,
  cancelled: 7,
} as const satisfies Record<OrderStatusName, number>;

/** Numbers of PostcodeVerdict. */
export const VERDICT_NUMBER = {
  POSTCODE_VERDICT_UNSPECIFIED: 0,
  POSTCODE_VERDICT_VALID: 1,
  POSTCODE_VERDICT_MALFORMED: 2,
  POSTCODE_VERDICT_UNKNOWN: 3,
  POSTCODE_VERDICT_TERMINATED: 4,
  POSTCODE_VERDICT_UNCHECKED: 5,
} as const satisfies Record<PostcodeVerdict__Output, number>;

const verdicts = Object.keys(VERDICT_NUMBER) as PostcodeVerdict__Output[];

/** The verdict of a number; one that this version does not know stays a number, as proto-loader leaves it. */
export function verdictOfNumber(value: number): PostcodeVerdict__Output {
  return verdicts[value] ?? (value as unknown as PostcodeVerdict__Output);
}
