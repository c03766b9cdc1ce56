import { UsageError } from './command-error.js';
import type { Cli, CommonOptions } from './cli.js';
import { withToken } from './configuration.js';
import type { ReplicaControl } from './environment.js';
import type { ClusterConfiguration } from '../ports/configuration.js';

/** Opens a control of one replica, does something with it, and closes it in any case. */
export async function withControl<T>(
  cli: Cli,
  { replicas, token }: Pick<ClusterConfiguration, 'replicas' | 'token'>,
  id: string,
  action: (control: ReplicaControl) => Promise<T>,
): Promise<T> {
  const member = replicas.find((one) => one.id === id);
  if (member === undefined) throw new UsageError(noSuchReplica(id, replicas));
  const control = await cli.environment.createReplicaControl(member.address, token);
  try {
    return await action(control);
  } finally {
    control.close();
  }
}

/** The cluster of the options, of which `id`, if given, must be a replica. Throws UsageError, ConfigurationError. */
export function clusterOf(cli: Cli, options: CommonOptions, id?: string): ClusterConfiguration {
  const configuration = withToken(cli.settings(options));
  const isKnown = id === undefined || configuration.replicas.some((one) => one.id === id);
  if (!isKnown) throw new UsageError(noSuchReplica(id, configuration.replicas));
  return configuration;
}

const noSuchReplica = (id: string, replicas: ClusterConfiguration['replicas']): string =>
  `there is no replica ${JSON.stringify(id)}; there are ${replicas.map((one) => one.id).join(', ')}.`;
