import type { Workload } from './workload.js';

/** Pairs put into the tuple space: beside `order` what another service on the same core costs. */
export const put: Workload = {
  name: 'put',
  what: 'pairs of tuples put into the tuple space, each a unary call of its own with a new key, write concern majority',
  unit: 'pairs',
  customers: [64],
  calls: { 'just-hungry': { calls: 'put' } },
};
