import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { expect } from 'chai';
import { usageOf, usageOfTree } from '../../bench/processes.js';
import { until } from '../support/until.js';

describe('bench usage', () => {
  it('of a process: CPU seconds and the highest memory so far; nothing of one that is gone', () => {
    const { cpuSeconds, rssMiB } = usageOf(process.pid);
    const { user, system } = process.cpuUsage();
    expect(cpuSeconds).to.be.closeTo((user + system) / 1e6, 0.5);
    expect(rssMiB).to.be.at.least(process.memoryUsage.rss() / 2 ** 20 - 1);
    expect(usageOf(2 ** 30)).to.deep.equal({ cpuSeconds: 0, rssMiB: 0 });
  });

  it('of a server: with its child processes, and with those that have ended', async () => {
    // The shell lets one child burn CPU and end, then another that stays.
    const burn = `"${process.execPath}" -e "const end = Date.now() + 300; while (Date.now() < end);"`;
    const stay = `"${process.execPath}" -e "console.log('up'); setInterval(() => {}, 1000)"`;
    const shell = spawn('sh', ['-c', `${burn}; ${stay} & wait`], {
      stdio: ['ignore', 'pipe', 'inherit'],
      detached: true,
    });
    try {
      await once(shell.stdout, 'data');
      const pid = shell.pid ?? 0;
      const tree = await until(() => {
        const usage = usageOfTree(pid);
        return usage.cpuSeconds > 0.1 && usage;
      }, 'the CPU of the child that has ended counts');
      expect(usageOf(pid).cpuSeconds).to.be.below(0.1);
      expect(tree.rssMiB).to.be.above(usageOf(pid).rssMiB + 10);
    } finally {
      if (shell.pid !== undefined) process.kill(-shell.pid, 'SIGKILL');
    }
  });
});
