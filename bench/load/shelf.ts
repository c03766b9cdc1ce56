import type { ServiceError } from '@grpc/grpc-js';
import { v5 as uuidOf } from 'uuid';
import type { FoodOrdering } from '../contract.js';
import { orderRequest } from '../order.js';

type Connection = InstanceType<typeof FoodOrdering>;

/** Orders that each reader finds. */
export const ORDERS_PER_READER = 20;
const NAMESPACE = '3f1f4a1e-60f0-4c8e-9a53-0d2f9d6c7b11';
/** Readers whose orders are there, by address and name: placing them again would be harmless, and take time. */
const ready = new Set<string>();

/** The user code of a reader. */
export const readerName = (index: number): string => `reader-${index}`;

/** Places what readers will find, where it is not there yet; returns how many orders were acknowledged. */
export async function fillShelf(connection: Connection, address: string, readers: number): Promise<number> {
  let placed = 0;
  for (let reader = 0; reader < readers; reader++) {
    const name = readerName(reader);
    if (ready.has(`${address} ${name}`)) continue;
    await Promise.all(
      Array.from({ length: ORDERS_PER_READER }, (_, number) =>
        placeOne(connection, name, uuidOf(`${name} ${number}`, NAMESPACE)),
      ),
    );
    placed += ORDERS_PER_READER;
    ready.add(`${address} ${name}`);
  }
  return placed;
}

function placeOne(connection: Connection, name: string, id: string): Promise<void> {
  const request = { ...orderRequest(0), order_id: id, user_code: name };
  return new Promise((resolve, reject) => {
    connection.MakeOrder(request, (error: ServiceError | null) => (error === null ? resolve() : reject(error)));
  });
}
