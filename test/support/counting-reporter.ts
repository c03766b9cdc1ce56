import { appendFileSync } from 'node:fs';
import path from 'node:path';
import Mocha from 'mocha';

/**
 * Mocha's spec output; at the end one JSON line {"passes","failures","pending"} is also appended to `mocha.jsonl` in the folder
 * that JUST_HUNGRY_TEST_COUNTS names. `.ci/run` adds the lines of all runs up. Without the variable it only prints.
 */
export default class CountingReporter extends Mocha.reporters.Spec {
  constructor(runner: Mocha.Runner, options?: Mocha.MochaOptions) {
    super(runner, options);
    const folder = process.env['JUST_HUNGRY_TEST_COUNTS'];
    if (folder === undefined || folder === '') return;
    runner.once('end', () => {
      const { passes, failures, pending } = this.stats;
      appendFileSync(path.join(folder, 'mocha.jsonl'), `${JSON.stringify({ passes, failures, pending })}\n`);
    });
  }
}
