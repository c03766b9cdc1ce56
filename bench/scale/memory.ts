import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Subject } from '../subjects/subject.js';

/** Resident memory of a process, bytes. */
export interface Memory {
  readonly name: string;
  /** As it was some seconds after the start. */
  readonly rssBytes: number;
  /** After everything that is garbage was collected. */
  readonly collectedBytes: number;
}

const SETTLE_MS = 3000;
const COLLECT_MS = 2000;

/** Memory of every process of a cluster, before and after collecting garbage. */
export async function memoryOf(cluster: Subject): Promise<Memory[]> {
  const processes = cluster.processes();
  await sleep(SETTLE_MS);
  const before = processes.map(({ pid }) => rssOf(pid));
  for (const { pid } of processes) process.kill(pid, 'SIGUSR2');
  await sleep(COLLECT_MS);
  return processes.map(({ name, pid }, index) => ({
    name,
    rssBytes: before[index] ?? 0,
    collectedBytes: rssOf(pid),
  }));
}

/** VmRSS of a process, bytes. */
export function rssOf(pid: number): number {
  const found = /^VmRSS:\s+([0-9]+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'latin1'));
  return Number(found?.[1] ?? 0) * 1024;
}
