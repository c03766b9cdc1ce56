import { replicaIndex } from '../../../src/base/numbers.js';
import { Admission } from '../../../src/front-end/admission.js';
import { Router } from '../../../src/front-end/router.js';
import type { HostedService } from '../../../src/cli/services.js';
import { type BoundContract, bindContracts } from '../../../src/net/contract-methods.js';
import { startFrontEndServer, type FrontEndServer } from '../../../src/net/front-end-server.js';
import { createOrderingClient, type OrderingClientOptions } from '../../../src/net/ordering-client.js';
import { createPeerTransport, type PeerTransport } from '../../../src/net/peer-transport.js';
import { startReplicaServer, type ReplicaServer } from '../../../src/net/replica-server.js';
import { createRequestLinks } from '../../../src/net/request-links.js';
import type { ClusterConfiguration } from '../../../src/ports/configuration.js';
import type { CallAdmission, PostcodeGate, UserLimit } from '../../../src/ports/front-end.js';
import type { CallMeter } from '../../../src/ports/meters.js';
import type { OrderingClient } from '../../../src/ports/ordering-client.js';
import type { RequestLinks } from '../../../src/ports/request-links.js';
import { MemoryCluster } from './memory-cluster.js';
import { freeAddresses } from './addresses.js';

export const TOKEN = 'cluster-token';
export const STAFF_TOKEN = 'staff-token';

/** The verdict by the postcode: what a postcode service would say. */
export const postcodes: PostcodeGate = {
  known: () => undefined,
  check(postCode) {
    const normalised = postCode.trim().toUpperCase();
    if (!/^DH1 ?1[A-Z]{2}$/.test(normalised)) {
      return Promise.resolve({ verdict: 'malformed', normalised, reason: 'not written like a postcode' });
    }
    const verdict = normalised.endsWith('ZZ') ? 'unknown' : 'valid';
    return Promise.resolve({ verdict, normalised, reason: verdict === 'valid' ? '' : 'there is none' });
  },
};

const clock = { monotonicMs: () => performance.now(), wallMs: () => Date.now() };

/** Three replica servers over one in-memory state, and front ends before them. Everything ends with `stop`. */
export class Rig {
  readonly cluster: MemoryCluster;
  readonly contracts: readonly BoundContract[];
  readonly problems: string[] = [];
  /** Why each replica is not ready, by its index; may be changed while it runs. */
  readonly notReady: string[][] = [[], [], []];
  readonly servers: (ReplicaServer | undefined)[] = [];
  readonly #transports: PeerTransport[] = [];
  readonly #ends: (() => Promise<void> | void)[] = [];
  replicas: { id: string; address: string; resources: string }[] = [];

  private constructor(services: readonly HostedService[]) {
    this.cluster = new MemoryCluster(
      ['one', 'two', 'three'],
      services.map(({ create }) => create),
    );
    this.contracts = bindContracts(services.map(({ contract }) => contract));
  }

  /** `services`: those that are there besides food ordering. */
  static async start(services: readonly HostedService[] = []): Promise<Rig> {
    const rig = new Rig(services);
    const addresses = await freeAddresses(3);
    rig.replicas = rig.cluster.ids.map((id, index) => ({ id, address: addresses[index] ?? '', resources: '' }));
    for (let index = 0; index < 3; index++) await rig.startReplica(index);
    return rig;
  }

  get configuration() {
    const postcodesOf = { url: 'http://127.0.0.1', timeoutMs: 1000, whenUnreachable: 'accept' } as const;
    return {
      replicas: this.replicas,
      token: TOKEN,
      staffToken: STAFF_TOKEN,
      writeConcern: 'majority',
      postcodes: postcodesOf,
    };
  }

  async startReplica(index: number): Promise<void> {
    const { configuration } = this;
    const calls = this.cluster.replicas[index];
    if (calls === undefined) throw new Error(`no replica ${index}`);
    const self = replicaIndex(index);
    const events = { onEnvelope: () => undefined, onRefused: () => undefined };
    const transport = createPeerTransport({ self, replicas: this.replicas, token: TOKEN, clusterId: () => '', events });
    const onProblem = (problem: string) => void this.problems.push(problem);
    this.servers[index] = await startReplicaServer({
      configuration,
      self,
      transport,
      calls,
      contracts: this.contracts,
      whyNotReady: () => this.notReady[index] ?? [],
      onProblem,
    });
    this.#transports[index] = transport;
  }

  async stopReplica(index: number): Promise<void> {
    const server = this.servers[index];
    this.servers[index] = undefined;
    await this.#transports[index]?.close();
    await server?.stop();
  }

  /** A front end with links to the replicas; `reachable` limits to which. */
  async frontEnd(
    options: {
      reachable?: readonly number[];
      staffToken?: string | undefined;
      links?: (links: RequestLinks) => RequestLinks;
      postcodes?: PostcodeGate;
      admission?: CallAdmission;
      whenAlone?: ClusterConfiguration['whenAlone'];
      userLimit?: UserLimit;
      meter?: CallMeter;
    } = {},
  ): Promise<FrontEndServer> {
    const dead = await freeAddresses(1);
    const replicas = this.replicas.map((replica, index) =>
      options.reachable === undefined || options.reachable.includes(index)
        ? replica
        : { ...replica, address: dead[0] ?? '' },
    );
    const plain = createRequestLinks({ replicas, token: TOKEN });
    const links = options.links?.(plain) ?? plain;
    const router = new Router({ links, clock, replicaIds: this.cluster.ids });
    const { staffToken, ...open } = this.configuration;
    const { whenAlone = 'read-only' } = options;
    const configuration = 'staffToken' in options ? { ...open, whenAlone } : { ...open, whenAlone, staffToken };
    const onProblem = (problem: string, error: unknown) => void this.problems.push(`${problem}: ${String(error)}`);
    const server = await startFrontEndServer({
      configuration,
      listenAddress: '127.0.0.1:0',
      router,
      contracts: this.contracts,
      admission: options.admission ?? new Admission({ clock }),
      links,
      postcodes: options.postcodes ?? postcodes,
      ...(options.userLimit === undefined ? {} : { userLimit: options.userLimit }),
      ...(options.meter === undefined ? {} : { meter: options.meter }),
      onProblem,
    });
    this.#ends.push(async () => {
      await server.stop(0);
      router.close();
      links.close();
    });
    return server;
  }

  client(addresses: readonly string[], options: OrderingClientOptions = {}): OrderingClient {
    const client = createOrderingClient(addresses, options);
    this.#ends.push(() => client.close());
    return client;
  }

  onStop(end: () => Promise<void> | void): void {
    this.#ends.push(end);
  }

  async stop(): Promise<void> {
    for (const end of this.#ends.toReversed()) await end();
    for (const index of this.servers.keys()) await this.stopReplica(index);
  }
}
