import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, openSync, readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';

/** A server that is not ours. */
export interface DaemonSpec {
  readonly name: string;
  readonly command: string;
  readonly args: readonly string[];
  /** Its working folder. */
  readonly folder: string;
  readonly logFile: string;
  /** The whole of its environment. */
  readonly env: NodeJS.ProcessEnv;
  /** Whom it runs as; default: as this process does. */
  readonly user?: { readonly uid: number; readonly gid: number };
  /** How it is asked to stop, and how it is ended at once with all that it started. */
  readonly stopSignal: NodeJS.Signals;
  readonly endSignal: NodeJS.Signals;
}

/** ms until a daemon that was asked to stop is ended at once. */
const STOP_WITHIN_MS = 10_000;
const alive = new Set<Daemon>();

/** A server as a child process: ended with this process, whatever ends it but kill -9. */
export class Daemon {
  readonly #child: ChildProcess;
  readonly #exit: Promise<void>;
  #isStopping = false;

  constructor(readonly spec: DaemonSpec) {
    const log = openSync(spec.logFile, 'a');
    try {
      this.#child = spawn(spec.command, spec.args, {
        // A session of its own: Ctrl-C in the terminal reaches the bench alone, which stops all in order.
        detached: true,
        cwd: spec.folder,
        env: spec.env,
        stdio: ['ignore', log, log],
        ...spec.user,
      });
    } finally {
      closeSync(log);
    }
    alive.add(this);
    this.#exit = new Promise((resolve) => {
      const ended = (how: string): void => {
        alive.delete(this);
        if (!this.#isStopping) console.error(`${spec.name} ended by itself (${how}):\n${this.logTail()}`);
        resolve();
      };
      this.#child.on('error', (error) => ended(error.message));
      this.#child.on('exit', (code, signal) => ended(String(code ?? signal)));
    });
  }

  get pid(): number {
    return this.#child.pid ?? 0;
  }

  get isRunning(): boolean {
    return alive.has(this);
  }

  /** Asks it to stop and waits until it is gone; ends it when that takes too long. */
  async stop(): Promise<void> {
    this.#isStopping = true;
    if (!this.isRunning) return;
    this.#child.kill(this.spec.stopSignal);
    const late = new AbortController();
    const isLate = sleep(STOP_WITHIN_MS, 'late', { signal: late.signal }).catch(() => undefined);
    if ((await Promise.race([this.#exit, isLate])) === 'late') this.end();
    late.abort();
    await this.#exit;
  }

  /** Ends it at once, without waiting. */
  end(): void {
    this.#isStopping = true;
    this.#child.kill(this.spec.endSignal);
  }

  /** The last lines of its log. */
  logTail(lines = 15): string {
    return readFileSync(this.spec.logFile, 'utf8').trimEnd().split('\n').slice(-lines).join('\n');
  }
}

/** Ends every daemon at once, and waits until they are gone, without the event loop: for the end of this process. */
export function endDaemons(): void {
  const pids = [...alive].map(({ pid }) => pid);
  for (const daemon of alive) daemon.end();
  const clock = new Int32Array(new SharedArrayBuffer(4));
  for (let waited = 0; waited < STOP_WITHIN_MS && pids.some(isThere); waited += 20) Atomics.wait(clock, 0, 0, 20);
}

/** Whether a process runs; a zombie has ended. */
function isThere(pid: number): boolean {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
    return stat.slice(stat.lastIndexOf(')') + 2)[0] !== 'Z';
  } catch {
    return false;
  }
}
