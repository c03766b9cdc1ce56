import { type ChildProcess, spawn } from 'node:child_process';
import { credentials, type ServiceError } from '@grpc/grpc-js';
import { rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { performance } from 'node:perf_hooks';
import { setTimeout as sleep } from 'node:timers/promises';
import { pathToFileURL } from 'node:url';
import { FoodOrdering } from '../contract.js';
import { orderRequest } from '../order.js';
import { BENCH_FOLDER, usageOf } from '../processes.js';
import { childrenOf } from './children.js';
import { freePorts } from '../../test/support/free-ports.js';
import type { Subject } from '../subjects/subject.js';

/** A client of the public contract. */
export type Customer = InstanceType<typeof FoodOrdering>;

/** How long a start took, ms from the spawn of `just-hungry start`, and the CPU of all processes until then. */
export interface StartTimes {
  readonly firstReadMs: number;
  readonly firstOrderMs: number;
  readonly cpuSeconds: number;
}

/** A cluster that runs on generated folders. */
export interface ScaleCluster extends Subject {
  readonly address: string;
  readonly startTimes: StartTimes;
  /** A client on a connection of its own. */
  connect(): Customer;
}

const CALL_MS = 10_000;
const START_MS_MAX = 60_000;
const RETRY_MS = 5;
const IDS = ['replica-1', 'replica-2', 'replica-3'];

/** Runs `just-hungry start --offline` on generated folders and waits until a linearizable read and an order have succeeded. */
export async function startOn(folder: string, name: string): Promise<ScaleCluster> {
  const [front, ...ports] = await freePorts(4);
  const address = `127.0.0.1:${front}`;
  const configuration = {
    replicas: IDS.map((id, index) => ({ id, address: `127.0.0.1:${ports[index]}`, resources: id })),
    frontEnds: [{ id: 'front-end-1', address }],
    postcodes: { url: 'https://api.postcodes.io' },
  };
  const file = path.join(folder, 'scale.json');
  writeFileSync(file, JSON.stringify(configuration));
  const hook = pathToFileURL(path.join(BENCH_FOLDER, 'scale', 'collect.mjs')).href;
  const main = path.resolve(BENCH_FOLDER, '../dist/cli/main.js');
  const began = performance.now();
  const supervisor = spawn(process.execPath, [main, 'start', '--offline', '--config', file], {
    env: { ...process.env, NODE_OPTIONS: `--import=${hook}` },
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  const connect = (): Customer =>
    new FoodOrdering(address, credentials.createInsecure(), {
      'grpc.enable_retries': 0,
      'grpc.enable_channelz': 0,
      'grpc.use_local_subchannel_pool': 1,
      'grpc.initial_reconnect_backoff_ms': 20,
      'grpc.max_reconnect_backoff_ms': 20,
    });
  const customer = connect();
  try {
    const isOver = () => supervisor.exitCode !== null || performance.now() - began > START_MS_MAX;
    const request = { user_code: 'user-1', consistency: 'CONSISTENCY_LINEARIZABLE' } as const;
    await untilDone(isOver, (deadline, done) => customer.GetOrders(request, { deadline }, done));
    const firstReadMs = performance.now() - began;
    await untilDone(isOver, (deadline, done) => customer.MakeOrder(orderRequest(0), { deadline }, done));
    const firstOrderMs = performance.now() - began;
    const servers = childrenOf(supervisor.pid ?? 0);
    const all = [supervisor.pid ?? 0, ...servers.map(({ pid }) => pid)];
    const cpuSeconds = all.reduce((sum, pid) => sum + usageOf(pid).cpuSeconds, 0);
    const processes = servers.flatMap(({ pid, args }) => {
      const found = args.find((arg) => [...IDS, 'front-end-1'].includes(arg));
      return found === undefined ? [] : [{ name: found, pid }];
    });
    const sorted = processes.toSorted((a, b) => a.name.localeCompare(b.name));
    return {
      kind: 'just-hungry',
      name,
      address,
      target: { addresses: [address] },
      orderCalls: 'order',
      settings: 'as `just-hungry start --offline` runs it',
      processes: () => sorted,
      kept: () => Promise.resolve([]),
      check: () => Promise.resolve(),
      startTimes: { firstReadMs, firstOrderMs, cpuSeconds },
      connect,
      stop: async () => {
        await end(supervisor);
        rmSync(file);
      },
    };
  } catch (error) {
    await end(supervisor);
    throw error;
  } finally {
    customer.close();
  }
}

/** Ends the supervisor as Ctrl-C does, and with it all that it runs. */
async function end(supervisor: ChildProcess): Promise<void> {
  if (supervisor.exitCode !== null || supervisor.signalCode !== null) return;
  const gone = new Promise((resolve) => supervisor.once('exit', resolve));
  supervisor.kill('SIGINT');
  await gone;
}

type Call = (deadline: Date, done: (error: ServiceError | null) => void) => void;

/** Repeats a call until it succeeds; throws its last error when it is over. */
async function untilDone(isOver: () => boolean, call: Call): Promise<void> {
  for (;;) {
    const error = await new Promise<ServiceError | null>((resolve) => call(new Date(Date.now() + CALL_MS), resolve));
    if (error === null) return;
    if (isOver()) throw error;
    await sleep(RETRY_MS);
  }
}
