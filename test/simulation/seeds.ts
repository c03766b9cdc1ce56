/** A run that once failed, or fails when one guard is left out: run again with every `npm test`. */
export interface KnownSeed {
  readonly seed: number;
  /** What it found. */
  readonly found: string;
}

/**
 * `npm run simulate -- --seed N --trace` repeats one. A seed's run changes when the simulator or the order of chance in the core
 * does; it then is one more run. The first block failed in earlier simulators; the second fails in the one of commit 04be568 when
 * what is named is undone (a planted bug).
 */
export const KNOWN_SEEDS: readonly KnownSeed[] = [
  { seed: 1112, found: 'a fetch for the best vote moved to a later, better vote: asked for ever' },
  { seed: 216, found: 'the same' },
  { seed: 3321, found: 'a full disk cut the log under a running fetch: a gap' },
  { seed: 9555, found: 'the same' },
  { seed: 1144, found: 'the same' },
  { seed: 3390, found: 'the log overtook the checkpoint that was being copied' },
  { seed: 3784, found: 'the same' },
  { seed: 1193, found: 'the same' },
  { seed: 6, found: 'entries cut by a full disk stayed in the commit number' },
  { seed: 29, found: 'a repeat with a lower write concern was acknowledged on one disk, cut off and not salvaged' },
  { seed: 576, found: 'a restarted primary handed out a piece of its log as the whole log of its view' },
  { seed: 20_617, found: 'the simulator: a stopped process learned late that its disk was full, and left a gap' },

  { seed: 1, found: 'rule 1: a doViewChange before its view was on disk, a prepareOk before its fsync' },
  { seed: 2, found: 'design 5: a repeat with a lower write concern; nothing salvaged; an outbox settled too early' },
  {
    seed: 3,
    found: 'rule 4: the longest log taken; speculative state kept; rule 10: cut entries kept in the commit number',
  },
  { seed: 26, found: 'rule 2: a startView of the own logView changed the log' },
  { seed: 56, found: 'rule 7: a wiped replica joined a view it may have promised in' },
  { seed: 188, found: 'rule 9: a read without its round' },
  { seed: 205, found: 'rule 8: orders executed before op 2 was on all disks' },
  { seed: 258, found: 'rule 2: a restarted primary handed out a piece of its log as the whole log of its view' },
  { seed: 430, found: 'rule 9: a read released by an earlier round' },
  { seed: 444, found: 'rule 5: a switch with appends on their way to disk' },
];
