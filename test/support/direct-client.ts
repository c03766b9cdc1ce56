import { directClient as open, type DirectClient } from '../../src/net/direct-client.js';
import { CLUSTER_TOKEN, type Replica } from './cluster.js';

export type { DirectClient } from '../../src/net/direct-client.js';

/** Opens a direct way to a replica of a test cluster; resolves when it is open. */
export const directClient = (replica: Replica, deadlineMs: number): Promise<DirectClient> =>
  open(replica, CLUSTER_TOKEN, deadlineMs);
