import { setTimeout as pause } from 'node:timers/promises';
import { UsageError } from './command-error.js';
import type { Cli, CommonOptions } from './cli.js';
import { withKnownToken } from './configuration.js';
import type { ReplicaControl } from './environment.js';
import type { ClusterConfiguration } from '../ports/configuration.js';
import type { ReplicaAnswer } from './cluster-status.js';
import { replicaAnswers } from './start-report.js';

/** Opens a control of one replica, does something with it, and closes it in any case. */
export async function withControl<T>(
  cli: Cli,
  { replicas, ...access }: Pick<ClusterConfiguration, 'replicas' | 'token' | 'tls'>,
  id: string,
  action: (control: ReplicaControl) => Promise<T>,
): Promise<T> {
  const member = replicas.find((one) => one.id === id);
  if (member === undefined) throw new UsageError(noSuchReplica(id, replicas));
  const control = await cli.environment.createReplicaControl(member.address, access);
  try {
    return await action(control);
  } finally {
    control.close();
  }
}

/** The cluster of the options, of which `id`, if given, must be a replica. Throws UsageError, ConfigurationError. */
export function clusterOf(cli: Cli, options: CommonOptions, id?: string): ClusterConfiguration {
  const configuration = withKnownToken(cli.settings(options));
  const isKnown = id === undefined || configuration.replicas.some((one) => one.id === id);
  if (!isKnown) throw new UsageError(noSuchReplica(id, configuration.replicas));
  return configuration;
}

const noSuchReplica = (id: string, replicas: ClusterConfiguration['replicas']): string =>
  `there is no replica ${JSON.stringify(id)}; there are ${replicas.map((one) => one.id).join(', ')}.`;

/** ms that a failover under way, or a busy replica, has before the cluster is judged by what it says. */
const PATIENCE_MS = 3_000;
const ASK_EVERY_MS = 100;

/** What each replica says of itself; while some answer and none is primary, what they say a moment later: a failover is no state to judge. */
export async function settledAnswers(cli: Cli, configuration: ClusterConfiguration): Promise<ReplicaAnswer[]> {
  const giveUpMs = performance.now() + PATIENCE_MS;
  for (;;) {
    const answers = await replicaAnswers(cli, configuration);
    const statuses = answers.flatMap(({ status }) => status ?? []);
    const isOpen = statuses.some(({ role, writable }) => role === 'primary' && writable);
    if (isOpen || statuses.length === 0 || performance.now() > giveUpMs) return answers;
    await pause(ASK_EVERY_MS);
  }
}
