import { closeSync, openSync, readdirSync, readFileSync, unlinkSync, writeSync } from 'node:fs';
import path from 'node:path';
import { errorCode, isDiskFull } from './errors.js';

const LOCK_NAME = /^lock-([0-9]+)-([0-9]+)-([0-9a-f]+)$/;
const ATTEMPTS_MAX = 8;
const PAUSE_MAX_MS = 25;

/** Whether a name in a replica's folder is a lock. */
export const isLockName = (name: string): boolean => LOCK_NAME.test(name);

/**
 * Takes the lock of a folder. Node has no flock, so every process that wants it creates a file whose *name* says who it
 * is (`lock-<pid>-<start>-<boot>`), and then looks at the others: any other whose process lives has it, and ours is
 * withdrawn. Two that start together cannot both win, because each creates before it looks; when both withdraw they try
 * again after pauses of different lengths. A dead owner's file can be removed by anyone at any time: process id, start
 * time and boot together never come back, so no later owner can have that name. Nothing is ever taken over.
 */
export function lockFolder(folder: string): { release(): void } | { holder: string } {
  const mine = identityOf(process.pid);
  if (mine === undefined) throw new Error(`cannot lock ${folder}: this process is not in /proc`);
  const own = path.join(folder, lockName(mine));
  let holder = '';
  for (let attempt = 0; attempt < ATTEMPTS_MAX; attempt++) {
    if (!create(own)) return { holder: `process ${process.pid} (this one)` };
    const other = livingOther(folder, path.basename(own));
    if (other === undefined) return { release: () => remove(own) };
    remove(own);
    holder = other;
    pause(1 + Math.floor(Math.random() * PAUSE_MAX_MS));
  }
  return { holder };
}

/** Who uses a folder, looked at without changing anything; `undefined` when nobody does. */
export function holderOf(folder: string): string | undefined {
  for (const name of readdirSync(folder)) {
    const [, pidText, start, boot] = LOCK_NAME.exec(name) ?? [];
    if (pidText === undefined) continue;
    const living = identityOf(Number(pidText));
    if (living?.start === start && living?.boot === boot) return describe(path.join(folder, name), Number(pidText));
  }
  return undefined;
}

interface Identity {
  readonly pid: number;
  /** Start of the process in clock ticks since the boot. */
  readonly start: string;
  readonly boot: string;
}

const lockName = ({ pid, start, boot }: Identity): string => `lock-${pid}-${start}-${boot}`;

function create(file: string): boolean {
  let descriptor: number;
  try {
    descriptor = openSync(file, 'wx', 0o644);
  } catch (error) {
    if (errorCode(error) === 'EEXIST') return false;
    throw error;
  }
  try {
    // For people; the name alone counts, so that a lock cannot be half written.
    writeSync(descriptor, `process ${process.pid} started ${new Date().toISOString()}\n`);
  } catch (error) {
    // A full disk must not keep a replica from starting.
    if (!isDiskFull(error)) throw error;
  } finally {
    closeSync(descriptor);
  }
  return true;
}

function livingOther(folder: string, own: string): string | undefined {
  for (const name of readdirSync(folder)) {
    const match = LOCK_NAME.exec(name);
    if (match === null || name === own) continue;
    const [, pidText = '', start = '', boot = ''] = match;
    const pid = Number(pidText);
    const living = identityOf(pid);
    if (living?.start === start && living.boot === boot) return describe(path.join(folder, name), pid);
    remove(path.join(folder, name));
  }
  return undefined;
}

function describe(file: string, pid: number): string {
  try {
    const text = readFileSync(file, 'utf8').trim();
    if (text !== '') return text;
  } catch {
    // Withdrawn meanwhile: the process id says enough.
  }
  return `process ${pid}`;
}

/** Who a process id is now; `undefined` when there is no such process, or only its zombie, which holds no file. */
function identityOf(pid: number): Identity | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
    // The second field is the command in brackets and may hold spaces and brackets itself: count from its end.
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    const start = fields[19];
    if (start === undefined || fields[0] === 'Z' || fields[0] === 'X') return undefined;
    return { pid, start, boot: bootId() };
  } catch (error) {
    if (process.platform !== 'linux') return identityWithoutProc(pid);
    if (errorCode(error) === 'ENOENT' || errorCode(error) === 'ESRCH') return undefined;
    throw error;
  }
}

function identityWithoutProc(pid: number): Identity | undefined {
  try {
    process.kill(pid, 0);
  } catch (error) {
    if (errorCode(error) !== 'EPERM') return undefined;
  }
  return { pid, start: '0', boot: '0' };
}

function bootId(): string {
  return readFileSync('/proc/sys/kernel/random/boot_id', 'latin1').replaceAll('-', '').trim().slice(0, 12);
}

function remove(file: string): void {
  try {
    unlinkSync(file);
  } catch (error) {
    if (errorCode(error) !== 'ENOENT') throw error;
  }
}

function pause(ms: number): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms);
}
