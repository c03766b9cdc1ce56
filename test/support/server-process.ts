import { spawn, type ChildProcess } from 'node:child_process';
import { closeSync, openSync, readFileSync, writeSync } from 'node:fs';
import path from 'node:path';
import { parseChildMessage } from '../../src/cli/child-protocol.js';
import { until } from './until.js';

/** The command line program, as it was built. */
export const MAIN = path.resolve(import.meta.dirname, '../../dist/cli/main.js');
/** ms until a server must have said that it is ready; generous, for busy machines. */
const READY_WITHIN_MS = 30_000;

/** How a process ended. */
export interface Exit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

/** A line of a server's log. */
export interface LogLine {
  /** ms since 1970. */
  readonly time: number;
  readonly [field: string]: unknown;
}

const alive = new Set<ChildProcess>();
// Whatever ends the test, stopped processes included: they would not notice that it is gone.
process.on('exit', () => {
  for (const child of alive) child.kill('SIGKILL');
});

/** One server of the built program as a process that the test owns: started, killed, paused, started again. */
export class ServerProcess {
  #child: ChildProcess | undefined;
  #exit: Promise<Exit> = Promise.resolve({ code: null, signal: null });

  constructor(
    readonly name: string,
    readonly args: readonly string[],
    readonly logFile: string,
    /** What node runs from its next start on. */
    public program: readonly string[] = [MAIN],
  ) {}

  get isRunning(): boolean {
    return this.#child !== undefined;
  }

  get pid(): number {
    if (this.#child?.pid === undefined) throw new Error(`${this.name} does not run`);
    return this.#child.pid;
  }

  /** Starts it, with these variables more in its environment; resolves when it says that it is ready. */
  async start(extraArgs: readonly string[] = [], environment: Readonly<Record<string, string>> = {}): Promise<void> {
    if (this.isRunning) throw new Error(`${this.name} runs already`);
    const log = openSync(this.logFile, 'a');
    writeSync(log, `--- started at ${new Date().toISOString()} ${extraArgs.join(' ')}\n`);
    const child = spawn(process.execPath, [...this.program, ...this.args, ...extraArgs], {
      stdio: ['ignore', log, log, 'ipc'],
      env: { ...process.env, ...environment },
    });
    closeSync(log);
    this.#child = child;
    alive.add(child);
    let ready = (): void => undefined;
    const isReady = new Promise<'ready'>((resolve) => (ready = () => resolve('ready')));
    child.on('message', (raw) => {
      if (parseChildMessage(raw)?.kind === 'ready') ready();
    });
    // The channel breaks when the child is killed: its exit tells.
    child.on('error', () => undefined);
    this.#exit = new Promise((resolve) => {
      child.on('exit', (code, signal) => {
        alive.delete(child);
        if (this.#child === child) this.#child = undefined;
        resolve({ code, signal });
      });
    });
    const late = new AbortController();
    const outcome = await Promise.race([isReady, this.#exit, afterMs(READY_WITHIN_MS, late.signal)]);
    late.abort();
    if (outcome === 'ready') return;
    const how = outcome === 'late' ? `not ready within ${READY_WITHIN_MS} ms` : `ended: ${JSON.stringify(outcome)}`;
    throw new Error(`${this.name} ${how}\n${this.logTail(20)}`);
  }

  /** kill -9, and waits until it is gone. */
  async kill(): Promise<void> {
    if (!this.isRunning) return;
    process.kill(this.pid, 'SIGKILL');
    await this.#exit;
  }

  /** SIGTERM; how it ended. */
  async stop(): Promise<Exit> {
    if (this.isRunning) process.kill(this.pid, 'SIGTERM');
    return this.#exit;
  }

  /** SIGSTOP, and waits until it stands still. */
  async pause(): Promise<void> {
    const { pid } = this;
    process.kill(pid, 'SIGSTOP');
    await until(() => stateOf(pid) === 'T', `${this.name} stands still`);
  }

  /** SIGCONT. */
  resume(): void {
    process.kill(this.pid, 'SIGCONT');
  }

  /** How it ended by itself. */
  untilExit(): Promise<Exit> {
    return this.#exit;
  }

  /** Everything it has logged as JSON, over all its lives. */
  log(): LogLine[] {
    return readFileSync(this.logFile, 'utf8')
      .split('\n')
      .filter((line) => line.startsWith('{'))
      .flatMap((line) => {
        try {
          return [JSON.parse(line) as LogLine];
        } catch {
          return [];
        }
      });
  }

  /** The last lines as they stand in the file. */
  logTail(lines: number): string {
    return readFileSync(this.logFile, 'utf8').trimEnd().split('\n').slice(-lines).join('\n');
  }
}

function stateOf(pid: number): string | undefined {
  const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
  return stat.slice(stat.lastIndexOf(')') + 2)[0];
}

function afterMs(ms: number, signal: AbortSignal): Promise<'late'> {
  return new Promise((resolve) => {
    const timer = setTimeout(() => resolve('late'), ms);
    signal.addEventListener('abort', () => clearTimeout(timer));
  });
}
