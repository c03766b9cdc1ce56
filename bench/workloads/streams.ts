import { ORDER_CALLS } from './order.js';
import type { Workload } from './workload.js';

const { etcd, postgres } = ORDER_CALLS;

/** Orders over one stream, as many under way as the others have customers. */
export const stream: Workload = {
  name: 'stream',
  what: 'orders over one MakeOrders stream, as many under way as the others have customers, write concern majority',
  unit: 'orders',
  customers: [64],
  calls: { 'just-hungry': { calls: 'stream' }, etcd, postgres },
};

/** Orders over one stream that gathers them, as an aggregator's does. */
export const streamWide: Workload = {
  name: 'stream-wide',
  what: 'orders over one MakeOrders stream, 16 under way for each customer of the others, write concern majority',
  unit: 'orders',
  customers: [64],
  calls: { 'just-hungry': { calls: 'stream', callsEach: 16 }, etcd, postgres },
};
