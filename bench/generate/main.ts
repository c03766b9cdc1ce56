import path from 'node:path';
import { parseArgs } from 'node:util';
import { generateFolders } from './folders.js';

const HELP = `npm run generate -- --orders N [options]
  --orders N     orders that are in the folders
  --users N      users they are spread over (a twentieth of the orders)
  --folder DIR   where replica-1 … and cluster.json go; must be empty (generated)
  --replicas N   1 … 9 (3)
  --seed N       the same seed and numbers make the same bytes (1)
Then: npx just-hungry start --config DIR/cluster.json`;

const ORDERS_PER_USER = 20;

const { values } = parseArgs({
  options: {
    orders: { type: 'string' },
    users: { type: 'string' },
    folder: { type: 'string', default: 'generated' },
    replicas: { type: 'string', default: '3' },
    seed: { type: 'string', default: '1' },
    help: { type: 'boolean', default: false },
  },
});

if (values.help || values.orders === undefined) {
  console.log(HELP);
  process.exitCode = values.help ? 0 : 2;
} else {
  const began = performance.now();
  const orders = whole('orders', values.orders, 0, 100_000_000);
  const users = whole(
    'users',
    values.users ?? String(Math.max(1, Math.ceil(orders / ORDERS_PER_USER))),
    1,
    100_000_000,
  );
  const folder = path.resolve(values.folder);
  const replicas = whole('replicas', values.replicas, 1, 9);
  const seed = whole('seed', values.seed, 0, 2 ** 32 - 1);
  const lastOp = await generateFolders({ orders, users, replicas, seed, folder });
  const seconds = ((performance.now() - began) / 1000).toFixed(1);
  console.log(`${orders} orders of ${users} users, ${lastOp} ops, in ${replicas} folders of ${folder} (${seconds} s)`);
}

function whole(name: string, text: string, from: number, to: number): number {
  const value = Number(text);
  if (Number.isInteger(value) && value >= from && value <= to) return value;
  throw new Error(`--${name} is ${text}; it must be a whole number, ${from} to ${to}`);
}
