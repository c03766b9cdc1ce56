import { readFileSync } from 'node:fs';
import { createServer } from 'node:net';

/** Ports for throw-away clusters: above what the cluster that ships uses, below what the system hands out by itself. */
const FIRST = 10_000;
const EPHEMERAL_RANGE = '/proc/sys/net/ipv4/ip_local_port_range';

const taken = new Set<number>();
/** Processes that take ports at the same time (mocha's workers) have ports of their own, by their remainder. */
const WORKERS_MAX = 8;

/**
 * Free ports of 127.0.0.1 for servers that will be stopped and started again: none that the system may hand to an outgoing
 * connection meanwhile, none that this process got before or another `worker` (0 … 7) gets.
 */
export async function freePorts(count: number, worker = 0): Promise<number[]> {
  const last = firstEphemeral() - 1;
  const ports: number[] = [];
  for (let attempt = 0; ports.length < count; attempt++) {
    if (attempt > 1_000) throw new Error(`no ${count} free ports between ${FIRST} and ${last}`);
    const drawn = FIRST + Math.floor(Math.random() * (last - FIRST - WORKERS_MAX));
    const port = drawn - (drawn % WORKERS_MAX) + worker;
    if (taken.has(port) || !(await isFree(port))) continue;
    taken.add(port);
    ports.push(port);
  }
  return ports;
}

function firstEphemeral(): number {
  try {
    return Number(readFileSync(EPHEMERAL_RANGE, 'utf8').split(/\s/)[0]);
  } catch {
    return 32_768;
  }
}

async function isFree(port: number): Promise<boolean> {
  const server = createServer();
  return new Promise((resolve) => {
    server.once('error', () => resolve(false));
    server.listen({ port, host: '127.0.0.1', exclusive: true }, () => server.close(() => resolve(true)));
  });
}
