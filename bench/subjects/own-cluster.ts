import { cpSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { STOP_WITHIN_MS } from '../../src/cli/child-protocol.js';
import { createOperationsClient, type OperationsClient } from '../../src/net/operations-client.js';
import type { ReplicaStatus } from '../../src/ports/calls.js';
import { freePorts } from '../../test/support/free-ports.js';
import { ServerProcess } from '../../test/support/server-process.js';
import { until } from '../../test/support/until.js';
import { BENCH_MENU, orderRequest } from '../order.js';
import { BENCH_FOLDER, YOUNG_GENERATION } from '../processes.js';
import { removeFolder, temporaryFolder } from '../temporary-folder.js';
import type { Subject } from './subject.js';

const IDS = ['replica-1', 'replica-2', 'replica-3'];
const FRONT_END = 'front-end-1';
const TOKEN = 'token-of-a-cluster-under-load';
/** ms in which a replica without files must be a member again: it copies everything, under load. */
const JOIN_WITHIN_MS = 120_000;

interface Replica {
  readonly index: number;
  readonly folder: string;
  readonly process: ServerProcess;
}

/** The cluster under test, whose backups can be stopped and wiped. */
export interface OwnCluster extends Subject {
  /** Where its customers call: its front end. */
  readonly address: string;
  /** Where operators ask each replica, and with which token. */
  readonly replicas: readonly { readonly id: string; readonly address: string }[];
  readonly token: string;
  /** Stops one backup and returns what starts it again and waits until it is a member. */
  stopBackup(): Promise<() => Promise<void>>;
  /**
   * Kills one backup, removes all its files and starts it again. Returns, when it is a member again and level with what was
   * committed when it began, the ms that took.
   */
  wipeBackup(): Promise<number>;
}

/** Starts three replicas and a front end as `just-hungry start --offline` does, in a folder of their own. */
export async function startOwnCluster(env: NodeJS.ProcessEnv = {}): Promise<OwnCluster> {
  const folder = temporaryFolder('bench');
  const [front = 0, standInPort = 0, ...ports] = await freePorts(2 + IDS.length);
  const address = `127.0.0.1:${front}`;
  const configuration = writeConfiguration(folder, address, ports);
  const nodeOptions = [env['NODE_OPTIONS'], YOUNG_GENERATION].filter((one) => one !== undefined).join(' ');
  const environment = { ...env, NODE_OPTIONS: nodeOptions } as Record<string, string>;
  const server = (name: string, ...args: string[]): ServerProcess =>
    new ServerProcess(name, args, path.join(folder, `${name}.log`));
  const standIn = server('postcodes', 'postcodes-stand-in', '--port', String(standInPort));
  const postcodes = ['--postcodes-url', `http://127.0.0.1:${standInPort}`];
  const frontEnd = server(FRONT_END, 'front-end', FRONT_END, '--config', configuration, ...postcodes);
  const replicas = IDS.map((id, index): Replica => {
    return { index, folder: path.join(folder, id), process: server(id, 'replica', id, '--config', configuration) };
  });
  const operations = ports.map((port) => createOperationsClient(`127.0.0.1:${port}`, TOKEN));
  const servers = [...replicas.map((one) => one.process), frontEnd];
  await standIn.start();
  await Promise.all(servers.map((one) => one.start([], environment)));
  const cluster = new Members(replicas, operations);
  await cluster.primary();
  return {
    kind: 'just-hungry',
    name: 'just-hungry',
    target: { addresses: [address] },
    address,
    replicas: IDS.map((id, index) => ({ id, address: `127.0.0.1:${ports[index]}` })),
    token: TOKEN,
    orderCalls: 'order',
    settings: 'three replicas and one front end, write concern majority, every fsync on, linearizable reads',
    processes: () => servers.filter((one) => one.isRunning).map(({ name, pid }) => ({ name, pid })),
    kept: async () => replicas.map((one) => keptIn(one.folder)),
    check: async () => undefined,
    async stopBackup() {
      const backup = await cluster.backup();
      await stopOrKill(backup.process);
      return async () => {
        await backup.process.start([], environment);
        await cluster.joined(backup);
      };
    },
    async wipeBackup() {
      const backup = await cluster.backup();
      const began = performance.now();
      await backup.process.kill();
      rmSync(backup.folder, { recursive: true });
      mkdirSync(backup.folder);
      await backup.process.start([], environment);
      await cluster.joined(backup);
      return performance.now() - began;
    },
    async stop() {
      for (const client of operations) client.close();
      await stopOrKill(frontEnd);
      await Promise.all(replicas.map((one) => stopOrKill(one.process)));
      await stopOrKill(standIn);
      removeFolder(folder);
    },
  };
}

/** Asks a server to stop, and kills it when that takes too long: nothing may be left running. */
async function stopOrKill(server: ServerProcess): Promise<void> {
  const late = setTimeout(() => void server.kill(), STOP_WITHIN_MS);
  await server.stop();
  clearTimeout(late);
}

/** The members of the cluster as they see themselves. */
class Members {
  constructor(
    readonly replicas: readonly Replica[],
    readonly operations: readonly OperationsClient[],
  ) {}

  async #status(index: number): Promise<ReplicaStatus | undefined> {
    return this.operations[index]?.status().catch(() => undefined);
  }

  /** Waits until a replica takes orders as primary. */
  async primary(): Promise<{ replica: Replica; status: ReplicaStatus }> {
    return until(async () => {
      for (const replica of this.replicas) {
        const status = await this.#status(replica.index);
        if (status?.role === 'primary' && status.writable) return { replica, status };
      }
      return undefined;
    }, 'a primary takes orders');
  }

  /** Waits for a backup, the last one. */
  async backup(): Promise<Replica> {
    return until(async () => {
      for (const replica of this.replicas.toReversed())
        if ((await this.#status(replica.index))?.role === 'backup') return replica;
      return undefined;
    }, 'there is a backup');
  }

  /** Waits until a replica is a member of the primary's view and has applied what was committed then. */
  async joined(replica: Replica): Promise<void> {
    const { status: then } = await this.primary();
    await until(
      async () => {
        const [own, { status: leading }] = await Promise.all([this.#status(replica.index), this.primary()]);
        if (own === undefined || own.view !== leading.view || own.applied < then.commit) return false;
        return own.role === 'primary' || own.role === 'backup';
      },
      `${replica.process.name} is a member again`,
      JOIN_WITHIN_MS,
    );
  }
}

function writeConfiguration(folder: string, frontEndAddress: string, ports: readonly number[]): string {
  for (const id of IDS) {
    mkdirSync(path.join(folder, id));
    writeFileSync(path.join(folder, id, 'menu.csv'), BENCH_MENU);
    cpSync(path.resolve(BENCH_FOLDER, '../resources', id, 'motd.txt'), path.join(folder, id, 'motd.txt'));
  }
  const file = path.join(folder, 'cluster.json');
  const configuration = {
    replicas: IDS.map((id, index) => ({ id, address: `127.0.0.1:${ports[index]}`, resources: id })),
    frontEnds: [{ id: FRONT_END, address: frontEndAddress }],
    postcodes: { url: 'https://api.postcodes.io' },
    token: TOKEN,
  };
  writeFileSync(file, JSON.stringify(configuration));
  return file;
}

/** Rows of one order. */
const LINES = orderRequest(0).lines?.length ?? 1;

/** Orders, messages and pairs in a folder. */
const keptIn = (folder: string): number =>
  rowsIn(path.join(folder, 'orders.csv')) / LINES +
  rowsIn(path.join(folder, 'messages.csv')) +
  rowsIn(path.join(folder, 'tuples.csv'));

/** Rows below the header; none where there is no file. */
function rowsIn(file: string): number {
  let bytes: Buffer;
  try {
    bytes = readFileSync(file);
  } catch {
    return 0;
  }
  let rows = -1;
  for (let at = bytes.indexOf(10); at !== -1; at = bytes.indexOf(10, at + 1)) rows++;
  return rows;
}
