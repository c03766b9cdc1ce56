import type { Workload } from './workload.js';

/** Customers look at their orders. */
export const ordersOfUser: Workload = {
  name: 'orders-of-user',
  what: 'a customer looks at 20 orders of its own, linearizable',
  unit: 'reads',
  customers: [64],
  calls: { 'just-hungry': { calls: 'orders-of-user' } },
};

/** Customers look at the menu. */
export const menu: Workload = {
  name: 'menu',
  what: 'a customer looks at the menu of three items, linearizable',
  unit: 'reads',
  customers: [64],
  calls: { 'just-hungry': { calls: 'menu' } },
};

/** Customers look at their orders more often than they order. */
export const mix: Workload = {
  name: 'mix',
  what: 'nine in ten calls look at 20 orders, linearizable; one in ten places another',
  unit: 'calls',
  customers: [64],
  calls: { 'just-hungry': { calls: 'mix' } },
};
