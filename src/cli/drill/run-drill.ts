import { setTimeout as pause } from 'node:timers/promises';
import { checkHistory } from '../../operations/drill/check-history.js';
import { Customers } from '../../operations/drill/customers.js';
import { type DrillReport, drillReport, type Inflicted } from '../../operations/drill/drill-report.js';
import { History } from '../../operations/drill/history.js';
import { notLinearizable } from '../../operations/drill/linearizability/histories.js';
import { wrongStock } from '../../operations/drill/stock.js';
import type { FolderFiles } from '../../operations/drill/tables.js';
import { DRILL_FAULTS } from './drill-faults.js';
import { DRILL_STOCK } from './drill-menu.js';
import type { ThrowAwayCluster } from './throw-away-cluster.js';

/** Settings of a drill. */
export interface DrillOptions {
  /** Names of `DRILL_FAULTS`; each comes at least once. */
  readonly faults: readonly string[];
  /** Faults go on in turn for so long. */
  readonly forMs: number;
  /** Told where it stands; `atMs` since it began. */
  readonly onProgress: (line: string) => void;
}

const CROWD = { writers: 6, readers: 3, thinkMs: 10, ordersPerUser: 40, limitedEvery: 3 } as const;
/** Orders that must be acknowledged after a fault has ended before the next one comes. */
const ORDERS_BETWEEN = 10;
/** ms in which everybody must have an answer at the end. */
const ANSWERED_WITHIN_MS = 20_000;
/** ms in which that must be. */
const GOES_ON_WITHIN_MS = 30_000;

/** Takes orders through faults, then judges everything. A cluster that does not heal is a problem of the report, no error. */
export async function runDrill(cluster: ThrowAwayCluster, options: DrillOptions): Promise<DrillReport> {
  const beginMs = performance.now();
  const history = new History();
  const customers = new Customers(cluster, history, CROWD);
  const inflicted: Inflicted[] = [];
  const problems: string[] = [];
  const acknowledged = (): string => `${history.acknowledgedCount} orders acknowledged`;
  await customers.start();
  try {
    for (let round = 0; round === 0 || performance.now() < beginMs + options.forMs; round++)
      for (const fault of options.faults) {
        if (round > 0 && performance.now() >= beginMs + options.forMs) break;
        options.onProgress(`${fault} (${inflicted.length + 1}); ${acknowledged()}`);
        const record: Inflicted = { fault, beginMs: performance.now(), endMs: Infinity };
        inflicted.push(record);
        await inflictOne(cluster, fault, history);
        record.endMs = performance.now();
      }
  } catch (error) {
    problems.push(`NOT HEALED: ${inflicted.at(-1)?.fault ?? 'start'}: ${textOf(error)}`);
    await endFaults(cluster);
  }
  options.onProgress(`judging; ${acknowledged()}`);
  problems.push(...(await judged(cluster, customers, history)));
  return drillReport(history, inflicted, problems, performance.now() - beginMs);
}

async function inflictOne(cluster: ThrowAwayCluster, name: string, history: History): Promise<void> {
  const fault = DRILL_FAULTS[name];
  if (fault === undefined) throw new Error(`there is no fault ${name}`);
  await fault.inflict(cluster, await cluster.primary());
  await pause(fault.holdMs);
  await endFaults(cluster);
  await cluster.whole();
  const before = history.acknowledgedCount;
  const giveUpMs = performance.now() + GOES_ON_WITHIN_MS;
  while (history.acknowledgedCount < before + ORDERS_BETWEEN) {
    if (performance.now() > giveUpMs) throw new Error('no orders are acknowledged any more');
    await pause(10);
  }
}

/** A replica that does not answer has lost its faults with its process. */
async function endFaults({ replicas }: ThrowAwayCluster): Promise<void> {
  await Promise.allSettled(replicas.map(({ chaos }) => chaos.clear()));
}

/** Lets customers finish, waits until all copies are level, and judges them and all that customers saw. */
async function judged(cluster: ThrowAwayCluster, customers: Customers, history: History): Promise<string[]> {
  try {
    await customers.stop(ANSWERED_WITHIN_MS);
    await cluster.level();
    return [...checkHistory(history, cluster.folders()), ...stockOf(cluster.folders())];
  } catch (error) {
    // What the primary holds, and what customers saw, can be judged all the same.
    const leading = await cluster.leading();
    const folders = cluster.folders().filter(({ name }) => name === leading?.id);
    const found = leading === undefined ? notLinearizable(history) : checkHistory(history, folders);
    return [`NOT LEVEL: ${textOf(error)}`, ...found, ...stockOf(folders)];
  }
}

const stockOf = (folders: readonly FolderFiles[]): string[] =>
  folders[0] === undefined ? [] : wrongStock(DRILL_STOCK, folders[0]);

const textOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));
