import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createPostcodeStandIn, type PostcodeStandIn } from '../../src/front-end/postcodes/stand-in.js';
import { createOperationsClient, type OperationsClient } from '../../src/net/operations-client.js';
import type { ServiceContract } from '../../src/base/service-contract.js';
import { createOrderingClient } from '../../src/net/ordering-client.js';
import { createServiceClient } from '../../src/net/service-client.js';
import type { ServiceClient } from '../../src/ports/service-client.js';
import type { ReplicaStatus } from '../../src/ports/calls.js';
import type { ClusterConfiguration } from '../../src/ports/configuration.js';
import type { OrderingClient, OrderView } from '../../src/ports/ordering-client.js';
import { type IdentityFiles, readIdentity } from './certificates.js';
import { freePorts } from './free-ports.js';
import { ServerProcess, type LogLine } from './server-process.js';
import { TcpProxy } from './tcp-proxy.js';
import { until } from './until.js';

const ROOT = path.resolve(import.meta.dirname, '../..');
/** What a replica's folder holds before its first start. */
export const SHIPPED = ['menu.csv', 'motd.txt'] as const;
export const CLUSTER_TOKEN = 'token-of-a-throw-away-cluster';
export const STAFF_TOKEN = 'staff-token-of-a-throw-away-cluster';

/** Settings of a throw-away cluster. */
export interface ClusterOptions {
  /** Default 3. */
  readonly replicas?: number;
  /** Default 2. */
  readonly frontEnds?: number;
  /** Whether replicas are reached through ways that `silence` and `delay` can spoil; default false. */
  readonly hasProxies?: boolean;
  /** Default `read-only`. */
  readonly whenAlone?: ClusterConfiguration['whenAlone'];
  /** Whom replicas tell of events; default: nobody. */
  readonly notify?: {
    readonly webhook?: string;
    readonly command?: readonly string[];
    readonly on?: readonly string[];
  };
  /** Further fields of the configuration. */
  readonly more?: Readonly<Record<string, unknown>>;
  /** Files by which the members know each other; default: plain text. */
  readonly tls?: IdentityFiles;
  /** Files of the front ends' TLS for customers; default: plain text. */
  readonly customerTls?: IdentityFiles;
  /** What node runs as servers; default: the built program. */
  readonly program?: readonly string[];
  /** Runs when the files are there, before anything is started. */
  readonly prepare?: (cluster: Cluster) => Promise<void>;
}

/** One replica of the cluster. */
export interface Replica {
  readonly index: number;
  readonly id: string;
  readonly address: string;
  /** Its folder of resources. */
  readonly folder: string;
  /** Address of its metrics and health. */
  readonly http: string;
  readonly process: ServerProcess;
}

/** One front end of the cluster. */
export interface FrontEnd {
  readonly id: string;
  readonly address: string;
  /** Address of its metrics and health. */
  readonly http: string;
  readonly process: ServerProcess;
}

/**
 * Real processes of the built program in a temporary folder, each with a pid that the test owns. `end` ends everything,
 * stopped processes included; so does the end of this process.
 */
export class Cluster {
  readonly replicas: readonly Replica[];
  readonly frontEnds: readonly FrontEnd[];
  readonly #operations: readonly OperationsClient[];
  readonly #clients: { close(): void }[] = [];
  /** By `from` and `to`; empty without proxies. */
  readonly #ways = new Map<string, TcpProxy>();

  private constructor(
    /** Holds the configurations, the folders of the replicas and the logs. */
    readonly folder: string,
    addresses: {
      readonly replicas: readonly string[];
      readonly frontEnds: readonly string[];
      readonly http: readonly string[];
    },
    readonly postcodes: PostcodeStandIn,
    readonly options: ClusterOptions,
  ) {
    // Each has a configuration of its own: it may reach the others at addresses of its own.
    const server = (name: string, args: readonly string[]): ServerProcess =>
      new ServerProcess(
        name,
        [...args, '--config', path.join(folder, `${name}.json`)],
        path.join(folder, `${name}.log`),
        options.program,
      );
    this.replicas = addresses.replicas.map((address, index) => {
      const id = `replica-${index + 1}`;
      const http = addresses.http[index] ?? '';
      return { index, id, address, http, folder: path.join(folder, id), process: server(id, ['replica', id]) };
    });
    this.frontEnds = addresses.frontEnds.map((address, index) => {
      const id = `front-end-${index + 1}`;
      const http = addresses.http[addresses.replicas.length + index] ?? '';
      return { id, address, http, process: server(id, ['front-end', id]) };
    });
    const tls = options.tls === undefined ? undefined : readIdentity(options.tls);
    this.#operations = addresses.replicas.map((address) => createOperationsClient(address, CLUSTER_TOKEN, tls));
  }

  /** Starts a new cluster and waits until it takes orders. */
  static async start(options: ClusterOptions = {}): Promise<Cluster> {
    const { replicas = 3, frontEnds = 2, hasProxies = false } = options;
    const folder = mkdtempSync(path.join(tmpdir(), 'just-hungry-cluster-'));
    const count = replicas + frontEnds;
    const ports = await freePorts(2 * count);
    const addresses = ports.map((port) => `127.0.0.1:${port}`);
    const cluster = new Cluster(
      folder,
      {
        replicas: addresses.slice(0, replicas),
        frontEnds: addresses.slice(replicas, count),
        http: addresses.slice(count),
      },
      await createPostcodeStandIn(),
      options,
    );
    try {
      if (hasProxies) await cluster.#startProxies();
      cluster.#writeFiles();
      await options.prepare?.(cluster);
      await Promise.all([...cluster.replicas, ...cluster.frontEnds].map((one) => one.process.start()));
      await cluster.primary();
      return cluster;
    } catch (error) {
      cluster.printLogs();
      await cluster.end({ keepFiles: true });
      throw error;
    }
  }

  #writeFiles(): void {
    for (const { folder } of this.replicas) {
      mkdirSync(folder);
      for (const name of SHIPPED) cpSync(path.join(ROOT, 'resources/replica-1', name), path.join(folder, name));
    }
    for (const one of [...this.replicas, ...this.frontEnds])
      this.writeConfiguration(path.join(this.folder, `${one.process.name}.json`), one);
  }

  /** Writes the configuration of one server to a file, with these fields more or otherwise. */
  writeConfiguration(
    file: string,
    { id: ofServer }: Replica | FrontEnd,
    otherwise: Readonly<Record<string, unknown>> = {},
  ): void {
    const { tls, customerTls, whenAlone = 'read-only', notify, more } = this.options;
    const configuration = {
      replicas: this.replicas.map(({ id, address, http }) => ({
        id,
        http,
        address: this.#ways.get(`${ofServer} ${id}`)?.address ?? address,
        resources: id,
      })),
      frontEnds: this.frontEnds.map(({ id, address, http }) => ({
        id,
        address,
        http,
        ...(customerTls === undefined ? {} : { tls: customerTls }),
      })),
      whenAlone,
      ...(notify === undefined ? {} : { notify }),
      postcodes: { url: this.postcodes.url },
      token: CLUSTER_TOKEN,
      staffToken: STAFF_TOKEN,
      ...(tls === undefined ? {} : { tls }),
      ...more,
      ...otherwise,
    };
    writeFileSync(file, JSON.stringify(configuration, undefined, 2));
  }

  async #startProxies(): Promise<void> {
    for (const from of [...this.replicas, ...this.frontEnds])
      for (const to of this.replicas.filter((one) => one !== from)) {
        const [port = 0] = await freePorts(1);
        this.#ways.set(`${from.id} ${to.id}`, await TcpProxy.start(port, to.address));
      }
  }

  /** From now on nothing of what `from` sends to `to` arrives, nor an answer on that way; `to` has a way of its own back. */
  silence(from: Replica | FrontEnd, to: Replica): void {
    this.#ways.get(`${from.id} ${to.id}`)?.silence();
  }

  /** From now on everything between two servers takes so long in each direction, ms, on the way that `from` opened. */
  delay(from: Replica | FrontEnd, to: Replica, ms: number): void {
    this.#ways.get(`${from.id} ${to.id}`)?.delay(ms);
  }

  /** All ways are open again, and fast; what was sent meanwhile arrives late. */
  openWays(): void {
    for (const way of this.#ways.values()) {
      way.delay(0);
      way.open();
    }
  }

  /** A client of the front ends with these numbers, tried in this order; default: all. Closed with the cluster. */
  client(order: readonly number[] = [...this.frontEnds.keys()], deadlineMs = 5_000): OrderingClient {
    const { addresses, ...access } = this.#access(order);
    const client = createOrderingClient(addresses, { ...access, deadlineMs });
    this.#clients.push(client);
    return client;
  }

  /** A client of a service, as `client`. */
  serviceClient(
    contract: ServiceContract,
    order: readonly number[] = [...this.frontEnds.keys()],
    deadlineMs = 5_000,
  ): ServiceClient {
    const { addresses, ...access } = this.#access(order);
    const client = createServiceClient(contract, addresses, { ...access, deadlineMs });
    this.#clients.push(client);
    return client;
  }

  #access(order: readonly number[]) {
    const addresses = order.map((index) => this.frontEnd(index).address);
    const { customerTls } = this.options;
    const ca = customerTls === undefined ? undefined : readIdentity(customerTls).ca;
    const tlsCas = new Map(ca === undefined ? [] : addresses.map((address) => [address, ca] as const));
    return { addresses, tlsCas, staffToken: STAFF_TOKEN };
  }

  /** The configuration file of a server; any of them will do for a command. */
  configurationOf(name = 'front-end-1'): string {
    return path.join(this.folder, `${name}.json`);
  }

  replica(index: number): Replica {
    const found = this.replicas[index];
    if (found === undefined) throw new Error(`there is no replica with index ${index}`);
    return found;
  }

  frontEnd(index: number): FrontEnd {
    const found = this.frontEnds[index];
    if (found === undefined) throw new Error(`there is no front end with index ${index}`);
    return found;
  }

  /** How a replica sees itself; `undefined` when it does not answer. */
  async status(index: number): Promise<ReplicaStatus | undefined> {
    try {
      return await this.#operations[index]?.status();
    } catch {
      return undefined;
    }
  }

  /** The orders that wait in a replica's outbox. Throws when it does not answer. */
  async outbox(index: number): Promise<OrderView[]> {
    return [...((await this.#operations[index]?.outbox())?.orders ?? [])];
  }

  /** How all see themselves. */
  statuses(): Promise<(ReplicaStatus | undefined)[]> {
    return Promise.all(this.replicas.map(({ index }) => this.status(index)));
  }

  /** Waits until one replica acts as primary and takes orders; of several the one in the latest view. */
  async primary(): Promise<Replica> {
    let seen: unknown;
    return until(
      async () => {
        const all = await this.statuses();
        seen = all;
        const acting = all.filter((one) => one?.role === 'primary' && one.writable);
        const latest = acting.sort((a, b) => (b?.view ?? 0) - (a?.view ?? 0))[0];
        return this.replicas.find(({ id }) => id === latest?.id);
      },
      () => `a primary takes orders: ${JSON.stringify(seen)}`,
    );
  }

  /** The replicas but this one. */
  others(than: Replica): Replica[] {
    return this.replicas.filter((one) => one !== than);
  }

  /** Waits until a replica that was started is a member again: in the primary's view, and heard there. */
  async joined(replica: Replica): Promise<void> {
    let seen: unknown;
    await until(
      async () => {
        const primary = await this.primary();
        const [own, leading] = await Promise.all([this.status(replica.index), this.status(primary.index)]);
        seen = [own, leading];
        if (own === undefined || leading === undefined || own.view !== leading.view) return false;
        if (primary === replica) return true;
        return (
          own.role === 'backup' && leading.peers.some(({ id, health }) => id === replica.id && health === 'healthy')
        );
      },
      () => `${replica.id} is a member: ${JSON.stringify(seen)}`,
    );
  }

  /** Waits until all replicas are members of one view with one log, everything of it committed and in their tables. */
  async level(): Promise<readonly ReplicaStatus[]> {
    let seen: unknown;
    return until(
      async () => {
        const all = await this.statuses();
        seen = all;
        const present = all.filter((one) => one !== undefined);
        const [first] = present;
        if (first === undefined || present.length < this.replicas.length) return undefined;
        const isLevel = present.every(
          (one) =>
            (one.role === 'primary' || one.role === 'backup') &&
            one.view === first.view &&
            one.chain === first.chain &&
            one.applied === first.op &&
            one.durableOp === first.op &&
            one.outbox === 0,
        );
        return isLevel && present.some((one) => one.role === 'primary' && one.writable) && present;
      },
      () => `all replicas are level: ${JSON.stringify(seen, undefined, 1)}`,
    );
  }

  /** What all servers logged, in the order of time; `server` names the one. */
  timeline(): (LogLine & { readonly server: string })[] {
    return [...this.replicas, ...this.frontEnds]
      .flatMap(({ process }) => process.log().map((line) => ({ ...line, server: process.name })))
      .sort((a, b) => a.time - b.time);
  }

  /** Views of which a replica became primary since then, ms since 1970; in the order of time. */
  viewsBegunSince(sinceMs: number): number[] {
    return this.timeline().flatMap(({ time, kind, view }) =>
      time >= sinceMs && kind === 'becamePrimary' ? [Number(view)] : [],
    );
  }

  /** Prints the end of every log, and where the files are. */
  printLogs(lines = 40): void {
    for (const { process } of [...this.replicas, ...this.frontEnds])
      console.error(`--- ${process.name}.log\n${process.logTail(lines)}`);
    console.error(`--- everything is kept in ${this.folder}`);
  }

  /** Ends every process and removes the folder. */
  async end({ keepFiles = false } = {}): Promise<void> {
    for (const client of this.#clients) client.close();
    for (const client of this.#operations) client.close();
    await Promise.all([...this.replicas, ...this.frontEnds].map((one) => one.process.kill()));
    await Promise.all([...this.#ways.values()].map((way) => way.close()));
    await this.postcodes.close();
    if (!keepFiles) rmSync(this.folder, { recursive: true, force: true });
  }
}
