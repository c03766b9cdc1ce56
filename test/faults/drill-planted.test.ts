import path from 'node:path';
import { execa } from 'execa';
import { expect } from 'chai';
import { PLANTED_VARIABLE } from '../../planted/switch.js';
import type { DrillReport } from '../../src/operations/drill/drill-report.js';
import { PROJECT_ROOT } from '../cli/support/command-run.js';

const BUILD_MS = 120_000;
/** One that does not heal is waited for. */
const DRILL_MS = 170_000;
const PLANTED_MAIN = path.join(PROJECT_ROOT, 'dist-planted/build/src/cli/main.js');

/** A mistake, the faults under which a customer suffers from it, and what must be counted. */
const MISTAKES: readonly (readonly [
  bug: string,
  faults: string,
  counted: 'lost' | 'duplicated' | 'stale' | 'oversold' | 'other',
])[] = [
  ['acknowledge-before-majority', 'lost-primary', 'other'],
  ['commit-below-majority', 'lost-primary', 'lost'],
  ['id-not-looked-up', 'failing-calls', 'duplicated'],
  ['committed-id-forgotten', 'failing-calls', 'duplicated'],
  ['uncommitted-stock-ignored', 'pause-backup', 'oversold'],
];

/** A judge that never finds anything proves little: these builds are broken, one rule each, and the drill must say so. */
describe('faults: a drill of planted builds', () => {
  before(async function () {
    this.timeout(BUILD_MS);
    await execa('npm', ['run', 'build:planted'], { cwd: PROJECT_ROOT });
  });

  const drill = async (bug: string, faults: string): Promise<{ report: DrillReport; exitCode: number | undefined }> => {
    const run = await execa(process.execPath, [PLANTED_MAIN, 'drill', '--seconds', '1', '--faults', faults, '--json'], {
      env: { [PLANTED_VARIABLE]: bug },
      reject: false,
    });
    expect(run.stdout, run.stderr).to.match(/^\{/);
    return { report: JSON.parse(run.stdout) as DrillReport, exitCode: run.exitCode };
  };

  it('no mistake: good, exit code 0', async function () {
    this.timeout(DRILL_MS);
    const { report, exitCode } = await drill('', [...new Set(MISTAKES.map(([, faults]) => faults))].join());
    expect(report.problems.join('\n')).to.equal('');
    expect(report.verdict).to.equal('good');
    expect(exitCode).to.equal(0);
  });

  for (const [bug, faults, counted] of MISTAKES) {
    it(`${bug}: bad, exit code 1`, async function () {
      this.timeout(DRILL_MS);
      const { report, exitCode } = await drill(bug, faults);
      expect(report.verdict).to.equal('bad');
      expect(report[counted], `${counted}: ${report.problems.slice(0, 5).join('\n')}`).to.be.above(0);
      expect(exitCode).to.equal(1);
    });
  }
});
