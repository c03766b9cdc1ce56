import { type ChildProcess, spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { BENCH_MENU } from './order.js';
import { BENCH_FOLDER, childrenOf, nextMessage, startScript, stop } from './processes.js';
import type { ProxySettings } from './proxy/settings.js';

/** What is measured: where customers call, and the processes whose CPU and memory count. */
export interface Subject {
  readonly name: string;
  readonly address: string;
  readonly processes: readonly { readonly name: string; readonly pid: number }[];
  /** Rows of orders in each copy, where it keeps any. */
  readonly rowsKept: () => number[];
  readonly stop: () => Promise<void>;
}

/** Starts the echo server and the bare proxy before it. */
export async function startProxy(name: string, settings: ProxySettings, env: NodeJS.ProcessEnv = {}): Promise<Subject> {
  const echo = startScript('proxy/echo.ts', [settings.name], env);
  const { address: echoAddress } = await nextMessage<{ address: string }>(echo);
  const proxy = startScript('proxy/proxy.ts', [settings.name, echoAddress], env);
  const { address } = await nextMessage<{ address: string }>(proxy);
  return {
    name,
    address,
    processes: [
      { name: 'proxy', pid: proxy.pid ?? 0 },
      { name: 'echo server', pid: echo.pid ?? 0 },
    ],
    rowsKept: () => [],
    stop: async () => {
      await stop(proxy);
      await stop(echo);
    },
  };
}

/** A cluster, with what operators need to ask its replicas. */
export interface Cluster extends Subject {
  readonly replicas: readonly { readonly id: string; readonly address: string }[];
  readonly token: string;
}

const START_MS_MAX = 30_000;

/** Starts a cluster of three with a front end, as `just-hungry start --offline` does, in a folder of its own. */
export async function startCluster(env: NodeJS.ProcessEnv = {}): Promise<Cluster> {
  const root = path.resolve(BENCH_FOLDER, '..');
  const folder = mkdtempSync(path.join(tmpdir(), 'just-hungry-bench-'));
  const ids = ['replica-1', 'replica-2', 'replica-3'];
  for (const id of ids) {
    mkdirSync(path.join(folder, id));
    writeFileSync(path.join(folder, id, 'menu.csv'), BENCH_MENU);
    cpSync(path.join(root, 'resources', id, 'motd.txt'), path.join(folder, id, 'motd.txt'));
  }
  const [front, ...ports] = await freePorts(4);
  const address = `127.0.0.1:${front}`;
  const token = randomUUID();
  const replicas = ids.map((id, index) => ({ id, address: `127.0.0.1:${ports[index]}` }));
  const configuration = {
    replicas: replicas.map((replica) => ({ ...replica, resources: replica.id })),
    token,
    frontEnds: [{ id: 'front-end-1', address }],
    postcodes: { url: 'https://api.postcodes.io' },
  };
  const file = path.join(folder, 'cluster.json');
  writeFileSync(file, JSON.stringify(configuration));
  const main = path.join(root, 'dist/cli/main.js');
  const supervisor = spawn(process.execPath, [main, 'start', '--offline', '--config', file], {
    env: { ...process.env, ...env },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  await untilUp(supervisor);
  const processes = childrenOf(supervisor.pid ?? 0).flatMap(({ pid, args }) => {
    const name = args.find((arg) => [...ids, 'front-end-1'].includes(arg));
    return name === undefined ? [] : [{ name, pid }];
  });
  return {
    name: 'just-hungry',
    address,
    replicas,
    token,
    processes: processes.toSorted((a, b) => a.name.localeCompare(b.name)),
    rowsKept: () => ids.map((id) => rowsIn(path.join(folder, id, 'orders.csv'))),
    stop: async () => {
      await stop(supervisor, 'SIGINT');
      rmSync(folder, { recursive: true });
    },
  };
}

async function untilUp(supervisor: ChildProcess): Promise<void> {
  let said = '';
  supervisor.stdout?.on('data', (bytes: Buffer) => (said += bytes.toString()));
  for (let waited = 0; !said.includes('All is up'); waited += 50) {
    if (waited > START_MS_MAX || supervisor.exitCode !== null) throw new Error(`the cluster did not start:\n${said}`);
    await sleep(50);
  }
}

/** Ports that are free now; held together, so that they differ. */
async function freePorts(count: number): Promise<number[]> {
  const servers = await Promise.all(
    Array.from(
      { length: count },
      () =>
        new Promise<ReturnType<typeof createServer>>((resolve) => {
          const server = createServer();
          server.listen(0, '127.0.0.1', () => resolve(server));
        }),
    ),
  );
  const ports = servers.map((server) => (server.address() as { port: number }).port);
  await Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))));
  return ports;
}

/** Rows below the header. */
function rowsIn(file: string): number {
  const bytes = readFileSync(file);
  let rows = -1;
  for (let at = bytes.indexOf(10); at !== -1; at = bytes.indexOf(10, at + 1)) rows++;
  return rows;
}
