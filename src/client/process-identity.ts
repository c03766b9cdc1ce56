import { readFileSync } from 'node:fs';
import { hostname } from 'node:os';

/** Names a process beyond the reuse of its number: host, number, boot, and when it started as the system counts. */
export interface ProcessIdentity {
  readonly host: string;
  readonly pid: number;
  /** Empty where the system does not tell (not Linux). */
  readonly started: string;
}

/** This process. */
export function ownIdentity(): ProcessIdentity {
  return { host: hostname(), pid: process.pid, started: startOf(process.pid) };
}

/** Whether that process is still running; taken as running where it cannot be told (another host). */
export function isRunning(identity: ProcessIdentity): boolean {
  if (identity.host !== hostname()) return true;
  try {
    process.kill(identity.pid, 0);
  } catch (error) {
    // EPERM: it runs, as somebody else.
    if ((error as NodeJS.ErrnoException).code === 'ESRCH') return false;
  }
  return identity.started === '' || startOf(identity.pid) === identity.started;
}

/** Boot and clock ticks since then; empty for a zombie, which can do nothing more, and where there is no /proc. */
function startOf(pid: number): string {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
    // Counted behind the name, which may hold spaces and brackets.
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    const boot = readFileSync('/proc/sys/kernel/random/boot_id', 'latin1').trim();
    return fields[0] === 'Z' ? '' : `${boot} ${fields[19] ?? ''}`;
  } catch {
    return '';
  }
}
