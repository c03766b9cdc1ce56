import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, openSync, writeSync } from 'node:fs';
import { performance } from 'node:perf_hooks';
import type { LogFileLimits } from '../../ports/configuration.js';
import { EXIT_RECOVER, LOG_FILE_VARIABLE, parseChildMessage } from '../child-protocol.js';
import { rotateClosed } from '../log-files.js';
import { DEATHS_MAX, DEATHS_WITHIN_MS, DeathRecord } from './death-record.js';

/** A process to be kept running. */
export interface ProcessSpec {
  /** Unique; names the log file and the console lines. */
  readonly name: string;
  /** What follows `NAME is up`, such as ` on 127.0.0.1:7400`; may be empty. */
  readonly upDetail: string;
  readonly command: string;
  readonly args: readonly string[];
  /** Added to this process's environment. */
  readonly env?: NodeJS.ProcessEnv;
  /** Appended to; put aside at a start when it is full, and by the process itself while it runs. */
  readonly logFile: string;
  /** Absent: it grows for ever. */
  readonly logLimits?: LogFileLimits;
  /** Deaths within 30 s after which it is given up; default 5. */
  readonly deathsMax?: number;
  /** Longest pause before it is started again, ms; default 2,000. */
  readonly backoffMaxMs?: number;
}

/** What a supervised process tells its supervisor. */
export interface ProcessEvents {
  /** It serves; also after each restart. */
  onReady(): void;
  /** It cannot start, for a reason that a person must mend; its death follows. */
  onFailure(message: string): void;
  /** A line for the console. */
  onReport(line: string): void;
  /** It will not be started again: given up, or stopped as asked. */
  onEnd(): void;
}

/** ms after which one that has ended on request is started again. */
const AS_ASKED_AFTER_MS = 100;

type State = 'starting' | 'running' | 'waiting' | 'ended';

/** One child process: started, watched, started again with growing pauses, given up after too many deaths, stopped. */
export class SupervisedProcess {
  readonly spec: ProcessSpec;
  readonly #events: ProcessEvents;
  readonly #deaths: DeathRecord;
  #child: ChildProcess | undefined;
  #restart: NodeJS.Timeout | undefined;
  #state: State = 'starting';
  #isStopping = false;
  #hasBeenReady = false;
  /** Asked to be started with --recover and not ready since: a death in between must not make it forget. */
  #mustRecover = false;
  #failure = '';
  /** Why it ends on request; empty: it does not. */
  #endsFor = '';

  constructor(spec: ProcessSpec, events: ProcessEvents) {
    this.spec = spec;
    this.#deaths = new DeathRecord(spec.deathsMax, spec.backoffMaxMs);
    this.#events = events;
  }

  /** Whether it serves now, as far as it has said. */
  get isRunning(): boolean {
    return this.#state === 'running';
  }

  /** Whether it will not run again. */
  get isEnded(): boolean {
    return this.#state === 'ended';
  }

  /** Starts it. */
  start(): void {
    this.#spawn();
  }

  /** Asks it to stop; it is not started again. */
  stop(signal: 'SIGTERM' | 'SIGKILL'): void {
    this.#isStopping = true;
    clearTimeout(this.#restart);
    if (this.#child === undefined) this.#end();
    else this.#child.kill(signal);
    // A stopped process (SIGSTOP) takes SIGTERM only when it goes on.
    if (signal === 'SIGTERM') this.#child?.kill('SIGCONT');
  }

  #spawn(): void {
    const extraArgs = this.#mustRecover ? ['--recover'] : [];
    this.#state = 'starting';
    this.#failure = '';
    this.#endsFor = '';
    const { command, args, logFile, logLimits, env } = this.spec;
    if (logLimits !== undefined) rotateClosed(logFile, logLimits);
    let child: ChildProcess;
    try {
      const log = openSync(logFile, 'a');
      try {
        writeSync(log, `--- ${new Date().toISOString()} ${[command, ...args, ...extraArgs].join(' ')}\n`);
        child = spawn(command, [...args, ...extraArgs], {
          env: { ...process.env, ...env, [LOG_FILE_VARIABLE]: logFile },
          // A session of its own: Ctrl-C in the terminal reaches the supervisor alone, which stops all in order.
          detached: true,
          stdio: ['ignore', log, log, 'ipc'],
        });
      } finally {
        closeSync(log);
      }
    } catch (error) {
      this.#onDeath(`it could not be started: ${String((error as Error).message)}`);
      return;
    }
    this.#child = child;
    let isSettled = false;
    const settle = (how: string): void => {
      if (isSettled) return;
      isSettled = true;
      this.#child = undefined;
      this.#onDeath(how);
    };
    child.on('message', (raw) => this.#onMessage(raw));
    // The channel may break while the child dies: its exit tells the rest.
    child.on('error', (error) => {
      if (child.pid === undefined) settle(`it could not be started: ${error.message}`);
    });
    child.on('exit', (code, signal) => {
      if (code === EXIT_RECOVER) this.#mustRecover = true;
      settle(signal === null ? `exit code ${String(code)}` : `killed by ${signal}`);
    });
  }

  #onMessage(raw: unknown): void {
    const message = parseChildMessage(raw);
    if (message === undefined || this.#isStopping) return;
    if (message.kind === 'failed') {
      this.#failure = message.message;
      this.#events.onFailure(message.message);
      return;
    }
    if (message.kind === 'pause') {
      this.#pause(message.ms);
      return;
    }
    if (message.kind === 'ending') {
      this.#endsFor = message.why;
      return;
    }
    if (this.#state !== 'starting') return;
    this.#state = 'running';
    this.#mustRecover = false;
    this.#events.onReport(`${this.spec.name} is up${this.#hasBeenReady ? ' again' : ''}${this.spec.upDetail}`);
    this.#hasBeenReady = true;
    this.#events.onReady();
  }

  /** A fault on purpose: it stands still for so long, ms. */
  #pause(ms: number): void {
    const child = this.#child;
    child?.kill('SIGSTOP');
    const goOn = setTimeout(() => child?.kill('SIGCONT'), ms);
    child?.once('exit', () => clearTimeout(goOn));
    this.#events.onReport(`${this.spec.name} stands still for ${ms} ms, as asked (chaos)`);
  }

  #onDeath(how: string): void {
    if (this.#isStopping) {
      this.#end();
      return;
    }
    this.#state = 'waiting';
    const { name, logFile } = this.spec;
    if (this.#endsFor !== '') {
      this.#events.onReport(`${name} has ended as asked (${this.#endsFor}); starting it again`);
      this.#restart = setTimeout(() => this.#spawn(), AS_ASKED_AFTER_MS);
      return;
    }
    const next = this.#deaths.afterDeath(performance.now());
    const why = this.#failure === '' ? how : `${how}: ${this.#failure}`;
    if (next.kind === 'giveUp') {
      this.#events.onReport(
        `${name} has died ${this.spec.deathsMax ?? DEATHS_MAX} times within ${DEATHS_WITHIN_MS / 1_000} s (last: ${why}) and is given up; the others go on. ` +
          `See ${logFile}, mend it, then start again.`,
      );
      this.#end();
      return;
    }
    this.#events.onReport(
      `${name} has died (${why}); starting it again${this.#mustRecover ? ' with --recover' : ''} in ${next.afterMs} ms. See ${logFile}`,
    );
    this.#restart = setTimeout(() => this.#spawn(), next.afterMs);
  }

  #end(): void {
    if (this.#state === 'ended') return;
    this.#state = 'ended';
    this.#events.onEnd();
  }
}
