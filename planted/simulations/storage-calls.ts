import { op, view } from '../../src/base/numbers.js';
import type { Entry } from '../../src/base/entry.js';
import type { OutboxItem } from '../../src/base/service.js';
import type { ReplicaStorage } from '../../src/ports/storage.js';
import type { Prng } from '../../test/simulation/prng.js';
import { entriesAfter } from '../../test/support/storage-folders.js';
import { chainOf, rowOf, TABLE_FILE, TABLE_HEADER, type FolderModel } from './storage-model.js';

/** A durable call: what it does, and what the folder may hold when the process dies within it; the last is its full effect. */
export interface DurableCall {
  readonly name: string;
  readonly outcomes: readonly [FolderModel, ...FolderModel[]];
  run(storage: ReplicaStorage): Promise<void>;
}

/** Checkpoints that are kept. */
const KEPT = 2;

/** Draws the next call of a replica that stands at `model`. */
export function drawCall(prng: Prng, model: FolderModel): DurableCall {
  switch (prng.between(0, 9)) {
    case 0:
      return persist(model);
    case 1:
    case 2:
      return switchLog(prng, model);
    case 3:
    case 4:
      return model.commit > (model.checkpoints[0] ?? 0) ? checkpoint(model) : append(prng, model);
    case 5:
      return model.outbox.length > 0 ? settle(model) : append(prng, model);
    default:
      return append(prng, model);
  }
}

/** Raises the commit number somewhere in the log: rows go to the table, not to the disk. */
export function commitSome(prng: Prng, model: FolderModel, storage: ReplicaStorage): FolderModel {
  const commit = prng.between(model.commit, model.entries.length);
  writeRows(storage, model.entries.slice(model.commit, commit));
  if (prng.chance(0.7)) storage.flushTables();
  return { ...model, commit };
}

/** Appends the rows of entries to the table and sets the document that goes with them. */
export function writeRows(storage: ReplicaStorage, entries: readonly Entry[]): void {
  const table = storage.files.table(TABLE_FILE, TABLE_HEADER);
  const document = storage.files.document('menu.csv');
  for (const entry of entries) {
    table.append(rowOf(entry));
    document.write(`menu at ${entry.op}`);
  }
}

function append(prng: Prng, model: FolderModel): DurableCall {
  const { entries, durable, commit } = model;
  const more = nextEntries(prng, entries, durable.logView);
  const outcomes = more.map((_, index): FolderModel => ({
    ...model,
    entries: [...entries, ...more.slice(0, index + 1)],
  }));
  return {
    name: 'append',
    outcomes: outcomes as [FolderModel, ...FolderModel[]],
    run: (storage) => storage.append(more, op(commit)),
  };
}

function persist(model: FolderModel): DurableCall {
  const durable = { ...model.durable, view: view(model.durable.view + 1) };
  return { name: 'persist', outcomes: [{ ...model, durable }], run: (storage) => storage.persist(durable) };
}

/** The outbox is written first: it may be new alone. */
function switchLog(prng: Prng, model: FolderModel): DurableCall {
  const { entries, commit, outbox } = model;
  const inView = view(model.durable.view + 1);
  const durable = { ...model.durable, view: inView, logView: inView };
  const kept = prng.between(commit, entries.length);
  const known = new Set(outbox.map(({ requestId }) => requestId));
  const cut = entries.slice(kept).map(itemOf);
  const salvaged = cut.filter(({ requestId }) => !known.has(requestId) && prng.chance(0.5));
  const more = prng.chance(0.7) ? nextEntries(prng, entries.slice(0, kept), inView) : [];
  const next = { ...model, durable, entries: [...entries.slice(0, kept), ...more], outbox: [...outbox, ...salvaged] };
  return {
    name: 'switchLog',
    outcomes: [{ ...model, outbox: next.outbox }, next],
    run: (storage) => storage.switchLog({ durable, from: op(kept + 1), entries: more, salvaged }),
  };
}

function checkpoint(model: FolderModel): DurableCall {
  const { commit, entries } = model;
  const head = {
    base: { op: op(commit), chain: chainOf(entries, commit), timeMs: entries[commit - 1]?.timeMs ?? 0 },
    snapshots: { ordering: `state at ${commit}` },
  };
  return {
    name: 'checkpoint',
    outcomes: [{ ...model, checkpoints: [commit, ...model.checkpoints].slice(0, KEPT) }],
    run: async (storage) => {
      storage.flushTables();
      await storage.checkpoint(head);
    },
  };
}

function settle(model: FolderModel): DurableCall {
  const [settled, ...left] = model.outbox;
  return {
    name: 'settleOutbox',
    outcomes: [{ ...model, outbox: left }],
    run: (storage) => storage.settleOutbox(settled === undefined ? [] : [settled.requestId]),
  };
}

/** Entries as no other view has them: their content names a random number. */
function nextEntries(prng: Prng, before: readonly Entry[], inView: number): Entry[] {
  const nonce = prng.u32();
  const text = (at: number): string => `{"n":${at},"nonce":${nonce},"text":"${'x'.repeat(prng.between(0, 60))}"}`;
  return entriesAfter(before.length, chainOf(before, before.length), prng.between(1, 4), inView, text);
}

/** An item of its own for each entry that ever stood at an op. */
const itemOf = ({ requestId, service, update, timeMs, view: inView, op: at, chain }: Entry): OutboxItem => ({
  requestId: `${requestId.slice(0, -12)}${chain.slice(0, 12)}`,
  service,
  update,
  timeMs,
  view: inView,
  op: at,
});
