import type { PlantedBug, SimulationName } from './bug.js';
import { NO_WORK, together, type Found, type Search, type Work } from './search.js';

/** Limits of a campaign. */
export interface CampaignOptions {
  readonly bugs: readonly PlantedBug[];
  /** Seeds 1 … this are tried for each bug. */
  readonly seedsMax: number;
  /** Date.now() at which to stop. */
  readonly deadlineMs: number;
  /** Called after each range of seeds that was run for a bug, or for none (the healthy build). */
  readonly onProgress?: (line: string) => void;
}

/** What became of one bug, and of the healthy build on the same seeds. */
export interface BugResult {
  readonly bug: PlantedBug;
  readonly caught: Found['caught'];
  /** All runs with the bug, the one that failed included. */
  readonly work: Work;
  readonly isCutShort: boolean;
}

export interface CampaignResult {
  readonly bugs: readonly BugResult[];
  /** The healthy build by simulation. */
  readonly healthy: ReadonlyMap<SimulationName, Omit<BugResult, 'bug'>>;
}

/** Seeds on which a bug that another guard covers must do no harm. */
const COVERED_SEEDS = 2_500;
/** Last seeds of the ranges: most bugs are caught in the first, and the healthy build need not run further than the slowest. */
const RANGE_ENDS = [50, 500, 2_500, 5_000, 10_000, 30_000, 100_000, 300_000];

/**
 * Range by range of seeds, in the order of the seeds: first the healthy build, which must be clean, then each bug that no earlier range has
 * caught. A simulation in which the healthy build fails is given up: its finding comes first.
 */
export async function campaign(
  run: (search: Search) => Promise<Found>,
  { bugs, seedsMax, deadlineMs, onProgress = () => undefined }: CampaignOptions,
): Promise<CampaignResult> {
  // What is not expected to be caught runs all its seeds: it comes last, when time is short.
  const ordered = bugs.toSorted((a, b) => Number(a.coveredBy !== undefined) - Number(b.coveredBy !== undefined));
  const results = new Map(bugs.map((bug) => [bug, nothing()]));
  const healthy = new Map([...new Set(bugs.map((bug) => bug.simulation))].map((name) => [name, nothing()]));
  let from = 1;
  for (const end of [...RANGE_ENDS.filter((one) => one < seedsMax), seedsMax]) {
    const range = { from, to: end, deadlineMs };
    const open = ordered.filter(
      (bug) => mayBeCaught(bug, from) && isOpen(results.get(bug)) && isClean(healthy.get(bug.simulation)),
    );
    await Promise.all(
      [...new Set(open.map((bug) => bug.simulation))].flatMap((simulation) =>
        halves(range).map(async (half) => {
          add(healthy, simulation, await run({ ...half, simulation, bug: '' }));
        }),
      ),
    );
    await Promise.all(
      open
        .filter((bug) => isClean(healthy.get(bug.simulation)))
        .map(async (bug) => {
          const found = await run({ ...range, simulation: bug.simulation, bug: bug.name });
          add(results, bug, found);
          onProgress(
            `${bug.name}: ${found.caught === undefined ? `not in seeds ${from} to ${end}` : found.caught.violation}`,
          );
        }),
    );
    from = end + 1;
  }
  return { bugs: bugs.map((bug) => ({ bug, ...(results.get(bug) ?? nothing()) })), healthy };
}

type Sum = Omit<BugResult, 'bug'>;

const nothing = (): Sum => ({ caught: undefined, work: NO_WORK, isCutShort: false });
const mayBeCaught = (bug: PlantedBug, from: number): boolean => bug.coveredBy === undefined || from <= COVERED_SEEDS;
const isOpen = (sum: Sum | undefined): boolean => sum?.caught === undefined && sum?.isCutShort !== true;
const isClean = (sum: Sum | undefined): boolean => sum?.caught === undefined;

function add<Key>(sums: Map<Key, Sum>, key: Key, { caught, work, isCutShort }: Found): void {
  const sum = sums.get(key) ?? nothing();
  sums.set(key, {
    caught: sum.caught ?? caught,
    work: together(sum.work, work),
    isCutShort: sum.isCutShort || isCutShort,
  });
}

/** The healthy build is run by all threads at once. */
function halves<Range extends { readonly from: number; readonly to: number }>(range: Range): Range[] {
  const middle = Math.floor((range.from + range.to) / 2);
  if (middle === range.to) return [range];
  return [
    { ...range, to: middle },
    { ...range, from: middle + 1 },
  ];
}
