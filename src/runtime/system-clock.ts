import { performance } from 'node:perf_hooks';
import type { Clock } from '../ports/machine.js';

/** The machine's clocks. */
export const systemClock: Clock = {
  monotonicMs: () => performance.now(),
  wallMs: () => Date.now(),
};
