import type { ServiceError } from '@grpc/grpc-js';
import { FoodOrdering } from '../contract.js';
import { BENCH_MENU_ITEMS } from '../order.js';
import { asIs, Connections } from './connections.js';
import { type Connect, readTurn } from './customers.js';

const { path, requestSerialize, responseDeserialize } = FoodOrdering.service.GetMenu;

/** Customers who look at the menu, linearizable as by default. */
export const connect: Connect = async (load) => {
  const connections = new Connections(FoodOrdering, load);
  const request = requestSerialize({});
  const isRead = readTurn();
  return {
    call(index, done) {
      connections
        .of(index)
        .makeUnaryRequest(path, asIs, asIs, request, (error: ServiceError | null, response?: Buffer) => {
          done(error?.message ?? (isRead() ? problemOf(response) : undefined));
        });
    },
    acknowledged: () => 0,
    close: async () => connections.close(),
  };
};

function problemOf(response: Buffer | undefined): string | undefined {
  if (response === undefined) return 'no answer';
  const { length } = responseDeserialize(response).items;
  return length === BENCH_MENU_ITEMS ? undefined : `${length} items instead of ${BENCH_MENU_ITEMS}`;
}
