import {
  Customers as Crowd,
  type CustomersOptions as CrowdOptions,
  type DirectReads,
} from '../../src/operations/drill/customers.js';
import type { History } from '../../src/operations/drill/history.js';
import type { MenuItemView } from '../../src/ports/ordering-client.js';
import type { Cluster } from './cluster.js';
import { directClient } from './direct-client.js';

export { newOrder } from '../../src/operations/drill/customers.js';

/** How long a stubborn reader waits for an answer, ms. */
const STUBBORN_MS = 10_000;

/** Settings of a crowd of customers of a test cluster. */
export interface CustomersOptions extends CrowdOptions {
  /** Whether each replica also has a reader who asks nobody else, past the front ends: zombies get no other callers. Default false. */
  readonly hasStubborn?: boolean;
}

/** The customers of a test cluster. */
export class Customers extends Crowd {
  constructor(cluster: Cluster, history: History, { hasStubborn = false, ...options }: CustomersOptions = {}) {
    const direct = (): Promise<{ name: string; calls: DirectReads }[]> =>
      Promise.all(
        cluster.replicas.map(async (replica) => ({
          name: `stubborn reader of ${replica.id}`,
          calls: await directClient(replica, STUBBORN_MS),
        })),
      );
    const restaurant = {
      frontEnds: cluster.frontEnds.length,
      client: (order: readonly number[]) => cluster.client(order),
    };
    super(hasStubborn ? { ...restaurant, direct } : restaurant, history, options);
  }
}

/** The menu as customers see it. */
export async function menuOf(cluster: Cluster): Promise<readonly MenuItemView[]> {
  const { items } = await cluster.client().getMenu();
  return items;
}
