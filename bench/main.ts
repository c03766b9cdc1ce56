import type { ChildProcess } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { parseArgs } from 'node:util';
import { describeMachine } from './machine.js';
import { orderRequest } from './order.js';
import { BENCH_FOLDER, startScript, stop } from './processes.js';
import { PROXY_SETTINGS, type ProxySettings } from './proxy/settings.js';
import { reportText, type BenchResult } from './report.js';
import { measure, type Round } from './rounds.js';
import { startCluster, startProxy, type Subject } from './subject.js';

const HELP = `npm run bench -- [options]
  --rounds N         rounds of each subject, interleaved (5)
  --seconds N        measured in each round (3)
  --warm-up N        seconds before each measurement (0.5)
  --customers LIST   concurrent customers (1,16,64,256)
  --only SUBJECT     cluster or proxy, to look at one alone
  --quiet CORES      a round in which everything else on the machine used more than this is measured again (0.3) …
  --again N          … this often at most (2); the one that was disturbed least counts
  --json FILE        writes everything that was measured
  --profile FOLDER   writes a CPU profile of every process when it ends`;

const { values } = parseArgs({
  options: {
    rounds: { type: 'string', default: '5' },
    seconds: { type: 'string', default: '3' },
    'warm-up': { type: 'string', default: '0.5' },
    customers: { type: 'string', default: '1,16,64,256' },
    only: { type: 'string' },
    quiet: { type: 'string', default: '0.3' },
    again: { type: 'string', default: '2' },
    json: { type: 'string' },
    profile: { type: 'string' },
    help: { type: 'boolean', default: false },
  },
});

/** Just-in-time compilation and the first batches are over after this long, for every subject alike. */
const FIRST_WARM_UP_MS = 8000;
const TRIAL = { customers: 64, warmUpMs: 2500, measureMs: 1500, round: 0 };

if (values.help) console.log(HELP);
else process.exitCode = await bench();

async function bench(): Promise<number> {
  const machine = describeMachine(path.resolve(BENCH_FOLDER, '..'));
  const profiling = profileEnvironment(values.profile);
  const generator = startScript('load/generator.ts', [], profiling);
  const running: Subject[] = [];
  const rounds: Round[] = [];
  const proxies: { name: string; settings: string }[] = [];
  let acknowledged = 0;
  const run = async (subject: Subject, load: Parameters<typeof measure>[2]): Promise<Round> => {
    const done = await measure(generator, subject, load);
    if (subject.rowsKept().length > 0) acknowledged += done.acknowledged;
    return done;
  };
  try {
    if (values.only !== 'proxy') running.push(await startCluster(profiling));
    if (values.only !== 'cluster') {
      for (const [kind, candidates] of Object.entries(PROXY_SETTINGS)) {
        const name = `bare proxy, ${kind === 'raw' ? 'raw bytes' : kind}`;
        const settings = await fastest(generator, candidates);
        proxies.push({ name, settings: settings.name });
        running.push(await startProxy(name, settings, profiling));
      }
    }
    for (const subject of running) await run(subject, { ...TRIAL, warmUpMs: FIRST_WARM_UP_MS });
    const warmUpMs = Number(values['warm-up']) * 1000;
    const measureMs = Number(values.seconds) * 1000;
    for (const customers of values.customers.split(',').map(Number)) {
      for (let round = 1; round <= Number(values.rounds); round++) {
        for (const subject of running) {
          const done = await leastDisturbed(() => run(subject, { customers, warmUpMs, measureMs, round }));
          rounds.push(done);
          const { ordersPerSecond, coresOfOthers } = done;
          const text = `${ordersPerSecond.toFixed(0)}/s (others used ${coresOfOthers.toFixed(2)} cores)`;
          console.error(`${subject.name}, ${customers} customers, round ${round}: ${text}`);
        }
      }
    }
    const isKept = running.every((subject) => keepsAll(subject, acknowledged));
    const result: BenchResult = { machine, proxies, rounds };
    console.log(reportText(result));
    if (values.json !== undefined) writeFileSync(values.json, `${JSON.stringify(result, undefined, 2)}\n`);
    return isKept ? 0 : 1;
  } finally {
    for (const subject of running) await subject.stop();
    await stop(generator);
  }
}

/** Measures again while the rest of the machine is busy, a few times at most. */
async function leastDisturbed(run: () => Promise<Round>): Promise<Round> {
  let best = await run();
  for (let again = 0; again < Number(values.again) && best.coresOfOthers > Number(values.quiet); again++) {
    const next = await run();
    if (next.coresOfOthers < best.coresOfOthers) best = next;
  }
  return best;
}

/** The bare proxy gets the settings with which it is fastest. */
async function fastest(generator: ChildProcess, candidates: readonly ProxySettings[]): Promise<ProxySettings> {
  const rates: { settings: ProxySettings; rate: number }[] = [];
  for (const settings of candidates) {
    const subject = await startProxy(settings.name, settings);
    const { ordersPerSecond: rate } = await measure(generator, subject, TRIAL);
    await subject.stop();
    console.error(`bare proxy, ${settings.name}: ${rate.toFixed(0)}/s`);
    rates.push({ settings, rate });
  }
  return rates.reduce((best, one) => (one.rate > best.rate ? one : best)).settings;
}

/** Every acknowledged order is in a majority of the copies: a bench that lost orders would measure nothing. */
function keepsAll(subject: Subject, acknowledged: number): boolean {
  const rows = subject.rowsKept();
  if (rows.length === 0) return true;
  const lines = orderRequest(0).lines?.length ?? 1;
  const complete = rows.filter((count) => count >= acknowledged * lines).length;
  if (complete > rows.length / 2) return true;
  console.error(
    `${acknowledged} orders were acknowledged, but the copies hold ${rows.map((count) => count / lines).join(', ')}`,
  );
  return false;
}

function profileEnvironment(folder: string | undefined): NodeJS.ProcessEnv {
  if (folder === undefined) return {};
  const hook = pathToFileURL(path.join(BENCH_FOLDER, 'profile.mjs')).href;
  return { NODE_OPTIONS: `--import=${hook}`, BENCH_PROFILE_FOLDER: path.resolve(folder) };
}
