import type { ReplicaStatus } from '../ports/calls.js';
import type { ClusterConfiguration } from '../ports/configuration.js';
import type { Inspector } from './environment.js';
import type { Cli } from './cli.js';

/** A replica that was asked how it is, and can be asked more. */
export interface ReachedReplica {
  readonly id: string;
  readonly address: string;
  readonly resources: string;
  /** Absent: it did not answer, and `why` says why. */
  readonly status: ReplicaStatus | undefined;
  readonly why: string;
  readonly inspector: Inspector;
}

/** Asks every replica how it is, does something with them, and closes the connections in any case. */
export async function withReplicas<T>(
  cli: Cli,
  { replicas, ...access }: Pick<ClusterConfiguration, 'replicas' | 'token' | 'tls'>,
  action: (reached: readonly ReachedReplica[]) => Promise<T>,
): Promise<T> {
  const inspectors: Inspector[] = [];
  try {
    const reached = await Promise.all(
      replicas.map(async ({ id, address, resources }): Promise<ReachedReplica> => {
        const inspector = await cli.environment.createInspector(address, access);
        inspectors.push(inspector);
        try {
          return { id, address, resources, status: await inspector.status(), why: '', inspector };
        } catch (error) {
          const why = error instanceof Error ? error.message : String(error);
          return { id, address, resources, status: undefined, why, inspector };
        }
      }),
    );
    return await action(reached);
  } finally {
    for (const inspector of inspectors) inspector.close();
  }
}
