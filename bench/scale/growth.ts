import { startScript, stop } from '../processes.js';
import { measure, type Round } from '../rounds.js';
import { median } from '../statistics.js';
import { startOn } from './cluster.js';
import { readLatencies } from './reads.js';

/** What more orders cost those who read and order. */
export interface GrowthMeasurement {
  /** Median time of reading the orders of a user who has 20, ms, linearizable. */
  readonly readFewMs: number;
  readonly readManyMs: number;
  readonly readRatio: number;
  readonly few: readonly Round[];
  readonly many: readonly Round[];
  /** Order throughput with many orders ÷ with few: median of neighbouring rounds. */
  readonly throughputRatio: number;
}

/** How long and how often order throughput is measured. */
export interface LoadPlan {
  readonly rounds: number;
  readonly measureMs: number;
}

/** Customers who order at the same time. */
export const CUSTOMERS = 64;
const WARM_UP_MS = 1000;
const FIRST_WARM_UP_MS = 6000;
const READ_TURNS = 20;

/** Runs both clusters side by side and measures them in turns. */
export async function measureGrowth(few: string, many: string, plan: LoadPlan): Promise<GrowthMeasurement> {
  const clusters = [await startOn(few, 'few'), await startOn(many, 'many')] as const;
  const generator = startScript('load/generator.ts');
  try {
    const [readFewMs = NaN, readManyMs = NaN] = await readLatencies(clusters, READ_TURNS);
    console.error(`orders of a user: ${readFewMs.toFixed(2)} ms with few orders, ${readManyMs.toFixed(2)} with many`);
    const rounds: Record<'few' | 'many', Round[]> = { few: [], many: [] };
    for (let round = 0; round <= plan.rounds; round++) {
      for (const cluster of clusters) {
        const warmUpMs = round === 0 ? FIRST_WARM_UP_MS : WARM_UP_MS;
        const load = {
          workload: 'growth',
          calls: 'order' as const,
          customers: CUSTOMERS,
          warmUpMs,
          measureMs: plan.measureMs,
          round,
        };
        const done = await measure(generator, cluster, load);
        if (round === 0) continue;
        rounds[cluster.name === 'few' ? 'few' : 'many'].push(done);
        console.error(`${cluster.name}, round ${round}: ${done.callsPerSecond.toFixed(0)} orders/s`);
      }
    }
    const ratios = rounds.many.map((one, index) => one.callsPerSecond / (rounds.few[index]?.callsPerSecond ?? NaN));
    return { readFewMs, readManyMs, readRatio: readManyMs / readFewMs, ...rounds, throughputRatio: median(ratios) };
  } finally {
    for (const cluster of clusters) await cluster.stop();
    await stop(generator);
  }
}
