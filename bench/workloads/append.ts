import type { Workload } from './workload.js';

/** Messages appended to the message log, each a call of its own: beside `order` what another service on the same core costs. */
export const append: Workload = {
  name: 'append',
  what: 'messages of 100 bytes appended to the message log, each a unary call of its own, write concern majority',
  unit: 'messages',
  customers: [64],
  calls: { 'just-hungry': { calls: 'append' } },
};
