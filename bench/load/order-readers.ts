import type { ServiceError } from '@grpc/grpc-js';
import { FoodOrdering } from '../contract.js';
import { asIs, Connections } from './connections.js';
import { type Connect, readTurn } from './customers.js';
import { fillShelf, ORDERS_PER_READER, readerName } from './shelf.js';

const { path, requestSerialize, responseDeserialize } = FoodOrdering.service.GetOrders;

/** Customers who look at their 20 orders, linearizable as by default. */
export const connect: Connect = async (load) => {
  const { customers, target } = load;
  const connections = new Connections(FoodOrdering, load);
  const placed = await fillShelf(connections.of(0), target.addresses[0] ?? '', customers);
  const requests = Array.from({ length: customers }, (_, index) =>
    requestSerialize({ user_code: readerName(index), page_size: ORDERS_PER_READER }),
  );
  const isRead = readTurn();
  return {
    call(index, done) {
      const request = requests[index] ?? Buffer.alloc(0);
      connections
        .of(index)
        .makeUnaryRequest(path, asIs, asIs, request, (error: ServiceError | null, response?: Buffer) => {
          done(error?.message ?? (isRead() ? problemOf(response) : undefined));
        });
    },
    acknowledged: () => placed,
    close: async () => connections.close(),
  };
};

function problemOf(response: Buffer | undefined): string | undefined {
  if (response === undefined) return 'no answer';
  const { length } = responseDeserialize(response).orders;
  return length === ORDERS_PER_READER ? undefined : `${length} orders instead of ${ORDERS_PER_READER}`;
}
