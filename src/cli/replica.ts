import type pino from 'pino';
import { isAskedFor, OPERATOR_ASKED } from '../base/asked-for.js';
import { majorityOf, replicaIndex, type ReplicaIndex } from '../base/numbers.js';
import type { Service } from '../base/service.js';
import { UnknownServiceError } from '../base/unknown-service.js';
import { bindContracts } from '../net/contract-methods.js';
import { createPeerTransport } from '../net/peer-transport.js';
import { startReplicaServer } from '../net/replica-server.js';
import { createChaosLayer } from '../operations/chaos/chaos-layer.js';
import type { FileSystem } from '../ports/file-system.js';
import type { Damage, Loaded, ReplicaStorage } from '../ports/storage.js';
import type { ClusterConfiguration } from '../ports/configuration.js';
import { isDiskInDoubt } from '../runtime/disk-failure.js';
import { keepUncertain } from '../runtime/keep-uncertain.js';
import { whyNotReady } from '../runtime/readiness.js';
import type { Fatal } from '../runtime/fatal.js';
import { ReplicaRuntime } from '../runtime/replica-runtime.js';
import { RandomPool } from '../runtime/random-pool.js';
import { systemClock } from '../runtime/system-clock.js';
import { systemTimers } from '../runtime/system-timers.js';
import { ORDERING, Ordering } from '../services/ordering/ordering.js';
import { createNodeFileSystem } from '../storage/node-file-system.js';
import { openReplicaStorage } from '../storage/replica-storage.js';
import { startHttpServer } from '../telemetry/http-server.js';
import { ReplicaCounts, replicaMetrics } from '../telemetry/replica-metrics.js';
import type { Notice } from '../vsr/effect.js';
import type { Envelope } from '../vsr/message.js';
import {
  announceEnd,
  announceFailure,
  announceReady,
  pauseBySupervisor,
  stopWithSupervisor,
} from './child-protocol.js';
import { adviceOn } from './edited-document.js';
import { EXIT_RESTART, exitCodeOf, exitCodeOfFailedStart } from './exit-codes.js';
import { ReplicaEvents } from './replica-events.js';
import { askPeers } from './peer-consent.js';
import { packageVersion } from './package-version.js';
import { serverLog } from './server-log.js';
import { hostedServices, type ServicesOf } from './services.js';
import { clusterTlsOf } from './tls-files.js';

/** Committed ops between two checkpoints: bounds what a start reads again and what the log holds in memory. */
const CHECKPOINT_INTERVAL_OPS = 10_000;
/** Orders executed and not yet committed; beyond, more are refused. */
const UNCOMMITTED_OPS_MAX = 20_000;
/** How a folder was found, for people. */
const STARTED: Readonly<Record<Loaded['kind'], string>> = {
  empty: 'the folder is empty',
  intact: 'everything that was promised is there',
  damaged: 'the folder is damaged: it recovers from the others',
};
/** That a copy was thrown away on request is no damage. */
const howFound = (loaded: Loaded): string =>
  loaded.kind === 'damaged' && loaded.damage.every(({ what }) => isAskedFor(what))
    ? 'a new copy was asked for: it copies everything from the others'
    : STARTED[loaded.kind];
/** Free bytes at which a full disk counts as having room again. */
const ROOM_BYTES_MIN = 1 << 20;

/**
 * Runs the replica `id` in this process until SIGTERM: storage, the core, its services (food ordering and those of `servicesOf`), its server. Notices and problems go
 * to stdout as JSON lines. Ends the process when it must begin anew.
 */
export async function runReplica(
  configuration: ClusterConfiguration,
  id: string,
  { recover }: { readonly recover: boolean },
  servicesOf: ServicesOf = hostedServices,
): Promise<void> {
  const index = configuration.replicas.findIndex((one) => one.id === id);
  const member = configuration.replicas[index];
  if (member === undefined) throw new Error(`there is no replica ${id} in the configuration`);
  const log = serverLog({ replica: id }, configuration);
  const counts = new ReplicaCounts();
  const nodeFileSystem = createNodeFileSystem((ms) => counts.synced(ms));
  const self = replicaIndex(index);
  let stop = (_why?: string): void => process.exit(0);
  stopWithSupervisor(() => stop());
  let storage: ReplicaStorage | undefined;
  const replicaIds = configuration.replicas.map((one) => one.id);
  // Without `chaos` in the configuration there is no such layer, and nothing that could reach one.
  const chaos =
    configuration.chaos === true
      ? createChaosLayer({
          self,
          replicaIds,
          timers: systemTimers,
          chance: Math.random,
          kill: () => process.kill(process.pid, 'SIGKILL'),
          pause: pauseBySupervisor(),
        })
      : undefined;
  const fileSystem = chaos?.fileSystem(nodeFileSystem) ?? nodeFileSystem;
  try {
    const tls = clusterTlsOf(configuration);
    storage = openReplicaStorage(fileSystem, member.resources, { replicaId: id });
    const found = await storage.load(recover ? 'a write to disk failed before: what is on it is not known' : undefined);
    const events = new ReplicaEvents({
      configuration,
      id,
      fileSystem,
      tls,
      clock: systemClock,
      timers: systemTimers,
      env: process.env,
    });
    const hosted = servicesOf(configuration);
    const contracts = bindContracts(hosted.map(({ contract }) => contract));
    const { files } = storage;
    const ordering = new Ordering(files);
    const services = new Map<string, Service>([
      [ORDERING, ordering],
      ...hosted.map(({ contract, create }) => [contract.service, create(files)] as const),
    ]);
    const loaded = await keepUncertain(storage, services, found, majorityOf(configuration.replicas.length));
    if (loaded.kind === 'damaged')
      log.warn({ damage: loaded.damage }, 'the folder is damaged: recovering from the others');
    if (loaded.kind === 'intact' && loaded.repaired !== undefined && loaded.repaired.length > 0)
      log.warn({ repaired: loaded.repaired }, 'the folder was damaged in parts that could be put right here');
    const runtime = new ReplicaRuntime({
      config: {
        self,
        replicaIds,
        heartbeatMs: configuration.heartbeatMs,
        quorum: Math.max(configuration.quorum, majorityOf(configuration.replicas.length)),
        checkpointIntervalOps: CHECKPOINT_INTERVAL_OPS,
        uncommittedOpsMax: UNCOMMITTED_OPS_MAX,
        takesAlone: configuration.whenAlone === 'keep-ordering',
      },
      storage,
      services,
      clock: systemClock,
      timers: systemTimers,
      random: new RandomPool(),
      loaded,
      hasRoom: () => fileSystem.freeBytes(member.resources) > ROOM_BYTES_MIN,
      freeBytes: () => fileSystem.freeBytes(member.resources),
      unhealthyBefore: events.unhealthyBefore,
      faultBefore: events.faultBefore,
      onNotice(notice, at) {
        counts.noticed(notice.kind);
        tell(log, notice, at);
        events.onNotice(notice, at);
      },
      onMended(damage) {
        tellMended(log, member.resources, damage);
        events.noteDamage('repaired', damage);
      },
      onFatal(why) {
        tellFatal(log, why);
        const told = why.kind === 'resync' ? announceEnd('a new copy') : Promise.resolve();
        void Promise.allSettled([events.end(why), told]).then(() => process.exit(exitCodeOf(why.kind)));
      },
      meter: counts,
      onRestart: () => void announceEnd('a restart').then(() => stop(`${OPERATOR_ASKED} for a restart`)),
      askPeers: (end) => askPeers(configuration, tls, end),
    });
    events.begin(() => runtime.status());
    events.note({ kind: 'started', subject: '', reason: howFound(loaded) });
    if (loaded.kind === 'damaged') events.noteDamage('damage', loaded.damage);
    if (loaded.kind === 'intact' && loaded.repaired !== undefined && loaded.repaired.length > 0)
      events.noteDamage('repaired', loaded.repaired);
    // A menu that cannot be read is told now, to whoever started this, not when the cluster is founded.
    if (loaded.kind === 'empty') ordering.foundingSeed();
    const heard = {
      onEnvelope: (envelope: Envelope) => runtime.onEnvelope(envelope),
      onRefused: (peer: ReplicaIndex) => runtime.onRefused(peer),
    };
    const transport = createPeerTransport({
      self,
      replicas: configuration.replicas,
      token: configuration.token,
      tls,
      clusterId: () => runtime.clusterId,
      events: chaos?.events(heard) ?? heard,
      onProblem: (problem) => log.warn(problem),
    });
    const reasons = (): string[] => whyNotReady(runtime.status(), runtime.gauges());
    const server = await startReplicaServer({
      configuration,
      self,
      transport,
      tls,
      calls: chaos?.calls(runtime) ?? runtime,
      contracts,
      ...(chaos === undefined ? {} : { chaos: chaos.control }),
      events,
      whyNotReady: reasons,
      meter: counts,
      onProblem: (problem) => log.warn(problem),
    });
    runtime.begin(chaos?.transport(transport) ?? transport);
    const http =
      member.http === undefined
        ? undefined
        : startHttpServer({
            address: member.http,
            whyNotReady: () => (isStopping ? ['it is stopping'] : reasons()),
            metrics: replicaMetrics({
              id,
              version: packageVersion(),
              counts,
              status: () => runtime.status(),
              gauges: () => runtime.gauges(),
              whyNotReady: reasons,
              freeBytes: () => freeBytesOf(fileSystem, member.resources),
              transport,
            }),
            onProblem: (problem) => log.warn(problem),
          });
    let isStopping = false;
    stop = (why = 'it was told to stop') => {
      if (isStopping) return;
      isStopping = true;
      log.info('stopping');
      events.stop(why);
      void runtime
        .stop()
        .then(() => server.stop())
        .then(() => http?.close())
        .then(() => events.idle())
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
    if (storage !== undefined && isDiskInDoubt(error)) {
      await storage.leaveDoubt(String(error)).catch(() => undefined);
      tellFatal(log, { kind: 'diskFailed', error });
      process.exit(exitCodeOf('diskFailed'));
    }
    log.error({ err: error }, 'cannot start');
    await announceFailure(error instanceof Error ? error.message : String(error));
    process.exit(exitCodeOfFailedStart(error));
  }
}

function freeBytesOf(fileSystem: FileSystem, folder: string): number | undefined {
  try {
    return fileSystem.freeBytes(folder);
  } catch {
    // The folder has just been removed: the replica finds that out by itself.
    return undefined;
  }
}

function tell(log: pino.Logger, notice: Notice, at: { view: number; op: number; commit: number }): void {
  const line = { ...at, ...notice };
  if (notice.kind === 'ignored') log.debug(line);
  else if (notice.kind === 'diverged') log.error(line);
  else log.info(line);
}

function tellMended(log: pino.Logger, folder: string, damage: readonly Damage[]): void {
  const told = damage.map((one) => {
    const advice = adviceOn(one, folder);
    return advice === undefined ? one : { ...one, advice };
  });
  log.warn({ damage: told }, 'files of the folder were not as they were left; they are put right');
}

function tellFatal(log: pino.Logger, why: Fatal): void {
  switch (why.kind) {
    case 'damaged':
      log.error(
        { damage: why.damage },
        'files in use are damaged: nothing more is answered from them; starting again to repair them',
      );
      break;
    case 'diskFailed':
      log.fatal({ err: why.error }, 'a write to disk failed: what is on it is not known; starting again as recovering');
      break;
    case 'setBack':
      log.fatal({ why: why.why }, 'the folder is not what this replica promised by; starting again as recovering');
      break;
    case 'resync':
      log.warn({ why: why.why }, 'this copy is thrown away; starting again to copy everything from the others');
      break;
    case 'writeFailed':
      log.fatal({ err: why.error }, 'a write to disk could not be made; starting again from what is there');
      break;
    case 'bug':
      if (why.error instanceof UnknownServiceError)
        log.fatal({ err: why.error }, 'this version is too old for what the others have written');
      else log.fatal({ err: why.error }, 'a rule of the program is broken; starting again');
      break;
  }
}
