import type { OutboxItem, Service } from '../base/service.js';
import { DiskFullError, type Loaded, type ReplicaStorage, type UnsoundItem } from '../ports/storage.js';
import { mustKnowServices } from './known-services.js';

/**
 * Before anything of a damaged folder is cleared away: what its readable entries had promised on fewer disks than a majority goes
 * to the outbox, durably, and is submitted again from there (design 2, last promise). Returns what was loaded, with these items
 * in its outbox, and without those that can never be carried out, which are set aside. An item whose order turns out to be committed
 * is settled without being executed. Throws UnknownServiceError where the folder holds something of a service that is not there.
 */
export async function keepUncertain(
  storage: Pick<ReplicaStorage, 'keep' | 'setAside'>,
  services: ReadonlyMap<string, Service>,
  loaded: Loaded,
  majority: number,
): Promise<Loaded> {
  if (loaded.kind === 'empty') return loaded;
  mustKnowServices(services, loaded);
  const items = await keepPromised(storage, services, loaded, majority);
  return setUnsoundAside(storage, services, { ...loaded, outbox: [...loaded.outbox, ...items] });
}

async function keepPromised(
  storage: Pick<ReplicaStorage, 'keep'>,
  services: ReadonlyMap<string, Service>,
  loaded: Exclude<Loaded, { kind: 'empty' }>,
  majority: number,
): Promise<OutboxItem[]> {
  if (loaded.uncertain === undefined) return [];
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
  return items;
}

/**
 * What was loaded, with an outbox of nothing but what its services can carry out; the rest is set aside and told as damage. Called
 * before anything else is made of it: an item that throws in the primary would throw again after every start.
 */
async function setUnsoundAside(
  storage: Pick<ReplicaStorage, 'setAside'>,
  services: ReadonlyMap<string, Service>,
  loaded: Exclude<Loaded, { kind: 'empty' }>,
): Promise<Loaded> {
  const unsound: UnsoundItem[] = [];
  for (const item of loaded.outbox) {
    const why = whyUnsound(services, item);
    if (why !== undefined) unsound.push({ requestId: item.requestId, why });
  }
  if (unsound.length === 0) return loaded;
  const told = await storage.setAside(unsound);
  const ids = new Set(unsound.map(({ requestId }) => requestId));
  const outbox = loaded.outbox.filter(({ requestId }) => !ids.has(requestId));
  if (loaded.kind === 'damaged') return { ...loaded, outbox, damage: [...loaded.damage, ...told] };
  return { ...loaded, outbox, repaired: [...(loaded.repaired ?? []), ...told] };
}

function whyUnsound(services: ReadonlyMap<string, Service>, item: OutboxItem): string | undefined {
  const service = services.get(item.service);
  return service === undefined ? 'this program has no service of its name' : service.outboxProblem(item);
}
