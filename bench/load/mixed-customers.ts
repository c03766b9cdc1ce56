import type { Connect } from './customers.js';
import { connect as connectCustomers } from './order-customers.js';
import { connect as connectReaders } from './order-readers.js';

/** One call in this many is an order, the others look at orders. */
const ORDER_EVERY = 10;

/** Customers of whose calls nine in ten look at their orders and one places another, not all at the same time. */
export const connect: Connect = async (load) => {
  const readers = await connectReaders(load);
  const buyers = await connectCustomers(load);
  const turns = Array.from({ length: load.customers }, (_, index) => index);
  return {
    call(index, done) {
      const turn = turns[index] ?? 0;
      turns[index] = turn + 1;
      (turn % ORDER_EVERY === 0 ? buyers : readers).call(index, done);
    },
    acknowledged: () => readers.acknowledged() + buyers.acknowledged(),
    async close() {
      await readers.close();
      await buyers.close();
    },
  };
};
