import { refusal, type Refusal } from '../base/refusal.js';
import { CUSTOMER_MESSAGE_BYTES_MAX } from './channel-options.js';

/** Refusal of a customer's message over the limit. */
export function tooLarge(bytes: number): Refusal {
  const message = `The request has ${bytes} bytes and at most ${CUSTOMER_MESSAGE_BYTES_MAX} are taken; send less at once. Nothing was done.`;
  return refusal('MESSAGE_TOO_LARGE', message, { bytes: String(bytes), bytes_max: String(CUSTOMER_MESSAGE_BYTES_MAX) });
}
