import { parseArgs } from 'node:util';
import { FAULT_KINDS, isFaultKind } from './kinds.js';
import { reportText } from './report.js';
import { runNemesis } from './run.js';

/** npm run nemesis -- --minutes N [--seed N] [--kinds A,B] [--pause-seconds N]: real processes under faults of every kind; exit 1 when a promise broke. */

const { values } = parseArgs({
  options: {
    minutes: { type: 'string', default: '10' },
    seed: { type: 'string', default: String(Date.now() % 1_000_000) },
    /** Kinds of faults with commas between; default: all. */
    kinds: { type: 'string', default: FAULT_KINDS.join() },
    /** Longest pause of a process. */
    'pause-seconds': { type: 'string', default: '30' },
  },
});

const kinds = values.kinds.split(',').filter(isFaultKind);
if (kinds.length !== values.kinds.split(',').length) {
  console.error(`--kinds must be some of ${FAULT_KINDS.join()}`);
  process.exit(2);
}
const seed = positive(values.seed, '--seed');
const beganMs = performance.now();
console.log(`nemesis: seed ${seed}, ${values.minutes} minutes`);
const report = await runNemesis({
  seed,
  kinds,
  durationMs: positive(values.minutes, '--minutes') * 60_000,
  pauseMsMax: positive(values['pause-seconds'], '--pause-seconds') * 1_000,
  tell: (line) => console.log(`${((performance.now() - beganMs) / 1_000).toFixed(1).padStart(7)} s  ${line}`),
});
console.log(reportText(report));
process.exit(report.problems.length === 0 ? 0 : 1);

function positive(text: string, what: string): number {
  const number = Number(text);
  if (Number.isFinite(number) && number > 0) return number;
  console.error(`${what} must be a number above 0; try: npm run nemesis -- --minutes 3 --seed 1`);
  process.exit(2);
}
