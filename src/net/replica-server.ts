import { Metadata, Server, type ServiceDefinition, type UntypedServiceImplementation } from '@grpc/grpc-js';
import { HealthImplementation } from 'grpc-health-check';
import { present } from '../base/assert.js';
import type { ReplicaIndex } from '../base/numbers.js';
import type { ReplicaCalls } from '../ports/calls.js';
import type { ChaosControl } from '../ports/chaos.js';
import type { ClusterConfiguration } from '../ports/configuration.js';
import type { OperatorEvents } from '../ports/events.js';
import type { ReplicaMeter } from '../ports/meters.js';
import { serveBackup } from './backup-stream.js';
import type { BoundContract } from './contract-methods.js';
import { CLUSTER_TOKEN, tokenRefusal } from './bearer-token.js';
import { tokenGate } from './token-gate.js';
import { clusterServerOptions } from './channel-options.js';
import { chaosHandlers } from './chaos-handlers.js';
import { type EndStatus, statusOf } from './error-details.js';
import { replicationService, requestsService } from './exchanges.js';
import { answerNotice, eventsPage } from './events-codec.js';
import type { OperationsHandlers } from './generated/justhungry/v1/Operations.js';
import type { ReplicationHandlers } from './generated/justhungry/v1/Replication.js';
import type { RequestsHandlers } from './generated/justhungry/v1/Requests.js';
import type { Method } from './gate.js';
import { inspectionHandlers } from './inspection-handlers.js';
import { listen } from './listening.js';
import { outboxPage, wireStatus, wireSwitchover } from './operations-codec.js';
import type { PeerTransport } from './peer-transport.js';
import { orderingMethods } from './ordering-methods.js';
import { PROTO_FILES, protocol, SERVICE_NAMES } from './proto-files.js';
import { reflectionOf } from './reflection.js';
import { createRequestLinks } from './request-links.js';
import { createRequestsService } from './requests-server.js';
import { clusterServer, type ClusterTls } from './tls.js';

/** Why texts for the log are cut. */
const WHY_LENGTH_MAX = 200;

/** What a replica's server is made of. */
export interface ReplicaServerOptions {
  readonly configuration: Pick<ClusterConfiguration, 'replicas' | 'token' | 'writeConcern' | 'postcodes'>;
  /** Place of this replica in the configuration. */
  readonly self: ReplicaIndex;
  /** Where to listen; default: the replica's address in the configuration. Port 0: any free one. */
  readonly listenAddress?: string;
  readonly transport: PeerTransport;
  readonly calls: ReplicaCalls;
  /** Services besides food ordering that the calls may be for. Default: none. */
  readonly contracts?: readonly BoundContract[];
  /** What has happened, for operators. Default: nothing ever has. */
  readonly events?: OperatorEvents;
  /** Absent: plain text. */
  readonly tls?: ClusterTls | undefined;
  /** Why customers are better served elsewhere now, for people; empty: nothing. Told by the health of `Requests`. Default: nothing. */
  readonly whyNotReady?: () => readonly string[];
  /** Default: nobody counts. */
  readonly meter?: Pick<ReplicaMeter, 'answered'>;
  /** Faults on purpose; absent: every call for them is refused. */
  readonly chaos?: ChaosControl;
  /** Told what an operator should know. Default: nobody. */
  readonly onProblem?: (problem: string) => void;
}

/** A replica's server in service. */
export interface ReplicaServer {
  readonly address: string;
  /** Ends it, open streams included; calls under way are not answered any more. */
  stop(): Promise<void>;
}

/** ms between two looks whether the replica is ready. */
const READINESS_EVERY_MS = 100;

/**
 * Serves a replica's services, reflection and grpc.health.v1 on one address. All but health need the cluster's token; with
 * TLS nobody gets that far without a certificate of the cluster. Rejects with an error that names the address when it cannot listen.
 */
export async function startReplicaServer(options: ReplicaServerOptions): Promise<ReplicaServer> {
  const { configuration, self, transport, calls, tls, onProblem } = options;
  const { replicas, token } = configuration;
  const { id, address } = present(replicas[self], 'a replica is one of the members');
  const relay = createRequestLinks({ replicas, token, tls, self, ...(onProblem === undefined ? {} : { onProblem }) });
  const requests = createRequestsService({
    calls,
    methods: new Map<string, Method>([
      ...orderingMethods,
      ...(options.contracts ?? []).flatMap(({ methods }) => methods.map((method) => [method.name, method] as const)),
    ]),
    replicaIds: replicas.map((replica) => replica.id),
    self,
    writeConcern: configuration.writeConcern,
    isUnreachableAccepted: configuration.postcodes.whenUnreachable === 'accept',
    relay,
    wallMs: () => Date.now(),
    ...(options.meter === undefined ? {} : { meter: options.meter }),
  });
  const isReady = (): boolean => options.whyNotReady === undefined || options.whyNotReady().length === 0;
  let wasReady = isReady();
  const health = new HealthImplementation({
    '': 'SERVING',
    [SERVICE_NAMES.requests]: wasReady ? 'SERVING' : 'NOT_SERVING',
    [SERVICE_NAMES.replication]: 'SERVING',
    [SERVICE_NAMES.operations]: 'SERVING',
  });

  const server = new Server({ ...clusterServerOptions, interceptors: [tokenGate(token)] });
  addService(server, replicationService, {
    Exchange: guardedStream(token, (stream) => transport.accept(stream)),
  } satisfies ReplicationHandlers);
  addService(server, requestsService, {
    Exchange: guardedStream(token, (stream) => requests.accept(stream)),
  } satisfies RequestsHandlers);
  addService(server, protocol.Operations.service, operationsHandlers(token, calls, options));
  health.addToServer(server);
  for (const { definition, implementation } of reflectionOf(PROTO_FILES, Object.values(SERVICE_NAMES)))
    addService(server, definition, guardedStreams(token, implementation));
  const looking = setInterval(() => {
    if (isReady() === wasReady) return;
    wasReady = !wasReady;
    health.setStatus(SERVICE_NAMES.requests, wasReady ? 'SERVING' : 'NOT_SERVING');
  }, READINESS_EVERY_MS);
  looking.unref();

  try {
    const listening = await listen(server, options.listenAddress ?? address, clusterServer(tls));
    return {
      address: listening.address,
      async stop() {
        clearInterval(looking);
        for (const service of ['', ...Object.values(SERVICE_NAMES)]) health.setStatus(service, 'NOT_SERVING');
        relay.close();
        requests.close();
        await listening.stop(STOP_GRACE_MS);
      },
    };
  } catch (error) {
    clearInterval(looking);
    relay.close();
    server.forceShutdown();
    throw new Error(`replica ${id}: ${error instanceof Error ? error.message : String(error)}`, { cause: error });
  }
}

/** What is under way when a replica stops may take this long to leave, ms; shorter than any keepalive. */
const STOP_GRACE_MS = 200;

function addService(server: Server, definition: ServiceDefinition, handlers: UntypedServiceImplementation): void {
  server.addService(definition, handlers);
}

interface GuardedStream {
  readonly metadata: Metadata;
  emit(event: 'error', error: EndStatus): boolean;
  sendMetadata(metadata: Metadata): void;
}

/** Lets streams with the cluster's token in, and tells them so at once with the initial metadata. */
function guardedStream<S extends GuardedStream>(token: string, accept: (stream: S) => void): (stream: S) => void {
  return (stream) => {
    const refused = tokenRefusal(stream.metadata, token, CLUSTER_TOKEN);
    if (refused !== undefined) {
      stream.emit('error', statusOf(refused));
      return;
    }
    accept(stream);
    stream.sendMetadata(new Metadata());
  };
}

const NO_EVENTS: OperatorEvents = {
  list: () => [],
  share: () => ({ key: '', isMine: false, by: '', delivered: [] }),
};

/** A service all of whose methods are streams, behind the token. */
function guardedStreams(token: string, implementation: UntypedServiceImplementation): UntypedServiceImplementation {
  return Object.fromEntries(
    Object.entries(implementation).map(([name, handler]) => [
      name,
      guardedStream(token, handler as (stream: GuardedStream) => void),
    ]),
  ) as unknown as UntypedServiceImplementation;
}

function operationsHandlers(
  token: string,
  calls: ReplicaCalls,
  { events = NO_EVENTS, chaos }: Pick<ReplicaServerOptions, 'events' | 'chaos'>,
): OperationsHandlers {
  return {
    GetStatus({ metadata }, callback) {
      const refused = tokenRefusal(metadata, token, CLUSTER_TOKEN);
      if (refused === undefined) callback(null, wireStatus(calls.status()));
      else callback(statusOf(refused));
    },
    ListOutbox({ metadata, request }, callback) {
      const refused = tokenRefusal(metadata, token, CLUSTER_TOKEN);
      if (refused !== undefined) return callback(statusOf(refused));
      callback(null, outboxPage(calls, request.after_order_id, request.limit));
    },
    Resign({ metadata, request }, callback) {
      const refused = tokenRefusal(metadata, token, CLUSTER_TOKEN);
      if (refused !== undefined) return callback(statusOf(refused));
      calls.resign(request.why.slice(0, WHY_LENGTH_MAX));
      callback(null, {});
    },
    ReadEvents({ metadata, request }, callback) {
      const refused = tokenRefusal(metadata, token, CLUSTER_TOKEN);
      if (refused !== undefined) return callback(statusOf(refused));
      callback(null, eventsPage(events, request.after_number, request.limit));
    },
    ShareNotice({ metadata, request }, callback) {
      const refused = tokenRefusal(metadata, token, CLUSTER_TOKEN);
      if (refused !== undefined) return callback(statusOf(refused));
      callback(null, answerNotice(events, request));
    },
    ...inspectionHandlers(token, calls.inspection),
    ...chaosHandlers(token, chaos),
    SwitchOver({ metadata, request }, callback) {
      const refused = tokenRefusal(metadata, token, CLUSTER_TOKEN);
      if (refused !== undefined) return callback(statusOf(refused));
      void calls
        .switchOver(request.to_id, request.why.slice(0, WHY_LENGTH_MAX))
        .then((outcome) => callback(null, wireSwitchover(outcome)));
    },
    Resync({ metadata }, callback) {
      const refused = tokenRefusal(metadata, token, CLUSTER_TOKEN);
      if (refused !== undefined) return callback(statusOf(refused));
      void calls.resync().then((reason) => callback(null, { accepted: reason === undefined, reason: reason ?? '' }));
    },
    Restart({ metadata }, callback) {
      const refused = tokenRefusal(metadata, token, CLUSTER_TOKEN);
      if (refused !== undefined) return callback(statusOf(refused));
      void calls.restart().then((reason) => callback(null, { refused: reason !== undefined, reason: reason ?? '' }));
    },
    AgreeToEnd({ metadata, request: { from, forgets, why } }, callback) {
      const refused = tokenRefusal(metadata, token, CLUSTER_TOKEN);
      if (refused !== undefined) return callback(statusOf(refused));
      const reason = calls.agreeToEnd({ from, forgets, why: why.slice(0, WHY_LENGTH_MAX) });
      callback(null, { agreed: reason === undefined, reason: reason ?? '' });
    },
    GetCopyProgress({ metadata }, callback) {
      const refused = tokenRefusal(metadata, token, CLUSTER_TOKEN);
      if (refused !== undefined) return callback(statusOf(refused));
      const { isCopying, bytesDone, bytesTotal, op } = calls.copyProgress();
      callback(null, { copying: isCopying, bytes_done: bytesDone, bytes_total: bytesTotal, op });
    },
    Backup: guardedStream(token, (stream) => serveBackup(stream, calls.backup())),
  };
}
