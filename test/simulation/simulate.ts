import { execFileSync } from 'node:child_process';
import { parseArgs } from 'node:util';
import { runSimulation, type RunReport } from './simulation.js';

/** npm run simulate -- --seed N [--trace] | --runs N [--from K] [--replicas 3|5]: runs seeds and says what they did. */

const { values } = parseArgs({
  options: {
    seed: { type: 'string' },
    runs: { type: 'string' },
    from: { type: 'string', default: '1' },
    replicas: { type: 'string' },
    trace: { type: 'boolean', default: false },
    /** Ends at the first failure. */
    first: { type: 'boolean', default: false },
  },
});

const from = wholeNumber('seed' in values ? values.seed : values.from, 'the first seed');
const runs = 'seed' in values ? 1 : wholeNumber(values.runs, '--runs');
const conditions = values.replicas === undefined ? {} : { replicas: wholeNumber(values.replicas, '--replicas') };
const trace = values.trace ? { trace: (line: string): void => console.log(line) } : {};

const totals = {
  ops: 0,
  acknowledged: 0,
  reads: 0,
  faults: 0,
  views: 0,
  installed: 0,
  recoveries: 0,
  salvaged: 0,
  takenAlone: 0,
};
const failures = new Map<string, number[]>();
const begunMs = Date.now();
let done = 0;
for (let seed = from; seed < from + runs; seed++) {
  done++;
  try {
    add(runSimulation({ seed, conditions, ...trace }));
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    const kind = message.replace(/^seed \d+, at [\d.]+ ms: /, '').replace(/\d+/g, '#');
    const seeds = failures.get(kind) ?? [];
    failures.set(kind, [...seeds, seed]);
    if (seeds.length === 0) console.log(`FAILED ${message}\n  replay: npm run simulate -- --seed ${seed} --trace`);
    if (runs === 1 && error instanceof Error) console.log(error.cause);
    if (values.first) break;
  }
}
const seconds = (Date.now() - begunMs) / 1_000;
console.log(
  `${done} seeds from ${from} at ${commit()}: ${(done / seconds).toFixed(1)} seeds/s, ${(totals.ops / seconds).toFixed(0)} ops/s`,
);
console.log(JSON.stringify(totals));
for (const [kind, seeds] of failures)
  console.log(`${seeds.length} × ${kind.slice(0, 200)}: seeds ${seeds.slice(0, 10).join(', ')}`);
process.exitCode = failures.size === 0 ? 0 : 1;

function add(report: RunReport): void {
  totals.ops += report.committedOps;
  totals.acknowledged += report.acknowledged;
  totals.reads += report.reads;
  totals.faults += report.faults;
  totals.views += report.views;
  totals.installed += report.checkpointsInstalled;
  totals.recoveries += report.recoveries;
  totals.salvaged += report.salvaged;
  totals.takenAlone += report.takenAlone;
  if (runs === 1) console.log({ ...report, reached: [...report.reached].join(' ') });
}

function wholeNumber(text: string | undefined, what: string): number {
  if (text === undefined || !/^[0-9]+$/.test(text)) {
    console.error(`${what} must be a whole number; try: npm run simulate -- --runs 1000`);
    process.exit(2);
  }
  return Number(text);
}

function commit(): string {
  try {
    return execFileSync('git', ['describe', '--always', '--dirty'], { encoding: 'utf8' }).trim();
  } catch {
    return 'an unknown commit';
  }
}
