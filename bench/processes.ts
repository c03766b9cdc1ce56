import { type ChildProcess, execFileSync, fork } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';

/** Clock ticks a second, in which /proc counts CPU time. */
const TICKS = Number(execFileSync('getconf', ['CLK_TCK'], { encoding: 'utf8' }));

/** Where the bench's own sources are. */
export const BENCH_FOLDER = import.meta.dirname;

/** CPU seconds used so far, and the highest resident MiB so far; what is gone counts as nothing. */
export interface Usage {
  readonly cpuSeconds: number;
  readonly rssMiB: number;
}

/** What one process has used since it started. */
export function usageOf(pid: number): Usage {
  const times = timesOf(pid);
  return { cpuSeconds: times.own, rssMiB: (statusOf(pid).get('VmHWM') ?? 0) / 1024 };
}

/**
 * What a server and all processes below it have used, those that ended included. Their memory is what they hold now, as the peaks of
 * many processes do not add up; pages that they share count once.
 */
export function usageOfTree(root: number): Usage {
  const children = childrenByParent();
  const pids = [root];
  for (let at = 0; at < pids.length; at++) pids.push(...(children.get(pids[at] ?? 0) ?? []));
  const statuses = pids.map(statusOf);
  const of = (name: string): number[] => statuses.map((status) => status.get(name) ?? 0);
  const privateKiB = of('RssAnon').reduce((sum, one) => sum + one, 0);
  const sharedKiB = Math.max(...of('RssShmem')) + Math.max(...of('RssFile'));
  const cpuSeconds = pids.map(timesOf).reduce((sum, { own, ended }) => sum + own + ended, 0);
  return { cpuSeconds, rssMiB: (privateKiB + sharedKiB) / 1024 };
}

/** CPU seconds of a process itself, and of its children that have ended. */
function timesOf(pid: number): { own: number; ended: number } {
  const fields = statFields(pid);
  const seconds = (first: number, second: number): number =>
    (Number(fields[first] ?? 0) + Number(fields[second] ?? 0)) / TICKS;
  return { own: seconds(11, 12), ended: seconds(13, 14) };
}

/** Fields of /proc/PID/stat after the name in parentheses: 1 parent, 11 utime, 12 stime, 13 cutime, 14 cstime. */
function statFields(pid: number | string): readonly string[] {
  try {
    return readFileSync(`/proc/${pid}/stat`, 'latin1')
      .replace(/^.*\) /s, '')
      .split(' ');
  } catch {
    return [];
  }
}

/** Sizes in KiB by name. */
function statusOf(pid: number): ReadonlyMap<string, number> {
  try {
    const lines = readFileSync(`/proc/${pid}/status`, 'latin1').matchAll(/^(\w+):\s+(\d+) kB$/gm);
    return new Map(Array.from(lines, ([, name = '', size]) => [name, Number(size)]));
  } catch {
    return new Map();
  }
}

function childrenByParent(): ReadonlyMap<number, readonly number[]> {
  const children = new Map<number, number[]>();
  for (const name of readdirSync('/proc')) {
    if (!/^[0-9]+$/.test(name)) continue;
    const parent = Number(statFields(name)[1] ?? 0);
    children.set(parent, [...(children.get(parent) ?? []), Number(name)]);
  }
  return children;
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

/** The young generation that `just-hungry start` gives its servers; the proxy and the customers get the same. */
export const YOUNG_GENERATION = '--max-semi-space-size=64';

/** Starts a script of the bench with an IPC channel. It ends with this process. */
export function startScript(script: string, args: readonly string[] = [], env: NodeJS.ProcessEnv = {}): ChildProcess {
  return fork(path.join(BENCH_FOLDER, script), args, {
    execArgv: ['--import=tsx', YOUNG_GENERATION],
    env: { ...process.env, ...env },
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
    // Ctrl-C in the terminal reaches the bench alone.
    detached: true,
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

/** ms in which a script must have ended once its channel is closed. */
const END_WITHIN_MS = 5_000;

/** Closes the channel of a script, which ends it in order (a profile is written then), and waits until it is gone. */
export async function stop(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const gone = new Promise((resolve) => child.once('exit', resolve));
  const late = setTimeout(() => child.kill('SIGKILL'), END_WITHIN_MS);
  if (child.connected) child.disconnect();
  await gone;
  clearTimeout(late);
}
