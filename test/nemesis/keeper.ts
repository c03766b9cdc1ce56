import { EXIT_RECOVER } from '../../src/cli/child-protocol.js';
import type { ServerProcess } from '../support/server-process.js';

/** ms between the death of a server and its next start. */
const RESTART_AFTER_MS = 100;

/** Starts again whatever dies by itself, as the supervisor of `just-hungry start` does; what is held stays down. */
export class Keeper {
  readonly #held = new Set<ServerProcess>();
  readonly #starts = new Map<ServerProcess, Promise<void>>();
  /** A death in between must not make a replica forget that it has to recover. */
  readonly #mustRecover = new Set<ServerProcess>();
  #deaths = 0;
  #hasEnded = false;

  /** Keeps servers that run. */
  constructor(readonly processes: readonly ServerProcess[]) {
    for (const process of processes) this.#watch(process);
  }

  /** Servers that died by themselves so far. */
  get deaths(): number {
    return this.#deaths;
  }

  /** kill -9; it stays down until `release`. */
  async kill(process: ServerProcess): Promise<void> {
    this.#held.add(process);
    await Promise.allSettled([this.#starts.get(process)]);
    await process.kill();
  }

  /** Starts what was killed or has died; resolves when it is ready, at once when it runs. */
  async release(process: ServerProcess): Promise<void> {
    this.#held.delete(process);
    if (!process.isRunning || this.#starts.has(process)) await this.#start(process);
  }

  /** Lets what is dead lie from now on. */
  async end(): Promise<void> {
    this.#hasEnded = true;
    await Promise.allSettled(this.#starts.values());
  }

  #watch(process: ServerProcess): void {
    void process.untilExit().then(({ code }) => {
      if (code === EXIT_RECOVER) this.#mustRecover.add(process);
      if (this.#held.has(process) || this.#hasEnded) return;
      this.#deaths++;
      // A start that fails is a death too: whoever waits for the server is told, and it is tried again.
      setTimeout(() => void this.#start(process).catch(() => undefined), RESTART_AFTER_MS);
    });
  }

  /** At most one start of a server is under way. */
  #start(process: ServerProcess): Promise<void> {
    const known = this.#starts.get(process);
    if (known !== undefined) return known;
    const start = this.#startNow(process).finally(() => this.#starts.delete(process));
    this.#starts.set(process, start);
    return start;
  }

  async #startNow(process: ServerProcess): Promise<void> {
    // It may have been started, or told to stay down, in the meantime.
    if (process.isRunning || this.#held.has(process) || this.#hasEnded) return;
    const started = process.start(this.#mustRecover.has(process) ? ['--recover'] : []);
    this.#watch(process);
    await started;
    this.#mustRecover.delete(process);
  }
}
