import { setTimeout as pause } from 'node:timers/promises';
import { notLinearizable } from '../../src/operations/drill/linearizability/histories.js';
import { checkHistory } from '../support/check-history.js';
import { Cluster } from '../support/cluster.js';
import { Customers } from '../support/customers.js';
import { History } from '../support/history.js';
import { Prng } from '../simulation/prng.js';
import type { Fault, Scene } from './fault.js';
import { Keeper } from './keeper.js';
import { FAULT_KINDS, isOfDisk, KindBag, makerOf, type FaultKind } from './kinds.js';
import { reportOf, type FaultRecord, type NemesisReport } from './report.js';

/** Settings of a run. */
export interface NemesisOptions {
  /** Chooses the faults. What they hit depends on the machine too: the same seed gives the same sequence, not the same run. */
  readonly seed: number;
  /** New faults are begun for so long. */
  readonly durationMs: number;
  /** Default 8. */
  readonly writers?: number;
  /** Default 4. */
  readonly readers?: number;
  /** Default: all. */
  readonly kinds?: readonly FaultKind[];
  /** Longest pause of a process, ms; default 5,000. */
  readonly pauseMsMax?: number;
  /** Told of every fault as it comes. */
  readonly tell?: (line: string) => void;
}

/** Two of five faults come in pairs. */
const PAIRED = 0.4;
/** Orders that must be acknowledged after each fault before the next one comes. */
const ORDERS_BETWEEN = 20;
const THINK_MS = 15;
const ORDERS_PER_USER = 40;

/**
 * Real processes under orders, reads and faults of every kind; then everything is healed, level, and judged. Never throws for
 * what it finds: a cluster that does not heal is a problem of the report. The files are kept when there is one.
 */
export async function runNemesis({
  seed,
  durationMs,
  writers = 8,
  readers = 4,
  kinds = FAULT_KINDS,
  pauseMsMax = 5_000,
  tell = () => undefined,
}: NemesisOptions): Promise<NemesisReport> {
  const cluster = await Cluster.start({ hasProxies: true });
  const history = new History();
  const servers = [...cluster.replicas, ...cluster.frontEnds].map(({ process }) => process);
  const keeper = new Keeper(servers);
  const scene: Scene = { cluster, keeper, chance: new Prng(seed), pauseMsMax };
  const records: FaultRecord[] = [];
  const problems: string[] = [];
  const beginMs = performance.now();
  const options = { writers, readers, staff: 2, hasStubborn: true, thinkMs: THINK_MS, ordersPerUser: ORDERS_PER_USER };
  const customers = new Customers(cluster, history, options);
  try {
    await customers.start();
    await inflictAll(scene, new KindBag(scene.chance, kinds), customers, records, beginMs + durationMs, tell);
  } catch (error) {
    problems.push(`NOT HEALED: ${String(error instanceof Error ? error.message : error)}`);
  }
  const endMs = performance.now();
  try {
    await healAll(scene, customers);
    const folders = cluster.replicas.map(({ folder }) => folder);
    problems.push(...checkHistory(history, folders));
  } catch (error) {
    // What customers saw can be judged all the same.
    problems.push(`NOT LEVEL: ${String(error instanceof Error ? error.message : error)}`, ...notLinearizable(history));
  }
  const report = reportOf({
    seed,
    beginMs,
    endMs,
    history,
    records,
    problems,
    deaths: keeper.deaths,
    log: cluster.timeline(),
  });
  await keeper.end();
  if (problems.length > 0) cluster.printLogs();
  await cluster.end({ keepFiles: problems.length > 0 });
  return report;
}

async function inflictAll(
  scene: Scene,
  bag: KindBag,
  customers: Customers,
  records: FaultRecord[],
  untilMs: number,
  tell: (line: string) => void,
): Promise<void> {
  const { cluster, chance } = scene;
  while (performance.now() < untilMs) {
    const primary = await cluster.primary();
    const first = bag.next();
    // A disk that is lost comes alone or with another kind of fault: two lost disks are more than is promised.
    const second = chance.chance(PAIRED) ? bag.next((kind) => kind !== first && !isOfDisk(kind)) : undefined;
    const kinds = [first, second].filter((kind) => kind !== undefined);
    const faults = kinds.map((kind) => makerOf(kind)(scene, primary));
    const record: FaultRecord = {
      kind: kinds.join(' + '),
      beginMs: performance.now(),
      healedMs: Infinity,
      endMs: Infinity,
    };
    records.push(record);
    tell(`${faults.map(({ what }) => what).join('; ')} (primary: ${primary.id})`);
    await during(faults);
    record.healedMs = performance.now();
    await customers.acknowledges(ORDERS_BETWEEN);
    record.endMs = performance.now();
    await pause(chance.between(100, 1_000));
  }
}

/** A fault that waits for a disk to be repaired is healed last: the others may stand in its way. */
async function during(faults: readonly Fault[]): Promise<void> {
  for (const fault of faults) await fault.inflict();
  await pause(Math.max(...faults.map(({ holdMs }) => holdMs)));
  for (const fault of faults.toSorted((a, b) => rank(a) - rank(b))) await fault.heal();
}

const rank = ({ lostDisk }: Fault): number => (lostDisk === undefined ? 0 : 1);

/** Everything runs, nothing is cut, nobody orders any more, and all replicas are level. */
async function healAll({ cluster, keeper }: Scene, customers: Customers): Promise<void> {
  cluster.openWays();
  for (const process of keeper.processes) {
    if (process.isRunning) process.resume();
    await keeper.release(process);
  }
  await cluster.primary();
  await customers.stop();
  await cluster.level();
}
