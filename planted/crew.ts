import { availableParallelism } from 'node:os';
import { Worker } from 'node:worker_threads';
import { present } from '../src/base/assert.js';
import type { Found, Search } from './search.js';

/** Most threads; the machine is shared. */
const THREADS_MAX = 2;

/** Threads that make searches, one each at a time. */
export class Crew {
  readonly #idle: Worker[];
  readonly #all: readonly Worker[];
  readonly #waiting: (() => void)[] = [];

  constructor() {
    const count = Math.min(THREADS_MAX, availableParallelism());
    this.#all = Array.from({ length: count }, () => new Worker(new URL('worker.js', import.meta.url)));
    this.#idle = [...this.#all];
  }

  /** Makes a search on the next idle thread. Rejects when the thread dies. */
  async search(one: Search): Promise<Found> {
    while (this.#idle.length === 0) await new Promise<void>((resolve) => this.#waiting.push(resolve));
    const worker = present(this.#idle.pop(), 'a thread is idle');
    try {
      return await new Promise<Found>((resolve, reject) => {
        worker.once('error', reject);
        worker.once('message', (found: Found) => {
          worker.off('error', reject);
          resolve(found);
        });
        worker.postMessage(one);
      });
    } finally {
      this.#idle.push(worker);
      this.#waiting.shift()?.();
    }
  }

  async dismiss(): Promise<void> {
    await Promise.all(this.#all.map((worker) => worker.terminate()));
  }
}
