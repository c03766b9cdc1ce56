import { currentCommit } from '../commit.js';
import type { Mode } from '../campaign.js';
import { explain } from './explain.js';
import { FullRunFailure, runFullSimulation, type FullRunOptions } from './full-simulation.js';

/** Runs that shrinking one failure may take. */
const ATTEMPTS_MAX = 200;

/** The whole replica: real storage, loop, core and services. */
export function fullMode(options: Omit<FullRunOptions, 'seed'>): Mode {
  return {
    name: 'full',
    run: async (seed) => {
      const report = await runFullSimulation({ ...options, seed });
      const { committedOps: ops, faults, reached, written, refused, reads, notMet, views, ...more } = report;
      const { checkpointsInstalled: installed, recoveries, salvaged, handedOver, writtenTo, events } = more;
      const to = Object.fromEntries(Object.entries(writtenTo).map(([service, count]) => [`to ${service}`, count]));
      const counts = {
        written,
        ...to,
        refused,
        reads,
        notMet,
        views,
        installed,
        recoveries,
        salvaged,
        handedOver,
        events,
      };
      return { ops, faults, reached, counts };
    },
    explain: async (error) => {
      if (!(error instanceof FullRunFailure)) throw error;
      // A trace of every attempt would bury the answer.
      const { trace: _trace, ...untraced } = error.options;
      const { message, conditions, atMs, cause } = error;
      const failure = new FullRunFailure(message, untraced, conditions, atMs, cause);
      const stack = cause instanceof Error ? (cause.stack ?? '').split('\n').slice(1, 6) : [];
      return [...(await explain(failure, currentCommit(), ATTEMPTS_MAX)), ...stack];
    },
  };
}
