import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { expect } from 'chai';

const SCRIPT = path.join(import.meta.dirname, 'support/left-behind.ts');

/** Lets the script start its daemon, ends it, and says what it left. */
async function leftBehind(
  how: NodeJS.Signals | 'throw',
): Promise<{ code: unknown; hasFolder: boolean; isRunning: boolean }> {
  const child = spawn(process.execPath, ['--import=tsx', SCRIPT, how], { stdio: ['ignore', 'pipe', 'ignore'] });
  const exit = once(child, 'exit');
  const [line] = (await once(child.stdout, 'data')) as [Buffer];
  const { folder, pid } = JSON.parse(line.toString()) as { folder: string; pid: number };
  if (how !== 'throw') child.kill(how);
  const [code] = (await exit) as [unknown];
  return { code, hasFolder: existsSync(folder), isRunning: isRunning(pid) };
}

/** Whether a process runs; where nobody fetches its end it may stay as a zombie. */
function isRunning(pid: number): boolean {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
    return stat.slice(stat.lastIndexOf(')') + 2)[0] !== 'Z';
  } catch {
    return false;
  }
}

describe('bench ending', () => {
  for (const [how, code] of [
    ['SIGINT', 130],
    ['SIGTERM', 130],
    ['throw', 1],
  ] as const)
    it(`leaves neither process nor folder behind (${how})`, async () => {
      expect(await leftBehind(how)).to.deep.equal({ code, hasFolder: false, isRunning: false });
    });
});
