import { writeFileSync } from 'node:fs';
import { leaveNothingBehind } from './ending.js';
import { HELP, parseOptions } from './options.js';
import { markdownReport } from './report/markdown.js';
import { textReport } from './report/text.js';
import { runBench } from './run.js';

/** `npm run bench`: exit code 0 when everything was measured and nothing that was acknowledged is missing. */
async function main(): Promise<number> {
  const options = parseOptions(process.argv.slice(2));
  if (options === undefined) {
    console.log(HELP);
    return 0;
  }
  leaveNothingBehind();
  const { result, problems } = await runBench(options);
  console.log(textReport(result));
  if (options.json !== undefined) writeFileSync(options.json, `${JSON.stringify(result, undefined, 2)}\n`);
  if (options.markdown !== undefined) writeFileSync(options.markdown, markdownReport(result));
  for (const problem of problems) console.error(problem);
  return problems.length === 0 ? 0 : 1;
}

try {
  // What failed half way may have left servers that would keep this process alive: it ends them as it exits.
  process.exit(await main());
} catch (error) {
  console.error(error);
  process.exit(1);
}
