import { EXIT_RECOVER } from '../../src/cli/child-protocol.js';
import type { Exit, ServerProcess } from '../support/server-process.js';

/** ms between the death of a server and its next start. */
const RESTART_AFTER_MS = 100;
const LOOK_EVERY_MS = 20;

/** Starts again whatever dies by itself, as the supervisor of `just-hungry start` does; what is held stays down. */
export class Keeper {
  readonly #held = new Set<ServerProcess>();
  readonly #starts = new Map<ServerProcess, Promise<void>>();
  readonly #mustRecover = new Set<ServerProcess>();
  readonly #timer: NodeJS.Timeout;
  #deaths = 0;

  constructor(readonly processes: readonly ServerProcess[]) {
    this.#timer = setInterval(() => this.#look(), LOOK_EVERY_MS);
    for (const process of processes) this.#watch(process);
  }

  /** Servers that died by themselves so far. */
  get deaths(): number {
    return this.#deaths;
  }

  /** kill -9; it stays down until `release`. */
  async kill(process: ServerProcess): Promise<void> {
    this.#held.add(process);
    await this.#starts.get(process);
    await process.kill();
  }

  /** Starts what was killed; resolves when it is ready. */
  async release(process: ServerProcess): Promise<void> {
    this.#held.delete(process);
    await (this.#starts.get(process) ?? (process.isRunning ? undefined : this.#start(process, 0)));
  }

  /** Lets what is dead lie from now on. */
  async end(): Promise<void> {
    clearInterval(this.#timer);
    await Promise.allSettled(this.#starts.values());
  }

  #look(): void {
    for (const process of this.processes) {
      if (process.isRunning || this.#held.has(process) || this.#starts.has(process)) continue;
      this.#deaths++;
      // A start that fails is a death: it is tried again.
      void this.#start(process, RESTART_AFTER_MS).catch(() => undefined);
    }
  }

  async #start(process: ServerProcess, afterMs: number): Promise<void> {
    const start = (async () => {
      await new Promise((resolve) => setTimeout(resolve, afterMs));
      const started = process.start(this.#mustRecover.has(process) ? ['--recover'] : []);
      this.#watch(process);
      await started;
      this.#mustRecover.delete(process);
    })();
    this.#starts.set(process, start);
    try {
      await start;
    } finally {
      this.#starts.delete(process);
    }
  }

  /** A death in between must not make it forget that it has to recover. */
  #watch(process: ServerProcess): void {
    void process.untilExit().then(({ code }: Exit) => {
      if (code === EXIT_RECOVER) this.#mustRecover.add(process);
    });
  }
}
