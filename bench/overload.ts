/*
 * What happens above capacity, and beside a backup that hangs: `npm run bench:overload -- --seconds 10 --json FILE`.
 * The peak is the best of closed loops before and after; the flood then offers three times as many orders a second, whatever
 * becomes of them, and a crowd of customers that comes back at once when it is refused.
 */
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { createOperationsClient } from '../src/net/operations-client.js';
import type { FloodOrder, FloodResult } from './flood/protocol.js';
import { leaveNothingBehind } from './ending.js';
import { describeMachine } from './machine.js';
import { BENCH_FOLDER, machineUsage, nextMessage, startScript, stop, usageOf } from './processes.js';
import { type OwnCluster, startOwnCluster } from './subjects/own-cluster.js';

const HELP = `npm run bench:overload -- [options]
  --seconds N   of each flood (10)
  --times N     offered, in peaks (3)
  --connections N   that customers share (16); on each the front end takes 128 calls at once
  --crowd N     customers of the closed flood (2000)
  --json FILE   writes everything that was measured`;

const { values } = parseArgs({
  options: {
    seconds: { type: 'string', default: '10' },
    times: { type: 'string', default: '3' },
    connections: { type: 'string', default: '16' },
    crowd: { type: 'string', default: '2000' },
    json: { type: 'string' },
    help: { type: 'boolean', default: false },
  },
});

const PEAK_CUSTOMERS = [64, 128, 256];
const PEAK_MS = { warmUpMs: 500, measureMs: 2_500 } as const;
/** Just-in-time compilation is over after this long. */
const FIRST_MS = { warmUpMs: 5_000, measureMs: 1_000 } as const;
const FLOOD_WARM_UP_MS = 2_000;
/** Customers beside a backup that hangs. */
const BESIDE_CUSTOMERS = 32;
const RSS_EVERY_MS = 100;
const TARGET = { goodputOfPeak: 0.8, slowBackupP99: 1.5 } as const;
const [OK, REFUSED] = ['0', '8'];

/** One load and what it did to the processes. */
interface Measured extends FloodResult {
  readonly name: string;
  readonly goodput: number;
  readonly refusedPerSecond: number;
  /** Calls that ended with neither an order nor a refusal. */
  readonly failedPerSecond: number;
  /** Largest resident size of each process, MiB. */
  readonly rssMiB: Readonly<Record<string, number>>;
  readonly viewsBefore: readonly (number | undefined)[];
  readonly viewsAfter: readonly (number | undefined)[];
  readonly coresIdle: number;
}

if (values.help) console.log(HELP);
else process.exitCode = await bench();

async function bench(): Promise<number> {
  leaveNothingBehind();
  const machine = describeMachine(path.resolve(BENCH_FOLDER, '..'));
  console.log(JSON.stringify(machine));
  const cluster = await startOwnCluster();
  const generator = startScript('flood/generator.ts');
  const operations = cluster.replicas.map(({ address }) => createOperationsClient(address, cluster.token));
  const all: Measured[] = [];
  let acknowledged = 0;

  /** The view of each replica; undefined of one that hangs. */
  const views = async (): Promise<(number | undefined)[]> =>
    Promise.all(operations.map(async (one) => (await one.status().catch(() => undefined))?.view));

  const run = async (name: string, order: Omit<FloodOrder, 'address' | 'connections'>): Promise<Measured> => {
    const viewsBefore = await views();
    const rss: Record<string, number> = {};
    const watch = setInterval(() => {
      for (const { name: who, pid } of cluster.processes()) rss[who] = Math.max(rss[who] ?? 0, usageOf(pid).rssMiB);
    }, RSS_EVERY_MS);
    const idleBefore = machineUsage().idleSeconds;
    const begun = performance.now();
    const answer = nextMessage<FloodResult>(generator);
    generator.send({
      address: cluster.address,
      connections: Number(values.connections),
      ...order,
    } satisfies FloodOrder);
    const result = await answer;
    const coresIdle = ((machineUsage().idleSeconds - idleBefore) * 1000) / (performance.now() - begun);
    clearInterval(watch);
    acknowledged += result.acknowledged;
    const perSecond = (count: number): number => (count * 1000) / result.elapsedMs;
    const failed = Object.entries(result.ended).filter(([status]) => status !== OK && status !== REFUSED);
    const measured: Measured = {
      name,
      ...result,
      goodput: perSecond(result.ended[OK] ?? 0),
      refusedPerSecond: perSecond(result.ended[REFUSED] ?? 0),
      failedPerSecond: perSecond(failed.reduce((sum, [, count]) => sum + count, 0)),
      rssMiB: rss,
      viewsBefore,
      viewsAfter: await views(),
      coresIdle,
    };
    all.push(measured);
    console.log(line(measured));
    return measured;
  };

  const peak = async (when: string): Promise<number> => {
    let best = 0;
    for (const load of PEAK_CUSTOMERS) {
      const { goodput } = await run(`${load} customers, ${when}`, { mode: 'closed', load, ...PEAK_MS });
      best = Math.max(best, goodput);
    }
    return best;
  };

  try {
    const floodMs = { warmUpMs: FLOOD_WARM_UP_MS, measureMs: Number(values.seconds) * 1000 };
    await run('first warm-up', { mode: 'closed', load: 128, ...FIRST_MS });
    const before = await peak('before');
    const offered = Math.round(before * Number(values.times));
    const open = await run(`open, ${offered}/s`, { mode: 'open', load: offered, ...floodMs });
    const between = await peak('between');
    const crowd = Number(values.crowd);
    const closed = await run(`crowd of ${crowd}, back at once`, { mode: 'closed', load: crowd, ...floodMs });
    const after = await peak('after');
    const slow = await besideHangingBackup(cluster, run);

    const ratios = {
      open: open.goodput / ((before + between) / 2),
      crowd: closed.goodput / ((between + after) / 2),
      slowBackupP99: slow,
    };
    const seen = all.flatMap((one) => [...one.viewsBefore, ...one.viewsAfter]).filter((view) => view !== undefined);
    const viewChanges = Math.max(...seen) - Math.min(...seen);
    const kept = await cluster.kept();
    const isKept = kept.filter((count) => count >= acknowledged).length * 2 > kept.length;
    console.log(`peak ${before.toFixed(0)}/s before, ${between.toFixed(0)} between, ${after.toFixed(0)} after`);
    console.log(judged('goodput of the open flood ÷ peak', ratios.open, ratios.open >= TARGET.goodputOfPeak, '≥ 0.8'));
    console.log(judged('goodput of the crowd ÷ peak', ratios.crowd, ratios.crowd >= TARGET.goodputOfPeak, '≥ 0.8'));
    console.log(judged('p99 with a hanging backup ÷ without', slow, slow <= TARGET.slowBackupP99, '≤ 1.5'));
    console.log(judged('view changes', viewChanges, viewChanges === 0, '0'));
    console.log(`${acknowledged} orders acknowledged; the copies hold ${kept.join(', ')}`);
    if (values.json !== undefined)
      writeFileSync(
        values.json,
        `${JSON.stringify({ machine, peaks: { before, between, after }, ratios, viewChanges, kept, acknowledged, rounds: all }, undefined, 2)}\n`,
      );
    return isKept ? 0 : 1;
  } finally {
    for (const one of operations) one.close();
    await cluster.stop();
    await stop(generator);
  }
}

/** The p99 beside a backup under SIGSTOP, in that of the rounds without before and after it. */
async function besideHangingBackup(
  { processes, replicas, token }: OwnCluster,
  run: (name: string, order: Omit<FloodOrder, 'address' | 'connections'>) => Promise<Measured>,
): Promise<number> {
  const load = { mode: 'closed', load: BESIDE_CUSTOMERS, warmUpMs: 1_000, measureMs: 5_000 } as const;
  const roles = await Promise.all(
    replicas.map(async ({ id, address }) => {
      const client = createOperationsClient(address, token);
      try {
        return { id, role: (await client.status()).role };
      } finally {
        client.close();
      }
    }),
  );
  const backup = roles.find(({ role }) => role === 'backup')?.id;
  const pid = processes().find(({ name }) => name === backup)?.pid;
  if (pid === undefined) throw new Error('no replica says that it is a backup');
  const before = await run('all replicas well, before', load);
  process.kill(pid, 'SIGSTOP');
  let hanging: Measured;
  try {
    hanging = await run(`${backup} hangs`, load);
  } finally {
    process.kill(pid, 'SIGCONT');
  }
  // It catches up, which is work of its own.
  await sleep(3_000);
  const after = await run('all replicas well, after', load);
  return hanging.p99 / ((before.p99 + after.p99) / 2);
}

function line(of: Measured): string {
  const rss = Object.entries(of.rssMiB).map(([name, mib]) => `${name} ${mib.toFixed(0)}`);
  return (
    `${of.name}: ${of.goodput.toFixed(0)}/s acknowledged, ${of.refusedPerSecond.toFixed(0)}/s refused, ${of.failedPerSecond.toFixed(0)}/s failed, ` +
    `p50 ${of.p50.toFixed(0)} p99 ${of.p99.toFixed(0)} ms; refusals p50 ${of.refusedP50.toFixed(0)} p99 ${of.refusedP99.toFixed(0)} ms; ` +
    `in flight ≤ ${of.inFlightMax}; RSS MiB ${rss.join(', ')}; ${of.coresIdle.toFixed(2)} cores idle`
  );
}

function judged(what: string, value: number, isMet: boolean, target: string): string {
  return `${what}: ${value.toFixed(2)} (${isMet ? 'met' : 'MISSED'}: ${target})`;
}
