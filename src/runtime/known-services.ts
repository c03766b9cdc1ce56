import type { Service } from '../base/service.js';
import { UnknownServiceError } from '../base/unknown-service.js';
import type { Loaded } from '../ports/storage.js';
import { CORE } from '../vsr/core-entries.js';

/**
 * Throws UnknownServiceError when a folder holds anything of a service that is not there: an older version would leave out what a newer one
 * has promised. Before anything is made of the folder. Items of the outbox are judged one by one: no chain vouches for what they say.
 */
export function mustKnowServices(services: ReadonlyMap<string, Service>, loaded: Loaded): void {
  if (loaded.kind === 'empty') return;
  const must = (service: string, where: string): void => {
    if (service !== CORE && !services.has(service)) throw new UnknownServiceError(service, where);
  };
  if (loaded.kind === 'intact') {
    for (const name of Object.keys(loaded.checkpoint.snapshots)) must(name, 'a part of the checkpoint');
    for (const { op, service } of loaded.entries) must(service, `op ${op}`);
  }
  for (const { op, service } of loaded.uncertain ?? []) must(service, `op ${op}`);
}
