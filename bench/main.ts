import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { parseArgs } from 'node:util';
import { describeMachine } from './machine.js';
import { orderRequest } from './order.js';
import { BENCH_FOLDER, startScript, stop } from './processes.js';
import { PROXY_SETTINGS, proxySettings, type ProxySettings } from './proxy/settings.js';
import { reportText, type BenchResult } from './report.js';
import { measure, type Round } from './rounds.js';
import { startCluster, startProxy, type Subject } from './subject.js';

const HELP = `npm run bench -- [options]
  --rounds N         rounds of each subject, interleaved (5)
  --seconds N        measured in each round (4)
  --warm-up N        seconds before each measurement (1)
  --customers LIST   concurrent customers (1,16,64,256)
  --proxy NAME       settings of the bare proxy; by default all are tried and the fastest is taken
  --only SUBJECT     cluster or proxy, to look at one alone
  --json FILE        writes everything that was measured
  --profile FOLDER   writes a CPU profile of every process when it ends`;

const { values } = parseArgs({
  options: {
    rounds: { type: 'string', default: '5' },
    seconds: { type: 'string', default: '4' },
    'warm-up': { type: 'string', default: '1' },
    customers: { type: 'string', default: '1,16,64,256' },
    proxy: { type: 'string' },
    only: { type: 'string' },
    json: { type: 'string' },
    profile: { type: 'string' },
    help: { type: 'boolean', default: false },
  },
});

/** Just-in-time compilation and the first batches are over after this long. */
const FIRST_WARM_UP_MS = 3000;
const PROXY_TRIAL = { customers: 64, warmUpMs: 2000, measureMs: 2000, round: 0 };

if (values.help) console.log(HELP);
else process.exitCode = await bench();

async function bench(): Promise<number> {
  const machine = describeMachine(path.resolve(BENCH_FOLDER, '..'));
  const profiling = profileEnvironment(values.profile);
  const generator = startScript('load/generator.ts', [], profiling);
  const running: Subject[] = [];
  const rounds: Round[] = [];
  let isKept = true;
  try {
    const settings = values.proxy === undefined ? await fastestProxy() : proxySettings(values.proxy);
    if (values.only !== 'proxy') running.push(await startCluster(profiling));
    if (values.only !== 'cluster') running.push(await startProxy(settings, profiling));
    const warmUpMs = Number(values['warm-up']) * 1000;
    const measureMs = Number(values.seconds) * 1000;
    let acknowledged = 0;
    for (const subject of running) {
      const first = await measure(generator, subject, { ...PROXY_TRIAL, warmUpMs: FIRST_WARM_UP_MS, measureMs: 100 });
      if (subject.rowsKept().length > 0) acknowledged += first.acknowledged;
    }
    for (const customers of values.customers.split(',').map(Number)) {
      for (let round = 1; round <= Number(values.rounds); round++) {
        for (const subject of running) {
          const done = await measure(generator, subject, { customers, warmUpMs, measureMs, round });
          rounds.push(done);
          if (subject.rowsKept().length > 0) acknowledged += done.acknowledged;
          console.error(
            `${subject.name}, ${customers} customers, round ${round}: ${done.ordersPerSecond.toFixed(0)}/s`,
          );
        }
      }
    }
    isKept = running.every((subject) => keepsAll(subject, acknowledged));
    const result: BenchResult = { machine, proxySettings: settings.name, rounds };
    console.log(reportText(result));
    if (values.json !== undefined) writeFileSync(values.json, `${JSON.stringify(result, undefined, 2)}\n`);
  } finally {
    for (const subject of running) await subject.stop();
    await stop(generator);
  }
  return isKept ? 0 : 1;
}

/** The bare proxy gets the settings with which it is fastest. */
async function fastestProxy(): Promise<ProxySettings> {
  const rates: { settings: ProxySettings; rate: number }[] = [];
  const generator = startScript('load/generator.ts');
  for (const settings of PROXY_SETTINGS) {
    const subject = await startProxy(settings);
    const { ordersPerSecond: rate } = await measure(generator, subject, PROXY_TRIAL);
    await subject.stop();
    console.error(`bare proxy, ${settings.name}: ${rate.toFixed(0)}/s`);
    rates.push({ settings, rate });
  }
  await stop(generator);
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
