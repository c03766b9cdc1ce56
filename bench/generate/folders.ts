import { constants, cpSync, existsSync, fsyncSync, openSync, closeSync, readdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { assert } from '../../src/base/assert.js';
import { parseMenu } from '../../src/services/ordering/menu-file.js';
import { nodeFileSystem } from '../../src/storage/node-file-system.js';
import { createReplicaFile, readReplicaFile } from '../../src/storage/replica-file.js';
import { pastRequests } from './history.js';
import { GENERATED_MENU, GENERATED_MOTD } from './menu.js';
import { FolderOfPrimary } from './primary.js';
import { Random } from './random.js';

/** What the folders are to hold. */
export interface GenerateOptions {
  readonly orders: number;
  readonly users: number;
  /** 1 … 9; the folders are `replica-1` … */
  readonly replicas: number;
  readonly seed: number;
  /** Must be empty, or not there. */
  readonly folder: string;
}

const FRONT_END_PORT = 7400;

/**
 * Makes the folders of a cluster as if the orders had been placed: the first by the code that a replica runs, the others as its
 * copies, each with its own replica.json; and a cluster.json beside them. The same options make the same bytes. Returns the
 * last op.
 */
export async function generateFolders(options: GenerateOptions): Promise<number> {
  const { folder, replicas, seed, orders, users } = options;
  if (existsSync(folder) && readdirSync(folder).length > 0)
    throw new Error(`${folder} is not empty; name an empty folder, or one that is not there yet`);
  const ids = Array.from({ length: replicas }, (_, index) => `replica-${index + 1}`);
  const [first = '', ...others] = ids;
  const random = new Random(seed);
  const clusterId = random.hex() + random.hex();
  const timeMs = Date.UTC(2025, 0, 1);
  const founding = { menu: GENERATED_MENU, motd: GENERATED_MOTD, clusterId, timeMs };
  const primary = await FolderOfPrimary.found(path.join(folder, first), founding, replicas);
  for (const request of pastRequests({ orders, users, seed: random.u32(), menu: parseMenu(GENERATED_MENU) }))
    await primary.take(request);
  const lastOp = await primary.finish();
  for (const id of others) await copyFolder(path.join(folder, first), path.join(folder, id), id);
  const configuration = {
    replicas: ids.map((id, index) => ({ id, address: `127.0.0.1:${FRONT_END_PORT + index + 1}`, resources: id })),
    frontEnds: [{ id: 'front-end-1', address: `127.0.0.1:${FRONT_END_PORT}` }],
    postcodes: { url: 'https://api.postcodes.io' },
  };
  writeFileSync(path.join(folder, 'cluster.json'), `${JSON.stringify(configuration, undefined, 2)}\n`);
  return lastOp;
}

/** A copy that is another replica's: all of it but whose promises these are. */
async function copyFolder(from: string, to: string, id: string): Promise<void> {
  cpSync(from, to, { recursive: true, mode: constants.COPYFILE_FICLONE });
  const read = readReplicaFile(nodeFileSystem, to);
  assert(read.kind === 'read', 'what was just written can be read');
  await createReplicaFile(nodeFileSystem, to, { ...read.record, replicaId: id });
  for (const name of readdirSync(to, { recursive: true, encoding: 'utf8' })) syncAny(path.join(to, name));
  syncAny(to);
}

/** Fsyncs a file or a folder. */
function syncAny(file: string): void {
  const open = openSync(file, 'r');
  fsyncSync(open);
  closeSync(open);
}
