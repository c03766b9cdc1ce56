import type { OutboxItem, Service } from '../base/service.js';
import { DiskFullError, type Loaded, type ReplicaStorage } from '../ports.js';

/**
 * Before anything of a damaged folder is cleared away: what its readable entries had promised on fewer disks than a majority goes
 * to the outbox, durably, and is submitted again from there (design 2, last promise). Returns what was loaded, with these items
 * in its outbox. An item whose order turns out to be committed is settled without being executed.
 */
export async function keepUncertain(
  storage: Pick<ReplicaStorage, 'keep'>,
  services: ReadonlyMap<string, Service>,
  loaded: Loaded,
  majority: number,
): Promise<Loaded> {
  if (loaded.kind === 'empty' || loaded.uncertain === undefined) return loaded;
  const known = new Set(loaded.outbox.map(({ requestId }) => requestId));
  const items: OutboxItem[] = [];
  for (const entry of loaded.uncertain) {
    const item = services.get(entry.service)?.salvage(entry, majority);
    if (item !== undefined && !known.has(item.requestId)) items.push(item);
  }
  try {
    await storage.keep(items);
  } catch (error) {
    // Without room the folder stays as it is, and a next start finds the same; the storage owes the items to the disk from now on.
    if (!(error instanceof DiskFullError)) throw error;
  }
  return { ...loaded, outbox: [...loaded.outbox, ...items] };
}
