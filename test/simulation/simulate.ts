import { parseArgs } from 'node:util';
import { runCampaign, type CampaignResult, type Mode } from './campaign.js';
import { currentCommit } from './commit.js';
import { coreMode } from './core-mode.js';
import { equalShares } from './full/draw-services.js';
import { fullMode } from './full/mode.js';
import { AS_BEFORE } from './full/seeds.js';
import { WORKLOADS } from './full/workloads/index.js';

/**
 * npm run simulate -- [--core | --full] (--seed N [--trace] | --runs N | --minutes N) [--from K] [--replicas 3|5] [--first]
 *     --full: [--services ordering,…] [--as-before] [--late]
 *
 * Runs seeds and says what they did; the exit code is 1 when a guarantee was broken. `--core` (the default) runs the protocol over
 * whole records, `--full` the whole replica. `--services` gives every run these services with equal shares, instead of those it draws;
 * `--as-before` makes of seeds what they were when ordering was the only one. `--only` with `--faults-ms` (full) and `--omit` (core) repeat a shrunk failure.
 */
const { values } = parseArgs({
  options: {
    core: { type: 'boolean', default: false },
    full: { type: 'boolean', default: false },
    seed: { type: 'string' },
    runs: { type: 'string' },
    minutes: { type: 'string' },
    from: { type: 'string', default: '1' },
    replicas: { type: 'string' },
    /** Full: every start reads its tables while they are in use. */
    late: { type: 'boolean', default: false },
    services: { type: 'string' },
    'as-before': { type: 'boolean', default: false },
    trace: { type: 'boolean', default: false },
    /** Ends at the first failure. */
    first: { type: 'boolean', default: false },
    only: { type: 'string' },
    'faults-ms': { type: 'string' },
    omit: { type: 'string' },
  },
});

const MS_PER_MINUTE = 60_000;

if (values.core && values.full) fail('choose --core or --full');
const result = await run(values.full ? fullOf() : coreOf());
process.exitCode = result.failures.size === 0 ? 0 : 1;

async function run(mode: Mode): Promise<CampaignResult> {
  const { seed, runs, minutes } = values;
  if (seed === undefined && runs === undefined && minutes === undefined) fail('say --seed N, --runs N or --minutes N');
  const from = wholeNumber(seed ?? values.from, seed === undefined ? '--from' : '--seed');
  const result = await runCampaign(
    mode,
    {
      from,
      runs: seed === undefined ? optionalNumber(runs, '--runs') : 1,
      untilMs: performance.now() + optionalNumber(minutes, '--minutes') * MS_PER_MINUTE,
      isFirstEnough: values.first,
    },
    (line) => console.log(line),
  );
  report(mode, from, result);
  return result;
}

function report(mode: Mode, from: number, { seeds, seconds, ops, ...result }: CampaignResult): void {
  const speed = `${(seeds / seconds).toFixed(1)} seeds/s, ${(ops / seconds).toFixed(0)} ops/s`;
  console.log(`${mode.name}: ${seeds} seeds from ${from} at ${currentCommit()}, ${speed}`);
  console.log(`did: ops ${ops}, ${listed(Object.entries(result.counts))}`);
  console.log(`faults: ${listed([...result.faults])}`);
  console.log(`reached: ${[...result.reached].sort().join(' ')}`);
  for (const [kind, failed] of result.failures)
    console.log(`${failed.length} × ${kind}: seeds ${failed.slice(0, 10).join(', ')}`);
}

function fullOf(): Mode {
  if (values.omit !== undefined) fail('--omit is for --core; use --only');
  return fullMode({
    conditions: {
      ...(values.replicas === undefined ? {} : { replicas: replicaCount(values.replicas) }),
      ...(values['as-before'] ? AS_BEFORE : {}),
      ...(values.late ? { readLaterBytesMin: 0 } : {}),
      ...(values.services === undefined ? {} : { services: servicesOf(values.services) }),
    },
    ...(values.only === undefined ? {} : { only: numbers(values.only, '--only') }),
    ...(values['faults-ms'] === undefined ? {} : { faultsMs: wholeNumber(values['faults-ms'], '--faults-ms') }),
    ...tracing(),
  });
}

function coreOf(): Mode {
  if (values.only !== undefined || values['faults-ms'] !== undefined)
    fail('--only and --faults-ms are for --full; use --omit');
  return coreMode({
    ...(values.replicas === undefined ? {} : { conditions: { replicas: replicaCount(values.replicas) } }),
    ...(values.omit === undefined ? {} : { omitted: new Set(numbers(values.omit, '--omit')) }),
    ...tracing(),
  });
}

function servicesOf(text: string): Record<string, number> {
  const names = text.split(',');
  const unknown = names.find((name) => !WORKLOADS.some(({ service }) => service === name));
  if (unknown !== undefined) fail(`there is no workload ${unknown}`);
  return equalShares(names);
}

function tracing(): { trace?: (line: string) => void } {
  return values.trace ? { trace: (line) => console.log(line) } : {};
}

function listed(counts: readonly (readonly [string, number])[]): string {
  return counts.map(([name, count]) => `${name} ${count}`).join(', ') || 'none';
}

function replicaCount(text: string): number {
  if (text !== '3' && text !== '5') fail('--replicas must be 3 or 5');
  return Number(text);
}

function numbers(text: string, what: string): number[] {
  return text === 'none' ? [] : text.split(',').map((one) => wholeNumber(one, what));
}

function optionalNumber(text: string | undefined, what: string): number {
  return text === undefined ? Number.POSITIVE_INFINITY : wholeNumber(text, what);
}

function wholeNumber(text: string, what: string): number {
  if (!/^[0-9]+$/.test(text)) fail(`${what} must be a whole number`);
  return Number(text);
}

function fail(why: string): never {
  console.error(`${why}; try: npm run simulate -- --full --runs 100`);
  process.exit(2);
}
