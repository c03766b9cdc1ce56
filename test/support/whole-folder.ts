import type { Entry } from '../../src/base/entry.js';
import { op } from '../../src/base/numbers.js';
import type { Damage, Loaded, ReplicaStorage } from '../../src/ports/storage.js';
import { nodeFileSystem } from '../../src/storage/node-file-system.js';
import { openReplicaStorage, type StorageOptions } from '../../src/storage/replica-storage.js';
import { headAt, itemOf } from '../contract/replica-storage.js';
import { firstEntries, promises } from './storage-folders.js';

/** What the folder's journal holds. */
export const ENTRIES = firstEntries(16);
/** Checkpoints at these ops; the journal begins behind op 1 from the third on. */
export const CHECKPOINTS = [3, 7, 11];
/** Header rows by table. */
export const HEADERS = {
  'orders.csv': 'op,order_id,line\r\n',
  'order-status.csv': 'op,order_id,status\r\n',
  'refused.csv': 'op,request_id,reason\r\n',
  'receipts.csv': 'op,view,chain\r\n',
} as const;
/** Names of the tables. */
export const TABLES = Object.keys(HEADERS) as (keyof typeof HEADERS)[];
/** Names of the documents. */
export const DOCUMENTS = ['menu.csv', 'motd.txt'] as const;
/** How the folder is used. */
export const SETTINGS: StorageOptions = { segmentBytesMax: 500, replicaId: 'replica-1' };
/** Promises in its outbox. */
export const OUTBOX = firstEntries(19).slice(16).map(itemOf);

/** What a service does for one committed entry: rows by a rule, so that every replica has the same. */
function applyEntry({ files }: ReplicaStorage, { op: at }: Pick<Entry, 'op'>): void {
  for (const name of TABLES) files.table(name, HEADERS[name]).append(`${at},${name}-${at * 7},"a, ${at}"\r\n`);
  if (at % 4 !== 1) return;
  files.document('menu.csv').write(`item,price\r\npizza,${at}.00\r\nsoup,${at}.50\r\nrice,2.00\r\n`);
  files.document('motd.txt').write(`Welcome, ${at}\nto all\n`);
}

/** A folder after sixteen entries, three checkpoints and three promises in the outbox, its process ended in order. */
export async function makeFolder(folder: string, settings = SETTINGS): Promise<void> {
  const storage = openReplicaStorage(nodeFileSystem, folder, settings);
  await storage.load();
  await storage.initialise(promises(4), []);
  await storage.keep(OUTBOX);
  for (const entry of ENTRIES) {
    await storage.append([entry], entry.op);
    applyEntry(storage, entry);
    storage.flushTables();
    if (CHECKPOINTS.includes(entry.op)) await storage.checkpoint(headAt(entry));
  }
  storage.flushTables();
  storage.close();
}

/** Brings the tables of a started storage to its commit number, as the core does. */
export function replay(
  storage: ReplicaStorage,
  { checkpoint, entries, commit }: Extract<Loaded, { kind: 'intact' }>,
): void {
  for (const name of TABLES) storage.files.table(name, HEADERS[name]);
  for (const name of DOCUMENTS) storage.files.document(name);
  if (checkpoint.base.op === 0) applyEntry(storage, { op: op(0) });
  for (const entry of entries) if (entry.op <= commit) applyEntry(storage, entry);
  storage.flushTables();
}

/** What a running replica's first looks put right. */
export async function mended(storage: ReplicaStorage): Promise<Damage[]> {
  const told: Damage[] = [];
  // One look a second while a replica runs.
  for (let look = 0; look < 4; look++) told.push(...(await storage.mend()));
  return told;
}
