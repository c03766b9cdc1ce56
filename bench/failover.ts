/*
 * How long customers wait when the primary dies, and when it hangs: `npm run bench:failover -- --trials 20 --hangs 5`.
 * Steady orders from 8 clients with deadlines of 5 s; a gap is the time between two acknowledgements that follow each other.
 */
import { execFileSync } from 'node:child_process';
import { cpus, loadavg, totalmem } from 'node:os';
import { setTimeout as pause } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import type { MenuItemView } from '../src/ports/ordering-client.js';
import { checkHistory } from '../test/support/check-history.js';
import { Cluster, type Replica } from '../test/support/cluster.js';
import { menuOf, newOrder } from '../test/support/customers.js';
import { History } from '../test/support/history.js';

const TARGET_MS = { killP50: 150, killWorst: 500, hang: 1_000 } as const;
/** ms of steady orders before each fault, and after the last replica is back. */
const STEADY_MS = 700;
/** ms that a hung primary hangs at least. */
const HANG_MS = 3_000;

const { values } = parseArgs({
  options: {
    trials: { type: 'string', default: '20' },
    hangs: { type: 'string', default: '5' },
    clients: { type: 'string', default: '8' },
    'think-ms': { type: 'string', default: '2' },
    /** Prints what the servers logged around each fault. */
    timeline: { type: 'boolean', default: false },
  },
});

interface Trial {
  readonly gapMs: number;
  /** From the fault to the next acknowledgement of an order that was begun after it. */
  readonly nextMs: number;
}

/** Orders without pause, each client one at a time. */
class Load {
  /** When each order was acknowledged, and when it had been sent. */
  readonly answers: { readonly beginMs: number; readonly endMs: number }[] = [];
  readonly #loops: Promise<void>[] = [];
  #isStopped = false;

  constructor(
    readonly cluster: Cluster,
    readonly history: History,
    menu: readonly MenuItemView[],
  ) {
    const free = menu.filter(({ stock }) => stock === undefined);
    for (let index = 0; index < Number(values.clients); index++) this.#loops.push(this.#run(index, free));
  }

  async #run(index: number, menu: readonly MenuItemView[]): Promise<void> {
    const client = { name: `client ${index + 1}`, calls: this.cluster.client([0]) };
    for (let number = 0; !this.#isStopped; number++) {
      const { outcome, beginMs, endMs } = await this.history.placeOnce(client, newOrder(client.name, menu, number));
      if (outcome.kind === 'ok') this.answers.push({ beginMs, endMs });
      await pause(Number(values['think-ms']));
    }
  }

  async stop(): Promise<void> {
    this.#isStopped = true;
    await Promise.all(this.#loops);
  }

  /** Steady orders for a while. */
  async steady(): Promise<void> {
    await pause(STEADY_MS);
  }

  /** Waits for the first order that was begun after `atMs` and acknowledged. */
  async nextAfter(atMs: number): Promise<void> {
    while (!this.answers.some(({ beginMs }) => beginMs > atMs)) await pause(5);
  }

  trial(faultMs: number): Trial {
    const ends = this.answers.map(({ endMs }) => endMs).sort((a, b) => a - b);
    const from = Math.max(0, ends.findLastIndex((endMs) => endMs <= faultMs) - 1);
    const gaps = ends.slice(from + 1).map((endMs, index) => endMs - (ends[from + index] ?? endMs));
    const next = Math.min(...this.answers.filter(({ beginMs }) => beginMs > faultMs).map(({ endMs }) => endMs));
    return { gapMs: Math.max(...gaps), nextMs: next - faultMs };
  }
}

async function faults(
  what: string,
  count: number,
  run: { begin(primary: Replica): Promise<void>; end(primary: Replica): Promise<void> },
): Promise<Trial[]> {
  const cluster = await Cluster.start({ frontEnds: 1 });
  const history = new History();
  const trials: Trial[] = [];
  try {
    const load = new Load(cluster, history, await menuOf(cluster));
    for (let number = 1; number <= count; number++) {
      await load.steady();
      const primary = await cluster.primary();
      const [faultMs, wallMs] = [performance.now(), Date.now()];
      await run.begin(primary);
      await load.nextAfter(faultMs);
      await load.steady();
      const trial = load.trial(faultMs);
      trials.push(trial);
      console.log(
        `${what} ${number}: ${primary.id}, longest gap ${trial.gapMs.toFixed(0)} ms, next order ${trial.nextMs.toFixed(0)} ms`,
      );
      if (values.timeline) printTimeline(cluster, wallMs);
      await run.end(primary);
      await cluster.joined(primary);
    }
    await load.stop();
    await cluster.level();
    const errors = history.errorsSince(0);
    const problems = checkHistory(
      history,
      cluster.replicas.map(({ folder }) => folder),
    );
    const lost = problems.filter((problem) => problem.startsWith('LOST')).length;
    console.log(
      `${what}: ${history.acknowledged.length} orders acknowledged, ${lost} lost, ` +
        `${problems.length} problems, ${errors.length} errors seen by clients`,
    );
    for (const line of [...problems, ...errors].slice(0, 20)) console.log(`  ${line}`);
    if (problems.length + errors.length > 0) process.exitCode = 1;
  } catch (error) {
    cluster.printLogs();
    throw error;
  } finally {
    await cluster.end();
  }
  return trials;
}

function printTimeline(cluster: Cluster, fromMs: number): void {
  for (const { server, time, level: _level, replica: _replica, ...line } of cluster.timeline())
    if (time >= fromMs - 5 && time < fromMs + STEADY_MS)
      console.log(`    ${String(time - fromMs).padStart(5)} ms ${server} ${JSON.stringify(line)}`);
}

function summary(what: string, trials: readonly Trial[], targets: { p50?: number; worst: number }): void {
  if (trials.length === 0) return;
  const line = (name: string, of: (trial: Trial) => number, isJudged: boolean): void => {
    const sorted = trials.map(of).sort((a, b) => a - b);
    const p50 = sorted[Math.ceil(sorted.length / 2) - 1] ?? NaN;
    const worst = sorted.at(-1) ?? NaN;
    const isMet = worst <= targets.worst && p50 <= (targets.p50 ?? targets.worst);
    const judged = isJudged ? `  ${isMet ? 'met' : 'MISSED'} (p50 ${targets.p50 ?? '-'}, worst ${targets.worst})` : '';
    console.log(`${what} ${name}: p50 ${p50.toFixed(0)} ms, worst ${worst.toFixed(0)} ms of ${sorted.length}${judged}`);
    if (isJudged && !isMet) process.exitCode = 1;
  };
  line('longest gap between acknowledged orders', ({ gapMs }) => gapMs, true);
  line('from the fault to the next order', ({ nextMs }) => nextMs, false);
}

const git = (...args: string[]): string => {
  try {
    return execFileSync('git', args, { cwd: import.meta.dirname, encoding: 'utf8' }).trim();
  } catch {
    return 'unknown';
  }
};
const [cpu] = cpus();
console.log(
  `commit ${git('rev-parse', '--short', 'HEAD')}, node ${process.version}, ${cpus().length} × ${cpu?.model ?? '?'}, ` +
    `${Math.round(totalmem() / 2 ** 30)} GiB, ${values.clients} clients, load averages ` +
    `${loadavg()
      .map((load) => load.toFixed(1))
      .join(' ')}, ${new Date().toISOString()}`,
);
const kills = await faults('kill -9', Number(values.trials), {
  begin: ({ process }) => process.kill(),
  end: ({ process }) => process.start(),
});
const hangs = await faults('SIGSTOP', Number(values.hangs), {
  begin: ({ process }) => process.pause(),
  async end({ process }) {
    await pause(HANG_MS);
    process.resume();
  },
});
console.log(
  `load averages at the end, this bench included: ${loadavg()
    .map((load) => load.toFixed(1))
    .join(' ')}`,
);
summary('kill -9', kills, { p50: TARGET_MS.killP50, worst: TARGET_MS.killWorst });
summary('SIGSTOP', hangs, { worst: TARGET_MS.hang });
