import { Server, type ServiceDefinition } from '@grpc/grpc-js';
import { HealthImplementation } from 'grpc-health-check';
import { replicaIndex } from '../base/numbers.js';
import type { CallAdmission, CallRouter, PostcodeGate, UserLimit } from '../ports/front-end.js';
import type { CallMeter } from '../ports/meters.js';
import type { RequestLinks } from '../ports/request-links.js';
import { customerServerOptions } from './channel-options.js';
import { CallGuard } from './call-guard.js';
import { contractHandlers } from './contract-calls.js';
import type { BoundContract } from './contract-methods.js';
import { ContractStreams } from './contract-streams.js';
import { CustomerCalls, type CustomerCallsOptions } from './customer-calls.js';
import { listen } from './listening.js';
import { OrderStreams } from './order-streams.js';
import { CUSTOMER_PROTO_FILE, protocol, SERVICE_NAMES } from './proto-files.js';
import { reflectionOf } from './reflection.js';
import { customerServer, type CustomerTls } from './tls.js';
import { WatchStreams } from './watch-streams.js';

/** What a front end's server is made of. */
export interface FrontEndServerOptions {
  readonly configuration: CustomerCallsOptions['configuration'];
  /** Where to listen, `host:port`; port 0: any free one. */
  readonly listenAddress: string;
  readonly router: CallRouter;
  /** Services besides food ordering that are served. Default: none. */
  readonly contracts?: readonly BoundContract[];
  /** Decides which customers' calls are taken in; health checks and watchers are none of them. */
  readonly admission: CallAdmission;
  /** For the health check: in service while some replica can be reached. */
  readonly links: Pick<RequestLinks, 'count' | 'isUp' | 'onChange'>;
  readonly postcodes: PostcodeGate;
  /** How often each user code is served. Default: as often as it asks. */
  readonly userLimit?: UserLimit;
  /** Default: nobody counts. */
  readonly meter?: CallMeter;
  /** Absent: plain text. */
  readonly tls?: CustomerTls | undefined;
  /** Told of bugs, which customers see as INTERNAL without details. Default: nobody. */
  readonly onProblem?: (problem: string, error: unknown) => void;
}

/** A front end's server in service. */
export interface FrontEndServer {
  readonly address: string;
  /** Streams that are open now. */
  readonly streams: { readonly orders: number; readonly watches: number };
  /** Ends it: takes no new calls, lets those under way finish for `graceMs` (default 1,000), then cuts connections. */
  stop(graceMs?: number): Promise<void>;
}

const STOP_GRACE_MS = 1000;

/**
 * Serves FoodOrdering, the services of the contracts, their reflection and grpc.health.v1 to customers. Rejects with an error that names the address when it cannot listen.
 */
export async function startFrontEndServer(options: FrontEndServerOptions): Promise<FrontEndServer> {
  const { links, router } = options;
  const onProblem = options.onProblem ?? (() => undefined);
  const customers = { ...options, onProblem, wallMs: () => Date.now() };
  const { contracts = [] } = options;
  const guard = new CallGuard(customers);
  const calls = new CustomerCalls(customers, guard);
  const orders = new OrderStreams(customers);
  const { staffToken } = options.configuration;
  const watches = new WatchStreams({ router, staffToken, onProblem, wallMs: () => Date.now() });

  const server = new Server(customerServerOptions);
  const service = bytesService(protocol.FoodOrdering.service);
  server.addService(service, {
    ...Object.fromEntries(calls.handlers()),
    MakeOrders: orders.handler,
    WatchOrders: watches.handler,
  });
  const streams = new ContractStreams(customers);
  for (const contract of contracts)
    server.addService(bytesService(contract.definition), {
      ...contractHandlers(contract, { configuration: options.configuration, guard }),
      ...streams.handlers(contract),
    });

  const replicas = Array.from({ length: links.count }, (_, index) => replicaIndex(index));
  const status = (): 'SERVING' | 'NOT_SERVING' =>
    replicas.some((replica) => links.isUp(replica)) ? 'SERVING' : 'NOT_SERVING';
  const served = [SERVICE_NAMES.ordering, ...contracts.map(({ contract }) => contract.fullName)];
  const health = new HealthImplementation({
    '': 'SERVING',
    ...Object.fromEntries(served.map((name) => [name, status()])),
  });
  const endListening = links.onChange(() => {
    for (const name of served) health.setStatus(name, status());
  });
  health.addToServer(server);
  const protoFiles = [CUSTOMER_PROTO_FILE, ...contracts.map(({ contract }) => contract.protoFile)];
  for (const { definition, implementation } of reflectionOf(protoFiles, served))
    server.addService(definition, implementation);

  try {
    const listening = await listen(server, options.listenAddress, customerServer(options.tls));
    return {
      address: listening.address,
      get streams() {
        return { orders: orders.count, watches: watches.count + streams.count };
      },
      async stop(graceMs = STOP_GRACE_MS) {
        endListening();
        for (const name of ['', ...served]) health.setStatus(name, 'NOT_SERVING');
        watches.close();
        streams.close();
        orders.close();
        await listening.stop(graceMs);
      },
    };
  } catch (error) {
    endListening();
    server.forceShutdown();
    throw new Error(`front end: ${error instanceof Error ? error.message : String(error)}`, { cause: error });
  }
}

/** The service with its messages as bytes: what a front end need not look into passes through as it came. */
function bytesService(service: ServiceDefinition): ServiceDefinition {
  const asIs = (bytes: Buffer): Buffer => bytes;
  const bytes = {
    requestSerialize: asIs,
    requestDeserialize: asIs,
    responseSerialize: asIs,
    responseDeserialize: asIs,
  };
  return Object.fromEntries(Object.entries(service).map(([name, definition]) => [name, { ...definition, ...bytes }]));
}
