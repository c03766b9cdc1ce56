import { parseArgs } from 'node:util';
import type { SimulationName } from './bug.js';
import { BUGS } from './bugs/index.js';
import { campaign } from './campaign.js';
import { Crew } from './crew.js';
import { failuresOf, tableOf } from './report.js';
import { SIMULATIONS } from './simulations/index.js';

/**
 * npm run simulate:planted [-- --bug NAME …] [--of SIMULATION] [--in SIMULATION] [--seeds-max N] [--minutes N]: runs every planted bug, or
 * those named, or those of one simulation, until its simulation (or the one given by --in) finds it, on the seeds on which the healthy
 * build was clean just before. Exit code 1 when one is not found.
 */

const { values } = parseArgs({
  options: {
    bug: { type: 'string', multiple: true, default: [] },
    of: { type: 'string' },
    in: { type: 'string' },
    'seeds-max': { type: 'string', default: '100000' },
    minutes: { type: 'string', default: '30' },
    quiet: { type: 'boolean', default: false },
  },
});

const simulations = Object.keys(SIMULATIONS);
mustBeAmong(
  values.bug,
  'bug',
  BUGS.map(({ name }) => name),
);
mustBeAmong(
  [values.of, values.in].filter((name) => name !== undefined),
  'simulation',
  simulations,
);
const named = BUGS.filter(({ name }) => values.bug.length === 0 || values.bug.includes(name));
const chosen = named.filter(({ simulation }) => values.of === undefined || simulation === values.of);
const crew = new Crew();
const begunMs = Date.now();
const result = await campaign((search) => crew.search(search), {
  bugs: chosen.map((bug) => ({ ...bug, simulation: (values.in ?? bug.simulation) as SimulationName })),
  seedsMax: wholeNumber(values['seeds-max'], '--seeds-max'),
  deadlineMs: begunMs + wholeNumber(values.minutes, '--minutes') * 60_000,
  onProgress: values.quiet ? () => undefined : (line) => console.error(line),
});
await crew.dismiss();

console.log(tableOf(result));
const seconds = (Date.now() - begunMs) / 1_000;
const runs = [...result.bugs, ...result.healthy.values()].reduce((sum, { work }) => sum + work.runs, 0);
const failures = failuresOf(result);
console.log(`\n${result.bugs.length} bugs, ${runs} runs in ${seconds.toFixed(0)} s; ${failures.length} failures`);
for (const failure of failures) console.log(`FAILED ${failure}`);
process.exitCode = failures.length === 0 ? 0 : 1;

function mustBeAmong(names: readonly string[], what: string, known: readonly string[]): void {
  const unknown = names.filter((name) => !known.includes(name));
  if (unknown.length === 0) return;
  console.error(`no ${what} is called ${unknown.join(', ')}; there are: ${known.join(', ')}`);
  process.exit(2);
}

function wholeNumber(text: string, what: string): number {
  if (!/^[1-9][0-9]*$/.test(text)) {
    console.error(`${what} must be a whole number from 1; try: npm run simulate:planted -- --seeds-max 1000`);
    process.exit(2);
  }
  return Number(text);
}
