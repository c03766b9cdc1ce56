import { nextMessage, startScript, stop } from '../processes.js';
import { measure, type Round } from '../rounds.js';
import { startOn } from './cluster.js';
import type { CrowdCount, CrowdOrder } from './crowd.js';
import { CUSTOMERS, type LoadPlan } from './growth.js';
import { rssOf } from './memory.js';

/** What a crowd that only looks costs one front end. */
export interface CrowdMeasurement {
  readonly watchers: number;
  readonly idle: number;
  /** Resident bytes of the front end before and with the crowd, nothing else going on. */
  readonly rssBefore: number;
  readonly rssWith: number;
  readonly without: readonly Round[];
  readonly with: readonly Round[];
  readonly eventsSeen: number;
  readonly streamsEnded: number;
}

const WARM_UP_MS = 1000;
const FIRST_WARM_UP_MS = 6000;

/** Orders at one front end without and with a crowd of watchers and idle connections. */
export async function measureCrowd(folder: string, size: number, plan: LoadPlan): Promise<CrowdMeasurement> {
  const cluster = await startOn(folder, 'crowd');
  const generator = startScript('load/generator.ts');
  const crowd = startScript('scale/crowd.ts');
  const frontEnd = cluster.processes().find(({ name }) => name === 'front-end-1')?.pid ?? 0;
  const run = async (): Promise<Round[]> => {
    const rounds: Round[] = [];
    for (let round = 1; round <= plan.rounds; round++) {
      const load = {
        workload: 'crowd',
        calls: 'order' as const,
        customers: CUSTOMERS,
        warmUpMs: WARM_UP_MS,
        measureMs: plan.measureMs,
        round,
      };
      const done = await measure(generator, cluster, load);
      console.error(`${done.callsPerSecond.toFixed(0)} orders/s, p99 ${done.latency.p99.toFixed(1)} ms`);
      rounds.push(done);
    }
    return rounds;
  };
  try {
    await measure(generator, cluster, {
      workload: 'crowd',
      calls: 'order',
      customers: CUSTOMERS,
      warmUpMs: FIRST_WARM_UP_MS,
      measureMs: 100,
      round: 0,
    });
    const without = await run();
    const rssBefore = rssOf(frontEnd);
    const ready = nextMessage(crowd);
    crowd.send({ address: cluster.address, watchers: size, idle: size } satisfies CrowdOrder);
    await ready;
    const rssWith = rssOf(frontEnd);
    console.error(`${size} watchers and ${size} idle connections are there`);
    const rounds = await run();
    const counted = nextMessage<CrowdCount>(crowd);
    crowd.send({});
    const { events: eventsSeen, ended: streamsEnded } = await counted;
    return { watchers: size, idle: size, rssBefore, rssWith, without, with: rounds, eventsSeen, streamsEnded };
  } finally {
    await stop(crowd);
    await stop(generator);
    await cluster.stop();
  }
}
