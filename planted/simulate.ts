import { parseArgs } from 'node:util';
import { BUGS } from './bugs/index.js';
import { campaign } from './campaign.js';
import { Crew } from './crew.js';
import { failuresOf, tableOf } from './report.js';

/**
 * npm run simulate:planted [-- --bug NAME …] [--seeds-max N] [--minutes N]: runs every planted bug, or those named, until a simulation
 * finds it, with the seeds on which the healthy build was clean just before. Exit code 1 when one is not found.
 */

const { values } = parseArgs({
  options: {
    bug: { type: 'string', multiple: true, default: [] },
    'seeds-max': { type: 'string', default: '100000' },
    minutes: { type: 'string', default: '30' },
    quiet: { type: 'boolean', default: false },
  },
});

const unknown = values.bug.filter((name) => !BUGS.some((bug) => bug.name === name));
if (unknown.length > 0) {
  console.error(`no bug is called ${unknown.join(', ')}; there are: ${BUGS.map(({ name }) => name).join(', ')}`);
  process.exit(2);
}
const crew = new Crew();
const begunMs = Date.now();
const result = await campaign((search) => crew.search(search), {
  bugs: values.bug.length === 0 ? BUGS : BUGS.filter(({ name }) => values.bug.includes(name)),
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

function wholeNumber(text: string, what: string): number {
  if (!/^[1-9][0-9]*$/.test(text)) {
    console.error(`${what} must be a whole number from 1; try: npm run simulate:planted -- --seeds-max 1000`);
    process.exit(2);
  }
  return Number(text);
}
