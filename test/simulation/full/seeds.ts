import type { KnownSeed } from '../seeds.js';
import type { FullConditions } from './conditions.js';

/** A seed, and what of its conditions was given. */
export interface KnownFullSeed extends KnownSeed {
  readonly conditions?: Partial<FullConditions>;
}

/** What was not drawn when runs were of ordering alone: with it older seeds are the runs that they were. */
export const AS_BEFORE: Partial<FullConditions> = {
  services: { ordering: 1 },
  switchoverPace: 0,
  checkpointIntervalBytes: 0,
  uncommittedBytesMax: 0,
  lateServices: [],
};

/** Seeds from before runs mixed services: `npm run simulate -- --full --as-before --seed N --trace`. */
const ORDERING_SEEDS: readonly KnownFullSeed[] = [
  { seed: 231, found: 'storage: rows of a log that a checkpoint had replaced were read as the log' },
  { seed: 417, found: 'the same' },
  { seed: 82, found: 'the same, with five replicas' },
  {
    seed: 372,
    conditions: { kinds: ['failSync', 'kill', 'powerLoss', 'crashInWrite'], pace: 50 },
    found: 'rule 8: a new primary that knew no commit number executed before the founding was applied: no menu',
  },
  { seed: 200_010, found: 'storage: a table deleted while a start took it into use went on in a file with a hole' },
  { seed: 352, found: 'storage: rot in a table in use was answered to a customer' },
  { seed: 308, found: 'the simulator: timers of a dead process went on in the next one' },
  { seed: 38, found: 'the simulator: a journal that was moved aside was held against the others' },
  { seed: 200_063, found: 'a limit (FORMAT.md): rot of the newer mark and of the last rows look like a torn batch' },
  { seed: 500_498, found: 'the same limit: the power failed first, then the last rows rotted' },
  { seed: 220, found: 'the simulator: what was done to a disk before a recovery excused too little after it' },
  {
    seed: 500_214,
    found: 'the simulator: a deletion undone by a loss of power brought back what was just being appended',
  },
  {
    seed: 1_328,
    conditions: { readLaterBytesMin: 0 },
    found:
      'storage: an install waited for a checkpoint that waited for the deferred reading, which waited for the install',
  },
  { seed: 1_414, conditions: { readLaterBytesMin: 0 }, found: 'the same' },
  {
    seed: 1_278,
    conditions: { readLaterBytesMin: 0 },
    found:
      'storage: a table that was moved aside and made anew came back with a loss of power: its name was not fsynced',
  },
  {
    seed: 1_664,
    conditions: { readLaterBytesMin: 0 },
    found: 'storage: a journal deleted while a switch replaced it was told as a broken rule, not as damage',
  },
  {
    seed: 200_048,
    found:
      'witness: a row of the outbox that was the only copy, its log begun anew after damage, rotted too; it is told, not kept',
  },
];

/** Seeds of runs of all services; `npm run simulate -- --full --seed N --trace` repeats one. */
const MIXED_SEEDS: readonly KnownFullSeed[] = [
  {
    seed: 2_001_972,
    conditions: { readLaterBytesMin: 0 },
    found: 'witness: outbox items that had no room to be settled went with a later write, and were missed',
  },
  {
    seed: 3_003_068,
    found: 'storage: the first file of a new journal deleted while the folder was made was a broken rule, not damage',
  },
  {
    seed: 4_001_029,
    found: 'witness: a file deleted while a lost folder was made anew counted as harm that was moved aside',
  },
];

/**
 * Seeds of the full mode that once failed. A seed's run changes when the simulator or the order of chance in a replica does; it then is
 * one more run.
 */
export const KNOWN_FULL_SEEDS: readonly KnownFullSeed[] = [
  ...ORDERING_SEEDS.map((one) => ({ ...one, conditions: { ...AS_BEFORE, ...one.conditions } })),
  ...MIXED_SEEDS,
];
