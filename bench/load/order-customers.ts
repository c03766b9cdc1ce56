import type { ServiceError } from '@grpc/grpc-js';
import { FoodOrdering } from '../contract.js';
import { asIs, Connections } from './connections.js';
import { type Connect, readTurn } from './customers.js';
import { orderTemplate } from './order-template.js';

const { path, responseDeserialize } = FoodOrdering.service.MakeOrder;

/** Customers who order: plain unary calls, each waiting for its answer. */
export const connect: Connect = async (load) => {
  const { customers, writeConcern } = load;
  const connections = new Connections(FoodOrdering, load);
  const templates = Array.from({ length: customers }, (_, index) => orderTemplate(index, writeConcern));
  const isRead = readTurn();
  let acknowledged = 0;
  return {
    call(index, done) {
      const { bytes } = templates[index]?.() ?? orderTemplate(index)();
      connections
        .of(index)
        .makeUnaryRequest(path, asIs, asIs, bytes, (error: ServiceError | null, response?: Buffer) => {
          const problem = error?.message ?? (isRead() ? problemOf(response, writeConcern) : undefined);
          if (problem === undefined) acknowledged++;
          done(problem);
        });
    },
    acknowledged: () => acknowledged,
    close: async () => connections.close(),
  };
};

/** What is wrong with an answer: it must say of as many disks as were asked for. */
function problemOf(response: Buffer | undefined, writeConcern: string | undefined): string | undefined {
  if (response === undefined) return 'no answer';
  const { receipt } = responseDeserialize(response);
  if (writeConcern === '1') return (receipt?.copies ?? 0) >= 1 ? undefined : 'on no disk';
  if (writeConcern === 'all' && (receipt?.copies ?? 0) < 3) return 'not on all three disks';
  return receipt?.committed === true ? undefined : 'not committed';
}
