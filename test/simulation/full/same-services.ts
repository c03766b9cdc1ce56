import { isDeepStrictEqual } from 'node:util';
import type { Service } from '../../../src/base/service.js';
import { MemoryFiles, MemoryTable } from '../../support/memory-files.js';
import { Violation } from '../checkers.js';
import { shown } from './shown.js';
import type { ServiceSettings, WorkloadKind } from './workload.js';

/** A level replica, as far as its services are compared. */
export interface Server {
  readonly index: number;
  readonly services: ReadonlyMap<string, Service>;
  readonly folder: { text(name: string): string | undefined };
}

/** What is known of a service from outside. */
export interface Expected {
  readonly kind: WorkloadKind;
  /** Queries that show all it holds. */
  readonly audit: readonly unknown[];
  /** Every id that was ever asked for. */
  readonly requestIds: readonly string[];
  /** Op of a request that was executed. */
  readonly opOf: (requestId: string) => number | undefined;
}

/**
 * Holds the services of level replicas against each other and against what was committed: equal snapshots; the requests that were
 * executed, and no others, count as committed; a service made anew from the tables and the snapshot says the same. Throws Violation.
 */
export function checkSameServices(
  servers: readonly Server[],
  all: readonly Expected[],
  settings: ServiceSettings,
): void {
  for (const expected of all) {
    const { kind, requestIds, opOf } = expected;
    let first: string | undefined;
    for (const { index, services, folder } of servers) {
      const service = services.get(kind.service);
      if (service === undefined) throw new Violation(`replica ${index} does not serve ${kind.service}`);
      const where = `${kind.service} of replica ${index}`;
      for (const id of requestIds) checkKnown(service, where, id, opOf(id));
      const snapshot = service.snapshot();
      first ??= snapshot;
      if (snapshot !== first) throw new Violation(`${where}: snapshot ${shown(snapshot)} instead of ${shown(first)}`);
      checkRestored(service, where, kind.makeService(filesOf(kind, folder), settings), expected);
    }
  }
}

function checkKnown(service: Service, where: string, id: string, op: number | undefined): void {
  if (service.hasCommitted(id) !== (op !== undefined))
    throw new Violation(`${where} says that ${id} is ${op === undefined ? '' : 'not '}committed`);
  if (service.opOf !== undefined && service.opOf(id) !== op)
    throw new Violation(`${where} says that ${id} stands at op ${service.opOf(id)}, not ${op}`);
}

function checkRestored(
  service: Service,
  where: string,
  restored: Service,
  { audit, requestIds, opOf }: Expected,
): void {
  const snapshot = service.snapshot();
  restored.restore(snapshot);
  if (restored.snapshot() !== snapshot)
    throw new Violation(
      `${where}: restored, its snapshot is ${shown(restored.snapshot())} instead of ${shown(snapshot)}`,
    );
  for (const body of audit) {
    const [before, after] = [service, restored].map((one) => one.query({ body }));
    if (!isDeepStrictEqual(after, before))
      throw new Violation(
        `${where}: restored, it answers ${shown(body)} with ${shown(after)} instead of ${shown(before)}`,
      );
  }
  for (const id of requestIds) checkKnown(restored, `${where}, restored,`, id, opOf(id));
}

/** The files of a folder, apart from it. */
function filesOf({ tables, documents }: WorkloadKind, folder: Server['folder']): MemoryFiles {
  const files = new MemoryFiles(Object.fromEntries(documents.map((name) => [name, folder.text(name) ?? ''])));
  for (const name of tables) files.tables.set(name, new MemoryTable(name, folder.text(name) ?? ''));
  return files;
}
