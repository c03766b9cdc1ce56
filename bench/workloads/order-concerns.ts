import type { Workload } from './workload.js';

/** Orders that are answered when the primary's own disk has them. */
export const orderWc1: Workload = {
  name: 'order-wc1',
  what: 'orders with write concern 1: answered when one disk has them',
  unit: 'orders',
  customers: [64],
  calls: { 'just-hungry': { calls: 'order', writeConcern: '1' } },
};

/** Orders that are answered when a majority of the disks has them, named in the request. */
export const orderMajority: Workload = {
  name: 'order-majority',
  what: 'orders that name write concern majority: answered when two disks of three have them',
  unit: 'orders',
  customers: [64],
  calls: { 'just-hungry': { calls: 'order', writeConcern: 'majority' } },
};

/** Orders that are answered when every disk has them. */
export const orderAll: Workload = {
  name: 'order-all',
  what: 'orders with write concern all: answered when three disks of three have them',
  unit: 'orders',
  customers: [64],
  calls: { 'just-hungry': { calls: 'order', writeConcern: 'all' } },
};
