import { median } from '../statistics.js';
import { digits, medianText } from './numbers.js';
import { type Comparison, ratios } from './ratios.js';
import { type BenchResult, OURS } from './result.js';

/** Something that is to be reached, and whether this run did. */
export interface TargetResult {
  readonly what: string;
  readonly measured: string;
  readonly limit: string;
  readonly verdict: 'reached' | 'not reached' | 'not measured';
}

/** Customers, or orders under way in streams, at which throughput is compared. */
const CUSTOMERS = 64;
const PROXY = 'bare proxy, raw bytes';
const ETCD = 'etcd';
const POSTGRES = 'PostgreSQL';

/** Orders a second ÷ those of another one, at least. */
const RATIOS: readonly (Pick<Comparison, 'workload' | 'other'> & {
  readonly what: string;
  readonly atLeast: number;
})[] = [
  { what: 'unary orders ÷ bare proxy', workload: 'order', other: PROXY, atLeast: 2.2 },
  { what: 'unary orders ÷ puts into etcd', workload: 'order', other: ETCD, atLeast: 1.1 },
  {
    what: 'orders over one stream with 1,024 under way ÷ puts into etcd',
    workload: 'stream-wide',
    other: ETCD,
    atLeast: 5,
  },
  {
    what: 'orders over one stream with 1,024 under way ÷ rows into PostgreSQL',
    workload: 'stream-wide',
    other: POSTGRES,
    atLeast: 2.5,
  },
];

/** What one customer alone may wait beyond the bare proxy: one and a half disk syncs, and a fixed time for everything else, ms. */
const ALONE = { syncs: 1.5, ms: 1 } as const;

/** Every target with what was measured; the median counts. */
export function targets(result: BenchResult): TargetResult[] {
  return [...RATIOS.map((ratio) => ratioTarget(result, ratio)), aloneTarget(result)];
}

function ratioTarget({ rounds }: BenchResult, { what, atLeast, ...pair }: (typeof RATIOS)[number]): TargetResult {
  const all = ratios(rounds, { ...pair, customers: CUSTOMERS, ours: OURS });
  return {
    what: `${what}, ${CUSTOMERS} customers`,
    measured: all.length === 0 ? '–' : medianText(all, 2),
    limit: `at least ${digits(atLeast, 1)}`,
    verdict: all.length === 0 ? 'not measured' : median(all) >= atLeast ? 'reached' : 'not reached',
  };
}

function aloneTarget({ rounds, machine }: BenchResult): TargetResult {
  const p50Of = (subject: string): number =>
    median(
      rounds
        .filter((one) => one.workload === 'order' && one.customers === 1 && one.subject === subject)
        .map(({ latency }) => latency.p50),
    );
  const [ours, proxy] = [p50Of(OURS), p50Of(PROXY)];
  const limit = proxy + ALONE.syncs * machine.fdatasyncP50Ms + ALONE.ms;
  const isMeasured = Number.isFinite(ours) && Number.isFinite(limit);
  return {
    what: 'one customer alone, p50',
    measured: `${digits(ours, 2)} ms`,
    limit:
      `at most ${digits(limit, 2)} ms: the bare proxy's p50 ${digits(proxy, 2)} + ` +
      `${ALONE.syncs} × fdatasync p50 ${digits(machine.fdatasyncP50Ms, 2)} + ${ALONE.ms}`,
    verdict: !isMeasured ? 'not measured' : ours <= limit ? 'reached' : 'not reached',
  };
}
