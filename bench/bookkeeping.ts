import type { ChildProcess } from 'node:child_process';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Measurement, measure, type Round } from './rounds.js';
import type { Subject } from './subjects/subject.js';

/** ms in which copies that lag behind must have caught up after the last round. */
const LEVEL_WITHIN_MS = 20_000;
const LOOK_EVERY_MS = 100;

/** Measures, and counts what each subject has acknowledged: a bench that lost orders would measure nothing. */
export class Bookkeeping {
  readonly #acknowledged = new Map<string, number>();

  constructor(readonly generator: ChildProcess) {}

  async measure(subject: Subject, measurement: Measurement): Promise<Round> {
    const done = await measure(this.generator, subject, measurement);
    this.#acknowledged.set(subject.name, this.#of(subject) + done.acknowledged);
    return done;
  }

  #of(subject: Subject): number {
    return this.#acknowledged.get(subject.name) ?? 0;
  }

  /** What is wrong: a subject of whose copies no majority holds every acknowledged order. Copies get time to catch up. */
  async lost(subject: Subject): Promise<string | undefined> {
    const needed = this.#of(subject);
    for (let waited = 0; ; waited += LOOK_EVERY_MS) {
      const kept = await subject.kept();
      const complete = kept.filter((count) => count >= needed).length;
      if (kept.length === 0 || complete > kept.length / 2) return undefined;
      if (waited >= LEVEL_WITHIN_MS)
        return `${subject.name}: ${needed} orders and messages were acknowledged, but the copies hold ${kept.join(', ')}`;
      await sleep(LOOK_EVERY_MS);
    }
  }
}
