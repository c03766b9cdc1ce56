import { Metadata, Server, type ServiceDefinition, type UntypedServiceImplementation } from '@grpc/grpc-js';
import { HealthImplementation } from 'grpc-health-check';
import { present } from '../base/assert.js';
import type { ReplicaIndex } from '../base/numbers.js';
import type { ReplicaCalls } from '../ports/calls.js';
import type { ClusterConfiguration } from '../ports/configuration.js';
import { serveBackup } from './backup-stream.js';
import { CLUSTER_TOKEN, tokenRefusal } from './bearer-token.js';
import { clusterServerOptions } from './channel-options.js';
import { type EndStatus, statusOf } from './error-details.js';
import { replicationService, requestsService } from './exchanges.js';
import type { OperationsHandlers } from './generated/justhungry/v1/Operations.js';
import type { ReplicationHandlers } from './generated/justhungry/v1/Replication.js';
import type { RequestsHandlers } from './generated/justhungry/v1/Requests.js';
import { listen } from './listening.js';
import { outboxPage, wireStatus } from './operations-codec.js';
import type { PeerTransport } from './peer-transport.js';
import { protocol, SERVICE_NAMES } from './proto-files.js';
import { createRequestLinks } from './request-links.js';
import { createRequestsService } from './requests-server.js';

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
  /** Told what an operator should know. Default: nobody. */
  readonly onProblem?: (problem: string) => void;
}

/** A replica's server in service. */
export interface ReplicaServer {
  readonly address: string;
  /** Ends it, open streams included; calls under way are not answered any more. */
  stop(): Promise<void>;
}

/**
 * Serves a replica's three services and grpc.health.v1 on one address. All three need the cluster's token; health needs
 * none. Rejects with an error that names the address when it cannot listen.
 */
export async function startReplicaServer(options: ReplicaServerOptions): Promise<ReplicaServer> {
  const { configuration, self, transport, calls, onProblem } = options;
  const { replicas, token } = configuration;
  const { id, address } = present(replicas[self], 'a replica is one of the members');
  const relay = createRequestLinks({ replicas, token, self, ...(onProblem === undefined ? {} : { onProblem }) });
  const requests = createRequestsService({
    calls,
    replicaIds: replicas.map((replica) => replica.id),
    self,
    writeConcern: configuration.writeConcern,
    isUnreachableAccepted: configuration.postcodes.whenUnreachable === 'accept',
    relay,
    wallMs: () => Date.now(),
  });
  const health = new HealthImplementation({
    '': 'SERVING',
    [SERVICE_NAMES.requests]: 'SERVING',
    [SERVICE_NAMES.replication]: 'SERVING',
    [SERVICE_NAMES.operations]: 'SERVING',
  });

  const server = new Server(clusterServerOptions);
  addService(server, replicationService, {
    Exchange: guardedStream(token, (stream) => transport.accept(stream)),
  } satisfies ReplicationHandlers);
  addService(server, requestsService, {
    Exchange: guardedStream(token, (stream) => requests.accept(stream)),
  } satisfies RequestsHandlers);
  addService(server, protocol.Operations.service, operationsHandlers(token, calls));
  health.addToServer(server);

  try {
    const listening = await listen(server, options.listenAddress ?? address);
    return {
      address: listening.address,
      async stop() {
        for (const service of ['', ...Object.values(SERVICE_NAMES)]) health.setStatus(service, 'NOT_SERVING');
        relay.close();
        requests.close();
        await listening.stop(STOP_GRACE_MS);
      },
    };
  } catch (error) {
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

function operationsHandlers(token: string, calls: ReplicaCalls): OperationsHandlers {
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
    Backup: guardedStream(token, (stream) => serveBackup(stream, calls.backup())),
  };
}
