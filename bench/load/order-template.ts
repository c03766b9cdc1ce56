import { randomUUID } from 'node:crypto';
import { FoodOrdering } from '../contract.js';
import { orderRequest } from '../order.js';

const UUID_LENGTH = 36;

/** An order's bytes and its id. */
export interface OrderBytes {
  readonly id: string;
  readonly bytes: Buffer;
}

/**
 * Makes the orders of one customer as the bytes they travel as, each with an id of its own: encoding a message anew for each would
 * make the generator what is measured, for every subject alike.
 */
export function orderTemplate(customer: number, writeConcern?: string): () => OrderBytes {
  const request = orderRequest(customer);
  const whole = writeConcern === undefined ? request : { ...request, write_concern: writeConcern };
  const template = FoodOrdering.service.MakeOrder.requestSerialize(whole);
  const idAt = template.indexOf(request.order_id ?? '', 0, 'latin1');
  return () => {
    const id = randomUUID();
    const bytes = Buffer.from(template);
    bytes.write(id, idAt, UUID_LENGTH, 'latin1');
    return { id, bytes };
  };
}
