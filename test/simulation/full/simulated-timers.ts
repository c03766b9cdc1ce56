import type { Timers } from '../../../src/ports/machine.js';
import type { Schedule } from '../schedule.js';

/**
 * The timers of a process, over the schedule. What is due goes through `run`, which drops it when the process is dead and keeps it
 * back while it is stopped; like those of Node, a timer that recurs fires once after a stop, however often it was due.
 */
export class SimulatedTimers implements Timers {
  constructor(
    private readonly schedule: Schedule,
    /** Simulated ms that pass while this process counts one. */
    private readonly msPerMs: number,
    private readonly run: (due: () => void) => void,
  ) {}

  after(ms: number, run: () => void): () => void {
    let isCancelled = false;
    this.schedule.after(ms * this.msPerMs, () =>
      this.run(() => {
        if (!isCancelled) run();
      }),
    );
    return () => {
      isCancelled = true;
    };
  }

  every(ms: number, run: () => void): () => void {
    let isCancelled = false;
    const arm = (): void =>
      this.schedule.after(ms * this.msPerMs, () =>
        this.run(() => {
          if (isCancelled) return;
          run();
          arm();
        }),
      );
    arm();
    return () => {
      isCancelled = true;
    };
  }
}
