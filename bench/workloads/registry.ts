import { append } from './append.js';
import { backupDown, transfer } from './faults.js';
import { order } from './order.js';
import { put } from './put.js';
import { orderAll, orderMajority, orderWc1 } from './order-concerns.js';
import { menu, mix, ordersOfUser } from './reads.js';
import { stream, streamWide } from './streams.js';
import type { Workload } from './workload.js';

/** All workloads, in the order in which they run. A new one: its entry here, its customers in load/customers.ts. */
export const WORKLOADS: readonly Workload[] = [
  order,
  stream,
  streamWide,
  orderWc1,
  orderMajority,
  orderAll,
  ordersOfUser,
  menu,
  mix,
  append,
  put,
  backupDown,
  transfer,
];

/** Those of a list such as `order,menu`, or `all`. Throws when there is none of a name. */
export function workloadsOf(list: string): readonly Workload[] {
  if (list === 'all') return WORKLOADS;
  return list.split(',').map((name) => {
    const found = WORKLOADS.find((one) => one.name === name);
    if (found !== undefined) return found;
    throw new Error(`there is no workload ${name}; there are ${WORKLOADS.map((one) => one.name).join(', ')}, and all`);
  });
}
