import { setTimeout as pause } from 'node:timers/promises';
import type { Cli } from './cli.js';
import { clusterStatus, type ClusterStatus, type ReplicaAnswer } from './cluster-status.js';
import type { ClusterConfiguration } from '../ports/configuration.js';

/** ms that a starting cluster has to elect a primary, and a replica to take its place, before it is told that they have not. */
const PATIENCE_MS = 3_000;
const ASK_EVERY_MS = 100;

/** Asks every replica how it is. */
export async function askReplicas(cli: Cli, configuration: ClusterConfiguration): Promise<ClusterStatus> {
  return clusterStatus(await replicaAnswers(cli, configuration), configuration.quorum);
}

/** What each replica says of itself, in the order of the configuration. */
export function replicaAnswers(
  cli: Cli,
  configuration: Pick<ClusterConfiguration, 'replicas' | 'token' | 'tls'>,
): Promise<ReplicaAnswer[]> {
  const answers = configuration.replicas.map(async ({ id, address }): Promise<ReplicaAnswer> => {
    const reader = await cli.environment.createStatusReader(address, configuration);
    try {
      return { id, address, status: await reader.status(), why: '' };
    } catch (error) {
      return { id, address, status: undefined, why: error instanceof Error ? error.message : String(error) };
    } finally {
      reader.close();
    }
  });
  return Promise.all(answers);
}

/** The replicas when all take part and orders are taken, or as they are after a while, which the answers count into. */
export async function settledStatus(
  cli: Cli,
  configuration: ClusterConfiguration,
  isStopping: () => boolean,
  nowMs: () => number = () => performance.now(),
): Promise<ClusterStatus> {
  const giveUpMs = nowMs() + PATIENCE_MS;
  for (;;) {
    const status = await askReplicas(cli, configuration);
    const isSettled = status.writable && status.replicas.every(({ role }) => role === 'primary' || role === 'backup');
    if (isSettled || nowMs() >= giveUpMs || isStopping()) return status;
    await pause(ASK_EVERY_MS);
  }
}

/** What runs of `names` after a start, what does not, and whether orders are taken: one line; `isWhole` when nothing lacks. */
export function startReport(
  names: readonly string[],
  notRunning: readonly string[],
  { writable, reason, replicas }: ClusterStatus,
): { readonly isWhole: boolean; readonly line: string } {
  const outside = replicas.filter(({ role }) => role !== 'primary' && role !== 'backup');
  const lacking = [
    ...notRunning.map((name) => `${name} is not up`),
    ...outside.filter(({ id }) => !notRunning.includes(id)).map(({ id, role, reason: why }) => lackOf(id, role, why)),
  ];
  if (lacking.length === 0 && writable) return { isWhole: true, line: 'All is up and ready for orders' };
  const running = names.filter((name) => !notRunning.includes(name));
  const orders = writable ? 'Orders are taken' : `No orders are taken yet: ${reason.replace(/[.\s]+$/, '')}`;
  return {
    isWhole: false,
    line: `${running.join(', ')} run${running.length === 1 ? 's' : ''}${lacking.map((one) => `; ${one}`).join('')}. ${orders}`,
  };
}

function lackOf(id: string, role: ClusterStatus['replicas'][number]['role'], why: string): string {
  switch (role) {
    case 'recovering':
      return `${id} is recovering from the others`;
    case 'founding':
      return `${id} waits for the others, to found the cluster`;
    case 'down':
    case 'unknown':
      return `${id} does not answer (${why})`;
    default:
      return `${id} is not a member of the view yet`;
  }
}
