import { randomUUID } from 'node:crypto';
import { appendFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { createPostcodeStandIn, type PostcodeStandIn } from '../../front-end/postcodes/stand-in.js';
import { type ChaosClient, createChaosClient } from '../../net/chaos-client.js';
import { type DirectClient, directClient } from '../../net/direct-client.js';
import { createOperationsClient, type OperationsClient } from '../../net/operations-client.js';
import { createOrderingClient } from '../../net/ordering-client.js';
import { EQUAL_TABLES, type FolderFiles } from '../../operations/drill/tables.js';
import { until } from '../../operations/drill/until.js';
import type { ReplicaStatus } from '../../ports/calls.js';
import type { OrderingClient } from '../../ports/ordering-client.js';
import { BACKOFF_MIN_MS } from '../supervisor/death-record.js';
import type { ProcessSpec } from '../supervisor/supervised-process.js';
import { Supervisor } from '../supervisor/supervisor.js';
import { DRILL_MENU } from './drill-menu.js';
import { freePorts } from './free-ports.js';

const REPLICAS = 3;
const FRONT_ENDS = 2;
/** A reader who insists on one replica waits so long for its answer, ms: longer than a pause. */
const DIRECT_MS = 4_000;
/** Faults kill far more often than a server in service dies. */
const DEATHS_MAX = 1_000;
/** ms until a cluster that was hurt is whole again; what takes longer is told as not healed. */
const WHOLE_WITHIN_MS = 30_000;

/** Files that do not change for so long, and are alike, hold all that the tables do; ms. The longest wait for it, ms. */
const SETTLED_MS = 150;
const SETTLED_WITHIN_MS = 3_000;

/** One replica of a throw-away cluster. */
export interface DrillReplica {
  readonly index: number;
  readonly id: string;
  readonly folder: string;
  readonly chaos: ChaosClient;
}

/** A cluster of real processes in a temporary folder on free ports of 127.0.0.1, supervised as by `start`, chaos on. */
export class ThrowAwayCluster {
  readonly replicas: readonly DrillReplica[];
  readonly #operations: readonly OperationsClient[];
  readonly #clients: Pick<OrderingClient, 'close'>[] = [];
  readonly #supervisor: Supervisor;

  private constructor(
    readonly folder: string,
    private readonly postcodes: PostcodeStandIn,
    private readonly addresses: readonly string[],
    private readonly token: string,
    mainFile: string,
  ) {
    const config = path.join(folder, 'cluster.json');
    const spec = (kind: string, id: string): ProcessSpec => ({
      name: id,
      upDetail: '',
      command: process.execPath,
      args: [mainFile, kind, id, '--config', config],
      logFile: path.join(folder, `${id}.log`),
      deathsMax: DEATHS_MAX,
      // A death on purpose is no sign of a process that cannot run: what is measured is not the supervisor's patience.
      backoffMaxMs: BACKOFF_MIN_MS,
    });
    this.replicas = addresses.slice(0, REPLICAS).map((address, index) => {
      const id = `replica-${index + 1}`;
      return { index, id, folder: path.join(folder, id), chaos: createChaosClient(address, token) };
    });
    this.#operations = addresses.slice(0, REPLICAS).map((address) => createOperationsClient(address, token));
    const frontEnds = addresses.slice(REPLICAS).map((_, index) => spec('front-end', `front-end-${index + 1}`));
    this.#supervisor = new Supervisor({
      groups: [
        { specs: frontEnds, isEssential: true },
        { specs: this.replicas.map(({ id }) => spec('replica', id)), isEssential: true },
      ],
      report: (line) => appendFileSync(path.join(folder, 'start.log'), `${new Date().toISOString()} ${line}\n`),
    });
  }

  /** Makes the folder and what belongs into it; nothing runs before `start`. */
  static async make(packageRoot: string): Promise<ThrowAwayCluster> {
    const folder = mkdtempSync(path.join(tmpdir(), 'just-hungry-drill-'));
    const ports = await freePorts(REPLICAS + FRONT_ENDS, process.pid % 8);
    const addresses = ports.map((port) => `127.0.0.1:${port}`);
    const postcodes = await createPostcodeStandIn();
    const token = randomUUID();
    const cluster = new ThrowAwayCluster(
      folder,
      postcodes,
      addresses,
      token,
      path.join(packageRoot, 'dist/cli/main.js'),
    );
    for (const replica of cluster.replicas) {
      mkdirSync(replica.folder);
      writeFileSync(path.join(replica.folder, 'menu.csv'), DRILL_MENU);
      writeFileSync(path.join(replica.folder, 'motd.txt'), 'A drill: nothing here is real.\n');
    }
    const configuration = {
      replicas: cluster.replicas.map(({ id, index }) => ({ id, address: addresses[index], resources: id })),
      frontEnds: addresses.slice(REPLICAS).map((address, index) => ({ id: `front-end-${index + 1}`, address })),
      postcodes: { url: postcodes.url },
      token,
      chaos: true,
    };
    writeFileSync(path.join(folder, 'cluster.json'), JSON.stringify(configuration, undefined, 2), { mode: 0o600 });
    return cluster;
  }

  /** Starts all; resolves when orders are taken. Rejects with why it cannot be started. */
  async start(): Promise<void> {
    const outcome = await this.#supervisor.start();
    if (outcome.kind === 'failed') throw new Error(`the throw-away cluster does not start: ${outcome.message}`);
    await this.whole();
  }

  get frontEnds(): number {
    return FRONT_ENDS;
  }

  /** A client of the front ends with these numbers, tried in this order; closed with the cluster. */
  client(order: readonly number[]): OrderingClient {
    const addresses = order.map((index) => this.addresses[REPLICAS + index] ?? '');
    const client = createOrderingClient(addresses, {});
    this.#clients.push(client);
    return client;
  }

  /** A way to each replica past the front ends, for readers who insist on one; closed with the cluster. */
  async direct(): Promise<{ name: string; calls: DirectClient }[]> {
    return Promise.all(
      this.replicas.map(async ({ id, index }) => {
        const calls = await directClient({ id, address: this.addresses[index] ?? '' }, this.token, DIRECT_MS);
        this.#clients.push(calls);
        return { name: `reader of ${id} alone`, calls };
      }),
    );
  }

  /** How all replicas see themselves; `undefined` where none answers. */
  statuses(): Promise<(ReplicaStatus | undefined)[]> {
    return Promise.all(this.#operations.map((one) => one.status().catch(() => undefined)));
  }

  /** How one replica sees itself; `undefined` when it does not answer. */
  async status({ index }: DrillReplica): Promise<ReplicaStatus | undefined> {
    return this.#operations[index]?.status().catch(() => undefined);
  }

  /** The replica that acts as primary in the latest view and takes orders; waits for one. */
  async primary(): Promise<DrillReplica> {
    return until(async () => this.leading(), 'a primary takes orders');
  }

  /** The same if there is one now. */
  async leading(): Promise<DrillReplica | undefined> {
    const acting = (await this.statuses()).flatMap((one) => (one?.role === 'primary' && one.writable ? one : []));
    const latest = acting.sort((a, b) => b.view - a.view)[0];
    return this.replicas.find(({ id }) => id === latest?.id);
  }

  /** The replicas but this one. */
  others(than: DrillReplica): DrillReplica[] {
    return this.replicas.filter((one) => one !== than);
  }

  /** Waits until all replicas are members of one view whose primary hears them and takes orders. */
  async whole(): Promise<void> {
    await this.#until('all replicas are members again', (present) => {
      const leading = present.find(({ role, writable }) => role === 'primary' && writable);
      return (
        leading !== undefined &&
        present.every(({ role, view }) => view === leading.view && (role === 'primary' || role === 'backup')) &&
        leading.peers.every(({ health }) => health === 'healthy')
      );
    });
  }

  /** Waits until all replicas have one log, everything of it committed and in their tables. Nobody may order meanwhile. */
  async level(): Promise<void> {
    await this.whole();
    await this.#until('all replicas are level', (present) => {
      const [first] = present;
      return present.every(
        ({ chain, applied, durableOp, outbox }) =>
          chain === first?.chain && applied === first.op && durableOp === first.op && outbox === 0,
      );
    });
    await this.#settledFiles();
  }

  /** What is in the tables reaches their files a moment later. Copies that stay different are for the judge. */
  async #settledFiles(): Promise<void> {
    const content = (): string[] =>
      this.folders().map((folder) =>
        EQUAL_TABLES.map((name) => folder.read(name)?.toString('latin1') ?? '').join('\0'),
      );
    const giveUpMs = performance.now() + SETTLED_WITHIN_MS;
    for (let before = content(); ;) {
      await pause(SETTLED_MS);
      const now = content();
      const isStill = now.every((text, index) => text === before[index] && text === now[0]);
      if (isStill || performance.now() > giveUpMs) return;
      before = now;
    }
  }

  async #until(what: string, isSo: (present: readonly ReplicaStatus[]) => boolean): Promise<void> {
    let seen: unknown;
    await until(
      async () => {
        const all = await this.statuses();
        seen = all.map(
          (one) => one && [one.id, one.role, one.view, one.op, one.commit, one.chain, one.reason].join(' '),
        );
        const present = all.filter((one) => one !== undefined);
        return present.length === REPLICAS && isSo(present);
      },
      () => `${what}: ${JSON.stringify(seen)}`,
      WHOLE_WITHIN_MS,
    );
  }

  /** The folders of all replicas as their judge reads them. */
  folders(): FolderFiles[] {
    return this.replicas.map(({ id, folder }) => ({
      name: id,
      read(file) {
        try {
          return readFileSync(path.join(folder, file));
        } catch (error) {
          if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
          throw error;
        }
      },
    }));
  }

  /** Ends every process at once and removes the folder, unless it is to be kept. May be repeated. */
  async end({ keepFiles }: { readonly keepFiles: boolean }): Promise<void> {
    for (const client of [...this.#clients, ...this.#operations, ...this.replicas.map(({ chaos }) => chaos)])
      client.close();
    const stopped = this.#supervisor.stop();
    this.#supervisor.kill();
    await stopped;
    await this.postcodes.close();
    if (!keepFiles) rmSync(this.folder, { recursive: true, force: true });
  }
}
