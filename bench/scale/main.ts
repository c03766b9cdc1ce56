import { cpSync, existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { generateFolders } from '../generate/folders.js';
import { describeMachine } from '../machine.js';
import { BENCH_FOLDER } from '../processes.js';
import { type CrowdMeasurement, measureCrowd } from './crowd-measurement.js';
import { measureGrowth } from './growth.js';
import { measureStart } from './restart.js';
import { reportText, type ScaleResult } from './report.js';

const HELP = `npm run bench:scale -- [options]
  --orders SMALL,LARGE  orders in the two clusters that are compared (1000,1000000)
  --only LIST           of start, growth, crowd: measures only these
  --starts N            starts of each cluster (3)
  --rounds N            rounds of order throughput in each, interleaved (3)
  --seconds N           measured in each round (3)
  --crowd N             watchers, and as many idle connections (1000)
  --keep FOLDER         where the generated folders stay, and are taken from when they are there
  --json FILE           writes everything that was measured`;

const { values } = parseArgs({
  options: {
    orders: { type: 'string', default: '1000,1000000' },
    only: { type: 'string', default: 'start,growth,crowd' },
    starts: { type: 'string', default: '3' },
    rounds: { type: 'string', default: '3' },
    seconds: { type: 'string', default: '3' },
    crowd: { type: 'string', default: '1000' },
    keep: { type: 'string' },
    json: { type: 'string' },
    help: { type: 'boolean', default: false },
  },
});

const ORDERS_PER_USER = 20;

if (values.help) console.log(HELP);
else await benchScale();

async function benchScale(): Promise<void> {
  const machine = describeMachine(path.resolve(BENCH_FOLDER, '..'));
  const root = values.keep ?? mkdtempSync(path.join(tmpdir(), 'just-hungry-scale-'));
  const [small = 1000, large = 1_000_000] = values.orders.split(',').map(Number);
  const only = new Set(values.only.split(','));
  try {
    const none = await generated(root, 0);
    const few = await generated(root, small);
    const many = await generated(root, large);
    const starts = Number(values.starts);
    const load = { rounds: Number(values.rounds), measureMs: Number(values.seconds) * 1000 };
    const start = only.has('start') ? await measureStart(none, few, many, { starts, orders: large }) : undefined;
    const growth = only.has('growth') ? await measureGrowth(few, many, load) : undefined;
    const crowd: CrowdMeasurement | undefined = only.has('crowd')
      ? await measureCrowd(few, Number(values.crowd), load)
      : undefined;
    const result: ScaleResult = { machine, small, large, start, growth, crowd };
    console.log(reportText(result));
    if (values.json !== undefined) writeFileSync(values.json, `${JSON.stringify(result, undefined, 2)}\n`);
  } finally {
    if (values.keep === undefined) rmSync(root, { recursive: true });
  }
}

/** Generated folders with so many orders; a copy that a run may add to, where the original is kept. */
async function generated(root: string, orders: number): Promise<string> {
  const folder = path.join(root, `orders-${orders}`);
  if (!existsSync(folder)) {
    const users = Math.max(1, Math.ceil(orders / ORDERS_PER_USER));
    console.error(`generating folders with ${orders} orders …`);
    mkdirSync(folder, { recursive: true });
    await generateFolders({ orders, users, replicas: 3, seed: 1, folder });
  }
  if (values.keep === undefined) return folder;
  const copy = path.join(root, `run-${orders}`);
  rmSync(copy, { recursive: true, force: true });
  cpSync(folder, copy, { recursive: true });
  return copy;
}
