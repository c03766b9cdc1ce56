import { STOP_WITHIN_MS } from '../child-protocol.js';
import { type ProcessSpec, SupervisedProcess } from './supervised-process.js';

/** Processes of one kind. */
export interface ProcessGroup {
  readonly specs: readonly ProcessSpec[];
  /** Whether nothing useful runs without at least one of them. */
  readonly isEssential: boolean;
}

/** What to keep running. */
export interface SupervisorOptions {
  /** In the order in which they stop: the first group is gone before the second is asked. */
  readonly groups: readonly ProcessGroup[];
  /** One line for people, without a name in front. */
  readonly report: (line: string) => void;
  /** ms between SIGTERM and SIGKILL; default 10,000. */
  readonly stopWithinMs?: number;
}

/** How the start went: everything that was not given up is ready, or why it was called off. */
export type StartOutcome = { readonly kind: 'ready' } | { readonly kind: 'failed'; readonly message: string };

/** Keeps the processes of a cluster running until told to stop. */
export class Supervisor {
  readonly #groups: readonly (readonly SupervisedProcess[])[];
  readonly #essential: readonly (readonly SupervisedProcess[])[];
  readonly #stopWithinMs: number;
  readonly #changed = new Set<() => void>();
  #startFailure: string | undefined;
  #hasStarted = false;
  #hasGivenUp = false;
  #stopping: Promise<void> | undefined;

  constructor({ groups, report, stopWithinMs = STOP_WITHIN_MS }: SupervisorOptions) {
    this.#stopWithinMs = stopWithinMs;
    this.#groups = groups.map(({ specs }) =>
      specs.map((spec) => {
        return new SupervisedProcess(spec, {
          onReady: () => this.#notify(),
          onFailure: (message) => {
            // While starting it is the answer to the command; later it stands in the report of the death.
            if (!this.#hasStarted) this.#startFailure ??= `${spec.name}: ${message}`;
            this.#notify();
          },
          onReport: (line) => {
            const isAnswered = !this.#hasStarted && this.#startFailure !== undefined;
            if (!isAnswered) report(line);
          },
          onEnd: () => {
            if (this.#stopping === undefined) this.#hasGivenUp = true;
            this.#notify();
          },
        });
      }),
    );
    this.#essential = this.#groups.filter((_, at) => groups[at]?.isEssential === true);
  }

  /** Whether some process was given up. */
  get hasGivenUp(): boolean {
    return this.#hasGivenUp;
  }

  /** Names of those that do not serve now. */
  get notRunning(): readonly string[] {
    return this.#groups.flat().flatMap((one) => (one.isRunning ? [] : [one.spec.name]));
  }

  /** Starts all at once. Resolves when each is ready or given up, or with the first reason that a person must mend. */
  async start(): Promise<StartOutcome> {
    const all = this.#groups.flat();
    for (const one of all) one.start();
    await this.#until(
      () =>
        this.#startFailure !== undefined ||
        this.#stopping !== undefined ||
        this.#isHopeless() ||
        all.every((one) => one.isRunning || one.isEnded),
    );
    if (this.#startFailure !== undefined) return { kind: 'failed', message: this.#startFailure };
    if (this.#stopping !== undefined) return { kind: 'failed', message: 'stopped while starting' };
    if (this.#isHopeless()) return { kind: 'failed', message: 'all processes of a kind were given up' };
    this.#hasStarted = true;
    return { kind: 'ready' };
  }

  /** Resolves when a whole group was given up: nothing useful runs any more. */
  async untilHopeless(): Promise<void> {
    await this.#until(() => this.#isHopeless());
  }

  /** Stops group by group: SIGTERM, and SIGKILL to what has not ended in time. Resolves when nothing is left running. */
  async stop(): Promise<void> {
    this.#stopping ??= this.#stopInOrder();
    this.#notify();
    await this.#stopping;
  }

  /** Kills everything at once; `stop` then resolves. */
  kill(): void {
    for (const one of this.#groups.flat()) if (!one.isEnded) one.stop('SIGKILL');
  }

  async #stopInOrder(): Promise<void> {
    for (const group of this.#groups) {
      for (const one of group) if (!one.isEnded) one.stop('SIGTERM');
      const overdue = setTimeout(() => {
        for (const one of group) if (!one.isEnded) one.stop('SIGKILL');
      }, this.#stopWithinMs);
      await this.#until(() => group.every((one) => one.isEnded));
      clearTimeout(overdue);
    }
  }

  #isHopeless(): boolean {
    return this.#essential.some((group) => group.every((one) => one.isEnded));
  }

  async #until(isDone: () => boolean): Promise<void> {
    while (!isDone()) {
      await new Promise<void>((resolve) => {
        const wake = (): void => {
          this.#changed.delete(wake);
          resolve();
        };
        this.#changed.add(wake);
      });
    }
  }

  #notify(): void {
    for (const wake of this.#changed) wake();
  }
}
