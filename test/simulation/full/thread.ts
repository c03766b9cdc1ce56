/**
 * The one thread of a process: what happens in it happens only while it lives, and not while it is stopped (SIGSTOP). Each start of
 * the process is a new thread.
 */
export class Thread {
  #isAlive = true;
  #isPaused = false;
  #keptBack: { readonly run: () => void; readonly isTimer: boolean }[] = [];

  constructor(private readonly onThrown: (error: unknown) => void) {}

  get isAlive(): boolean {
    return this.#isAlive;
  }

  get isPaused(): boolean {
    return this.#isPaused;
  }

  /** Runs now, or when the process goes on, or never. */
  run(run: () => void, isTimer = false): void {
    if (!this.#isAlive) return;
    if (this.#isPaused) this.#keptBack.push({ run, isTimer });
    else this.#do(run);
  }

  /** Nothing more happens in it. */
  end(): void {
    this.#isAlive = false;
    this.#isPaused = false;
    this.#keptBack = [];
  }

  pause(): void {
    this.#isPaused = true;
  }

  /** What was kept back happens: timers first, or what waits in the sockets. */
  resume(isTimerFirst: boolean): void {
    if (!this.#isPaused) return;
    this.#isPaused = false;
    const keptBack = this.#keptBack.splice(0);
    const isFirst = ({ isTimer }: { readonly isTimer: boolean }): boolean => isTimer === isTimerFirst;
    for (const { run } of [...keptBack.filter(isFirst), ...keptBack.filter((one) => !isFirst(one))]) this.run(run);
  }

  #do(run: () => void): void {
    try {
      run();
    } catch (error) {
      this.onThrown(error);
    }
  }
}
