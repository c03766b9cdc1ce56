import { type ChildProcess, execFileSync, fork } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';

/** Clock ticks a second, in which /proc counts CPU time. */
const TICKS = Number(execFileSync('getconf', ['CLK_TCK'], { encoding: 'utf8' }));

/** Where the bench's own sources are. */
export const BENCH_FOLDER = import.meta.dirname;

/** CPU seconds used so far and resident MiB of a process; what is gone counts as nothing. */
export interface Usage {
  readonly cpuSeconds: number;
  readonly rssMiB: number;
}

export function usageOf(pid: number): Usage {
  try {
    // Fields after the name in parentheses: 12th and 13th are utime and stime, 22nd the resident pages.
    const fields = readFileSync(`/proc/${pid}/stat`, 'latin1')
      .replace(/^.*\) /s, '')
      .split(' ');
    const cpuSeconds = (Number(fields[11]) + Number(fields[12])) / TICKS;
    return { cpuSeconds, rssMiB: (Number(fields[21]) * 4096) / (1 << 20) };
  } catch {
    return { cpuSeconds: 0, rssMiB: 0 };
  }
}

/** Seconds that all cores together were busy and idle since the machine started. */
export function machineUsage(): { readonly busySeconds: number; readonly idleSeconds: number } {
  const [user = 0, nice = 0, system = 0, idle = 0, ioWait = 0, irq = 0, softIrq = 0] = readFileSync(
    '/proc/stat',
    'latin1',
  )
    .replace(/^cpu +/, '')
    .split(' ', 7)
    .map(Number);
  return { busySeconds: (user + nice + system + irq + softIrq) / TICKS, idleSeconds: (idle + ioWait) / TICKS };
}

/** Children of a process, with their arguments. */
export function childrenOf(parent: number): { pid: number; args: string[] }[] {
  const children: { pid: number; args: string[] }[] = [];
  for (const name of readdirSync('/proc')) {
    if (!/^[0-9]+$/.test(name)) continue;
    try {
      const fields = readFileSync(`/proc/${name}/stat`, 'latin1')
        .replace(/^.*\) /s, '')
        .split(' ');
      if (Number(fields[1]) !== parent) continue;
      children.push({ pid: Number(name), args: readFileSync(`/proc/${name}/cmdline`, 'utf8').split('\0') });
    } catch {
      // It ended meanwhile.
    }
  }
  return children;
}

/** The young generation that `just-hungry start` gives its servers; the proxy and the customers get the same. */
const YOUNG_GENERATION = '--max-semi-space-size=64';

/** Starts a script of the bench with an IPC channel. It ends with this process. */
export function startScript(script: string, args: readonly string[] = [], env: NodeJS.ProcessEnv = {}): ChildProcess {
  return fork(path.join(BENCH_FOLDER, script), args, {
    execArgv: ['--import=tsx', YOUNG_GENERATION],
    env: { ...process.env, ...env },
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
  });
}

/** The next message of a script; rejects when it ends first. */
export function nextMessage<T>(child: ChildProcess): Promise<T> {
  return new Promise((resolve, reject) => {
    const ended = (code: number | null): void => reject(new Error(`a process of the bench ended with code ${code}`));
    child.once('exit', ended);
    child.once('message', (message) => {
      child.off('exit', ended);
      resolve(message as T);
    });
  });
}

/** Ends a child and waits until it is gone. */
export async function stop(child: ChildProcess, signal: NodeJS.Signals = 'SIGTERM'): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const gone = new Promise((resolve) => child.once('exit', resolve));
  child.kill(signal);
  await gone;
}
