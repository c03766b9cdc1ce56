import { performance } from 'node:perf_hooks';
import type { GetOrdersResponse__Output } from '../../src/net/generated/justhungry/v1/GetOrdersResponse.js';
import { median } from '../statistics.js';
import type { Customer, ScaleCluster } from './cluster.js';

/** Latencies of reading the orders of a user who has this many. */
export const ORDERS_OF_USER = 20;
const USERS_WANTED = 20;
const CALLS_A_TURN = 50;

/** Time of one read of a user's orders, ms: median of each cluster, read in turns so that both meet the same machine. */
export async function readLatencies(clusters: readonly ScaleCluster[], turns: number): Promise<number[]> {
  const readers = await Promise.all(
    clusters.map(async (cluster) => {
      const customer = cluster.connect();
      return { customer, users: await usersWith(customer), times: [] as number[] };
    }),
  );
  // The first turn warms up.
  for (let turn = 0; turn <= turns; turn++) {
    for (const { customer, users, times } of readers) {
      for (let call = 0; call < CALLS_A_TURN; call++) {
        const began = performance.now();
        await ordersOf(customer, users[call % users.length] ?? '');
        if (turn > 0) times.push(performance.now() - began);
      }
    }
  }
  for (const { customer } of readers) customer.close();
  return readers.map(({ times }) => median(times));
}

/** Generated users with exactly so many orders. */
async function usersWith(customer: Customer): Promise<string[]> {
  const users: string[] = [];
  for (let number = 1, isThere = true; isThere && users.length < USERS_WANTED; number++) {
    const { orders } = await ordersOf(customer, `user-${number}`);
    if (orders.length === ORDERS_OF_USER) users.push(`user-${number}`);
    isThere = orders.length > 0;
  }
  if (users.length === 0) throw new Error(`no user has ${ORDERS_OF_USER} orders; generate at least 1,000 orders`);
  return users;
}

function ordersOf(customer: Customer, userCode: string): Promise<GetOrdersResponse__Output> {
  const request = { user_code: userCode, consistency: 'CONSISTENCY_LINEARIZABLE' } as const;
  return new Promise((resolve, reject) =>
    customer.GetOrders(request, { deadline: new Date(Date.now() + 10_000) }, (error, response) => {
      if (error === null && response !== undefined) resolve(response);
      else reject(error ?? new Error('no answer'));
    }),
  );
}
