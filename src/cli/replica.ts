import pino from 'pino';
import { majorityOf, replicaIndex } from '../base/numbers.js';
import { createPeerTransport } from '../net/peer-transport.js';
import { startReplicaServer } from '../net/replica-server.js';
import type { ClusterConfiguration } from '../ports/configuration.js';
import { ReplicaRuntime, type Fatal } from '../runtime/replica-runtime.js';
import { systemClock } from '../runtime/system-clock.js';
import { ORDERING, Ordering } from '../services/ordering/ordering.js';
import { nodeFileSystem } from '../storage/node-file-system.js';
import { openReplicaStorage } from '../storage/replica-storage.js';
import type { Notice } from '../vsr/effect.js';
import { announceFailure, announceReady, EXIT_RECOVER, stopWithSupervisor } from './child-protocol.js';

/** Committed ops between two checkpoints: bounds what a start reads again and what the log holds in memory. */
const CHECKPOINT_INTERVAL_OPS = 10_000;
/** Orders executed and not yet committed; beyond, more are refused. */
const UNCOMMITTED_OPS_MAX = 20_000;
/** Free bytes at which a full disk counts as having room again. */
const ROOM_BYTES_MIN = 1 << 20;
/** Exit code of a replica that must be started again to repair itself. */
const EXIT_RESTART = 1;

/**
 * Runs the replica `id` in this process until SIGTERM: storage, the core, its services, its server. Notices and problems go
 * to stdout as JSON lines. Ends the process when it must begin anew.
 */
export async function runReplica(
  configuration: ClusterConfiguration,
  id: string,
  { recover }: { readonly recover: boolean },
): Promise<void> {
  const index = configuration.replicas.findIndex((one) => one.id === id);
  const member = configuration.replicas[index];
  if (member === undefined) throw new Error(`there is no replica ${id} in the configuration`);
  const log = pino({ base: { replica: id } }, pino.destination({ sync: true }));
  const self = replicaIndex(index);
  let stop = (): void => process.exit(0);
  stopWithSupervisor(() => stop());
  try {
    const storage = openReplicaStorage(nodeFileSystem, member.resources);
    const loaded = await storage.load(
      recover ? 'a write to disk failed before: what is on it is not known' : undefined,
    );
    if (loaded.kind === 'damaged')
      log.warn({ damage: loaded.damage }, 'the folder is damaged: recovering from the others');
    if (loaded.kind === 'intact' && loaded.repaired !== undefined && loaded.repaired.length > 0)
      log.warn({ repaired: loaded.repaired }, 'the folder was damaged in parts that could be put right here');
    const ordering = new Ordering(storage.files);
    const runtime = new ReplicaRuntime({
      config: {
        self,
        replicaIds: configuration.replicas.map((one) => one.id),
        heartbeatMs: configuration.heartbeatMs,
        quorum: Math.max(configuration.quorum, majorityOf(configuration.replicas.length)),
        checkpointIntervalOps: CHECKPOINT_INTERVAL_OPS,
        uncommittedOpsMax: UNCOMMITTED_OPS_MAX,
        takesAlone: configuration.whenAlone === 'keep-ordering',
      },
      storage,
      services: new Map([[ORDERING, ordering]]),
      clock: systemClock,
      loaded,
      hasRoom: () => nodeFileSystem.freeBytes(member.resources) > ROOM_BYTES_MIN,
      onNotice: (notice, at) => tell(log, notice, at),
      onFatal: (why) => end(log, why),
    });
    // A menu that cannot be read is told now, to whoever started this, not when the cluster is founded.
    if (loaded.kind === 'empty') ordering.foundingSeed();
    const transport = createPeerTransport({
      self,
      replicas: configuration.replicas,
      token: configuration.token,
      clusterId: () => runtime.clusterId,
      events: {
        onEnvelope: (envelope) => runtime.onEnvelope(envelope),
        onRefused: (peer) => runtime.onRefused(peer),
      },
      onProblem: (problem) => log.warn(problem),
    });
    const server = await startReplicaServer({
      configuration,
      self,
      transport,
      calls: runtime,
      onProblem: (problem) => log.warn(problem),
    });
    runtime.begin(transport);
    let isStopping = false;
    stop = () => {
      if (isStopping) return;
      isStopping = true;
      log.info('stopping');
      void runtime
        .stop()
        .then(() => server.stop())
        .then(() => process.exit(0))
        .catch((error: unknown) => {
          log.error({ err: error }, 'it did not stop in order');
          process.exit(EXIT_RESTART);
        });
    };
    process.on('SIGTERM', () => stop());
    process.on('SIGINT', () => stop());
    log.info({ address: server.address, folder: loaded.kind }, 'up');
    announceReady();
  } catch (error) {
    log.error({ err: error }, 'cannot start');
    await announceFailure(error instanceof Error ? error.message : String(error));
    process.exit(EXIT_RESTART);
  }
}

function tell(log: pino.Logger, notice: Notice, at: { view: number; op: number; commit: number }): void {
  const line = { ...at, ...notice };
  if (notice.kind === 'ignored') log.debug(line);
  else log.info(line);
}

function end(log: pino.Logger, why: Fatal): void {
  switch (why.kind) {
    case 'damaged':
      log.error(
        { damage: why.damage },
        'files in use are damaged: nothing more is answered from them; starting again to repair them',
      );
      return process.exit(EXIT_RESTART);
    case 'diskFailed':
      log.fatal({ err: why.error }, 'a write to disk failed: what is on it is not known; starting again as recovering');
      return process.exit(EXIT_RECOVER);
    case 'writeFailed':
      log.fatal({ err: why.error }, 'a write to disk could not be made; starting again from what is there');
      return process.exit(EXIT_RESTART);
    case 'bug':
      log.fatal({ err: why.error }, 'a rule of the program is broken; starting again');
      return process.exit(EXIT_RESTART);
  }
}
