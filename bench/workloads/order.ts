import type { Workload } from './workload.js';

/** An order as each system takes it: a unary call here and through the proxies, a put into etcd, an inserted row in PostgreSQL. */
export const ORDER_CALLS = {
  'just-hungry': { calls: 'order' },
  proxy: { calls: 'order' },
  etcd: { calls: 'etcd-put' },
  postgres: { calls: 'postgres-insert' },
} as const satisfies Workload['calls'];

/** Orders, each a call of its own. */
export const order: Workload = {
  name: 'order',
  what: 'orders, each a unary call of its own, write concern majority',
  unit: 'orders',
  customers: [1, 16, 64, 256],
  calls: ORDER_CALLS,
};
