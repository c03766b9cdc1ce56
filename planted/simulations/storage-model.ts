import { GENESIS_CHAIN, type Chain, type Entry } from '../../src/base/entry.js';
import type { OutboxItem } from '../../src/base/service.js';
import type { DurableState, Loaded } from '../../src/ports/storage.js';

/** The table that the simulated service keeps: a row per committed entry. */
export const TABLE_FILE = 'orders.csv';
export const TABLE_HEADER = 'op,chain\r\n';

/** What a folder must hold: everything whose call has come back. */
export interface FolderModel {
  readonly durable: DurableState;
  /** The whole log from op 1. */
  readonly entries: readonly Entry[];
  /** A commit number that was told; the table has rows up to here. */
  readonly commit: number;
  /** Ops of the checkpoints that are kept, newest first; none for 0. */
  readonly checkpoints: readonly number[];
  readonly outbox: readonly OutboxItem[];
}

/** What a folder that needs no help was found to hold. */
export type Intact = Extract<Loaded, { kind: 'intact' }>;

/** The chain of a log at an op. */
export const chainOf = (entries: readonly Entry[], op: number): Chain => entries[op - 1]?.chain ?? GENESIS_CHAIN;

/** The table's row of an entry. */
export const rowOf = ({ op, chain }: Entry): string => `${op},${chain}\r\n`;

/** Why what was loaded is not this model, or undefined when it is. */
export function differenceFrom(
  model: FolderModel,
  { durable, checkpoint, entries, commit, outbox, repaired }: Intact,
  table: string,
): string | undefined {
  const { view, logView, recovering } = durable;
  const told = model.durable;
  if (view !== told.view || logView !== told.logView || recovering !== told.recovering)
    return `view ${view}/${logView} instead of ${told.view}/${told.logView}`;
  const { base } = checkpoint;
  const last = base.op + entries.length;
  if (last !== model.entries.length) return `the log ends at op ${last} instead of ${model.entries.length}`;
  if (base.op !== (model.checkpoints[0] ?? 0)) return `the checkpoint is at op ${base.op}, not ${model.checkpoints[0]}`;
  if (base.chain !== chainOf(model.entries, base.op)) return `another chain at the checkpoint of op ${base.op}`;
  const wrong = entries.find((entry) => entry.chain !== chainOf(model.entries, entry.op));
  if (wrong !== undefined) return `another entry at op ${wrong.op}`;
  if (commit > model.commit) return `commit ${commit}, though nothing above ${model.commit} was committed`;
  const rows = TABLE_HEADER + model.entries.slice(0, base.op).map(rowOf).join('');
  if (table !== rows) return `the table is not as it was at op ${base.op}`;
  const left = outbox.map(({ requestId }) => requestId);
  const all = model.outbox.map(({ requestId }) => requestId);
  // Rows of a damaged outbox that cannot be read are named, not made up; none is added.
  const isToldDamaged = repaired?.some(({ file }) => file === 'outbox.csv') === true;
  const kept = isToldDamaged ? all.filter((id) => left.includes(id)) : all;
  return left.join() === kept.join() ? undefined : `outbox ${left.join()} instead of ${all.join()}`;
}
