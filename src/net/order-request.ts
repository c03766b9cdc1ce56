import type { NewOrder } from '../ports/ordering-client.js';
import type { MakeOrderRequest } from './generated/justhungry/v1/MakeOrderRequest.js';

/** An order as the proto message. */
export function makeOrderRequest({ lines, contact, ...order }: NewOrder): MakeOrderRequest {
  const request = { ...order, lines: lines.map((line) => ({ ...line })) };
  return contact === undefined ? request : { ...request, contact: { ...contact } };
}
