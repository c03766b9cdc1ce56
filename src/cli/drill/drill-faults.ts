import { mkdirSync, renameSync, rmSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { until } from '../../operations/drill/until.js';
import type { ChaosDeed, ChaosFault } from '../../ports/chaos.js';
import type { DrillReplica, ThrowAwayCluster } from './throw-away-cluster.js';

/** Does one fault to a cluster whose primary is known. */
type Inflict = (cluster: ThrowAwayCluster, primary: DrillReplica) => Promise<void>;

/** A fault of a drill. */
export interface DrillFault {
  readonly inflict: Inflict;
  /** ms until it is ended; a pause lasts as long. */
  readonly holdMs: number;
}

const HOLD_MS = 1_500;
const PAUSE_MS = 2_000;
/** Longer than the second after which a primary gives up for its disk. */
const SLOW_MS = 1_500;

/** For which a primary takes orders alone: not as long as it takes to notice. */
const ALONE_MS = 300;

const inject = async (replicas: readonly DrillReplica[], fault: ChaosFault | ChaosDeed): Promise<void> => {
  await Promise.all(replicas.map(({ chaos }) => chaos.inject(fault)));
};
const backupOf = (cluster: ThrowAwayCluster, primary: DrillReplica): DrillReplica[] =>
  cluster.others(primary).slice(0, 1);

const cut = async (cluster: ThrowAwayCluster, replica: DrillReplica, isOneWay: boolean): Promise<void> => {
  for (const { id } of cluster.others(replica)) await replica.chaos.inject({ kind: 'cut', peer: id, isOneWay });
};

/** A replica is gone once its process is: it answers again only as a new one. */
const killed = async (cluster: ThrowAwayCluster, replica: DrillReplica): Promise<void> => {
  const before = (await cluster.status(replica))?.uptimeMs ?? Infinity;
  await replica.chaos.inject({ kind: 'kill' });
  await until(async () => {
    const now = await cluster.status(replica);
    return now === undefined || now.uptimeMs < before;
  }, `${replica.id} is gone`);
};

/** Its disk is lost, and so is its process. */
const wiped = async (cluster: ThrowAwayCluster, victim: DrillReplica): Promise<void> => {
  // In one step: it goes on writing meanwhile, and a folder that is being emptied would fill again.
  const lost = `${victim.folder}-lost`;
  renameSync(victim.folder, lost);
  mkdirSync(victim.folder);
  // It may have noticed by itself already.
  await killed(cluster, victim).catch(() => undefined);
  rmSync(lost, { recursive: true, force: true });
};

/** The primary is alone with what it takes last, and then its disk is gone: whatever only that held was not to be acknowledged. */
const lostPrimary: Inflict = async (cluster, primary) => {
  // Not a pause of the others: what is in their sockets by then would still reach them.
  await cut(cluster, primary, false);
  await pause(ALONE_MS);
  await wiped(cluster, primary);
};

/** Every fault of a drill by its name, in their order. */
export const DRILL_FAULTS: Readonly<Record<string, DrillFault>> = {
  'kill-primary': { holdMs: HOLD_MS, inflict: (cluster, primary) => killed(cluster, primary) },
  'kill-all': {
    holdMs: HOLD_MS,
    inflict: async (cluster) => void (await Promise.all(cluster.replicas.map((one) => killed(cluster, one)))),
  },
  'pause-primary': {
    holdMs: PAUSE_MS + 500,
    inflict: (_, primary) => inject([primary], { kind: 'pause', ms: PAUSE_MS }),
  },
  'pause-backup': {
    holdMs: PAUSE_MS + 500,
    inflict: (cluster, primary) => inject(backupOf(cluster, primary), { kind: 'pause', ms: PAUSE_MS }),
  },
  'cut-primary': { holdMs: HOLD_MS, inflict: (cluster, primary) => cut(cluster, primary, false) },
  'mute-primary': { holdMs: HOLD_MS, inflict: (cluster, primary) => cut(cluster, primary, true) },
  'slow-network': { holdMs: HOLD_MS, inflict: (_, primary) => inject([primary], { kind: 'delay', ms: 150 }) },
  'lossy-network': { holdMs: HOLD_MS, inflict: (cluster) => inject(cluster.replicas, { kind: 'drop', rate: 0.1 }) },
  'failing-calls': { holdMs: HOLD_MS, inflict: (cluster) => inject(cluster.replicas, { kind: 'errors', rate: 0.2 }) },
  'slow-disk': { holdMs: 2 * SLOW_MS, inflict: (_, primary) => inject([primary], { kind: 'slowDisk', ms: SLOW_MS }) },
  'full-disk': { holdMs: HOLD_MS, inflict: (_, primary) => inject([primary], { kind: 'diskFull' }) },
  'deleted-file': {
    holdMs: HOLD_MS,
    inflict: async (_, primary) => rmSync(path.join(primary.folder, 'orders.csv'), { force: true }),
  },
  'wiped-replica': {
    holdMs: HOLD_MS,
    inflict: async (cluster, primary) => {
      for (const backup of backupOf(cluster, primary)) await wiped(cluster, backup);
    },
  },
  'lost-primary': { holdMs: HOLD_MS, inflict: lostPrimary },
};
