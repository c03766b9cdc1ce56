import { expect } from 'chai';
import { reportText } from '../nemesis/report.js';
import { runNemesis } from '../nemesis/run.js';

/** A seed whose first kinds are of processes, ways and disks. Longer runs: npm run nemesis -- --minutes 10. */
const SEED = 1;
const DURATION_MS = 25_000;

describe('faults: everything at once', () => {
  it('8 writers and 4 readers under kills, pauses, cuts, and lost and damaged files: every promise is kept', async () => {
    const report = await runNemesis({ seed: SEED, durationMs: DURATION_MS });
    expect(report.problems.slice(0, 10).join('\n'), reportText(report)).to.equal('');
    // It was a run worth the name, however slow the machine.
    expect(report.faults).to.be.at.least(3);
    expect(report.acknowledged).to.be.above(100);
    expect(report.reads).to.be.above(100);
  });
});
