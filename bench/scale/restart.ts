import { cpSync, rmSync } from 'node:fs';
import { median } from '../statistics.js';
import { startOn, type StartTimes } from './cluster.js';
import { memoryOf, type Memory } from './memory.js';

/** What starting a cluster costs with nothing, few and many orders in its folders. */
export interface StartMeasurement {
  readonly none: readonly StartTimes[];
  readonly few: readonly StartTimes[];
  readonly many: readonly StartTimes[];
  readonly memoryNone: readonly Memory[];
  readonly memoryMany: readonly Memory[];
  /** Resident bytes of a replica for each stored order, garbage collected: median of the replicas. */
  readonly bytesPerOrder: number;
}

/** Starts clusters in turns, so that all meet the same machine, and compares memory. */
export async function measureStart(
  none: string,
  few: string,
  many: string,
  { starts, orders }: { readonly starts: number; readonly orders: number },
): Promise<StartMeasurement> {
  const times: Record<'none' | 'few' | 'many', StartTimes[]> = { none: [], few: [], many: [] };
  let memoryNone: Memory[] = [];
  let memoryMany: Memory[] = [];
  for (let turn = 0; turn < starts; turn++) {
    for (const [kind, folder] of [['none', none] as const, ['few', few] as const, ['many', many] as const]) {
      // A folder that was in use for a moment only is read whole by the next start: each start gets a copy.
      const copy = `${folder}-start`;
      cpSync(folder, copy, { recursive: true });
      const cluster = await startOn(copy, kind);
      times[kind].push(cluster.startTimes);
      const { firstReadMs, firstOrderMs, cpuSeconds } = cluster.startTimes;
      console.error(
        `${folder}: read after ${firstReadMs.toFixed(0)} ms, order after ${firstOrderMs.toFixed(0)} ms, ` +
          `${cpuSeconds.toFixed(2)} s of CPU`,
      );
      if (turn === starts - 1 && kind === 'none') memoryNone = await memoryOf(cluster);
      if (turn === starts - 1 && kind === 'many') memoryMany = await memoryOf(cluster);
      await cluster.stop();
      rmSync(copy, { recursive: true });
    }
  }
  const more = memoryMany.flatMap(({ name, collectedBytes }) => {
    const before = memoryNone.find((one) => one.name === name);
    return name.startsWith('replica') && before !== undefined ? [collectedBytes - before.collectedBytes] : [];
  });
  return { ...times, memoryNone, memoryMany, bytesPerOrder: median(more) / orders };
}
