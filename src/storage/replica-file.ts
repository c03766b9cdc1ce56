import path from 'node:path';
import { assert } from '../base/assert.js';
import type { Chain } from '../base/entry.js';
import { op as makeOp, view as makeView, type OpNumber } from '../base/numbers.js';
import { DamagedFileError } from '../base/service.js';
import type { FileSystem } from '../ports/file-system.js';
import type { DurableState } from '../ports/storage.js';
import { replaceDurably } from './durable-file.js';
import { orDiskFull } from './errors.js';
import { decodeSlot, encodeSlot, type Slot } from './slots.js';
import { TrackedFile } from './tracked-file.js';
import { reading, readIfReadable } from './unreadable.js';

/** Name of the file of promises. */
export const REPLICA_FILE = 'replica.json';

const SLOT_BYTES = 4096;

/**
 * The last switch of the log, as it stood when it was committed (rule 2 b). It says which segment the log goes on in from
 * `firstOp`, and up to where that segment had been fsynced before anything relied on it.
 */
export interface LogShape {
  /** Counts the switches of this folder: names the files that an unfinished one has left behind. */
  readonly number: number;
  readonly segment: string;
  readonly firstOp: OpNumber;
  readonly op: OpNumber;
  readonly bytes: number;
  readonly chain: Chain;
  /** Op of the checkpoint that was installed with it; `null` for none. */
  readonly checkpoint: OpNumber | null;
}

/**
 * What the folder's log is. `founding`: the first write of an empty folder did not finish, so nothing was promised.
 * `lost`: the folder was found damaged; the replica has forgotten its log until it has taken another.
 */
export type LogState = LogShape | 'founding' | 'lost';

/** Everything in replica.json. */
export interface ReplicaRecord extends DurableState {
  readonly sequence: number;
  /** Whose promises these are; empty when the file does not tell. */
  readonly replicaId: string;
  readonly log: LogState;
}

/** What reading replica.json gave. */
export type ReadReplica =
  | { readonly kind: 'missing' }
  | { readonly kind: 'damaged'; readonly what: string }
  | { readonly kind: 'read'; readonly record: ReplicaRecord; readonly isRepairNeeded: boolean };

/**
 * Reads replica.json. Every state is written to both slots, each fsynced before the next thing happens, and is relied on
 * only then. So a single slot that is torn or rotten loses nothing: were the other older, the newer state had never been
 * relied on. (`load` writes both slots again before anything relies on what it read.)
 */
export function readReplicaFile(fileSystem: FileSystem, folder: string): ReadReplica {
  const file = path.join(folder, REPLICA_FILE);
  if (fileSystem.stat(file) === undefined) return { kind: 'missing' };
  const read = readIfReadable(fileSystem, file);
  if (read.kind === 'unreadable') return { kind: 'damaged', what: read.what };
  const { bytes } = read;
  const first = recordOf(decodeSlot(bytes, 0, SLOT_BYTES));
  const second = recordOf(decodeSlot(bytes, 1, SLOT_BYTES));
  const newest = first !== undefined && (second === undefined || first.sequence >= second.sequence) ? first : second;
  if (newest === undefined) return { kind: 'damaged', what: 'neither of the two copies can be read' };
  const isRepairNeeded = first?.sequence !== second?.sequence || bytes.length !== 2 * SLOT_BYTES;
  return { kind: 'read', record: newest, isRepairNeeded };
}

/** Creates replica.json, preallocated, both slots with the same state, atomically and durably. */
export async function createReplicaFile(fileSystem: FileSystem, folder: string, record: ReplicaRecord): Promise<void> {
  const bytes = Buffer.concat([encodeSlot(record, 0, SLOT_BYTES), encodeSlot(record, 1, SLOT_BYTES)]);
  await replaceDurably(fileSystem, folder, REPLICA_FILE, bytes);
}

/** Opens replica.json as it was read. One that may be read and not written is replaced by its like, durably. */
export async function openReplicaFile(
  fileSystem: FileSystem,
  folder: string,
  record: ReplicaRecord,
): Promise<ReplicaFile> {
  try {
    return reading(REPLICA_FILE, () => new ReplicaFile(fileSystem, folder, record));
  } catch (error) {
    if (!(error instanceof DamagedFileError)) throw error;
    await createReplicaFile(fileSystem, folder, record);
    return new ReplicaFile(fileSystem, folder, record);
  }
}

/** replica.json while it is in use. Written in place: a full disk cannot keep a replica from voting (rule 10). */
export class ReplicaFile {
  readonly #file: TrackedFile;
  #record: ReplicaRecord;

  constructor(fileSystem: FileSystem, folder: string, record: ReplicaRecord) {
    this.#file = new TrackedFile(REPLICA_FILE, fileSystem.open(path.join(folder, REPLICA_FILE), false));
    this.#record = record;
  }

  get record(): ReplicaRecord {
    return this.#record;
  }

  /** Makes a state durable in both slots. Neither view nor logView ever falls (rule 1). */
  async write(durable: DurableState, log: LogState): Promise<void> {
    const before = this.#record;
    assert(durable.logView <= durable.view, 'logView is at most the view');
    assert(durable.view >= before.view, 'the view never falls');
    // A replica whose log is lost has no logView left to keep; it may not vote (rule 7).
    const isAnew = before.log === 'lost' && durable.recovering;
    assert(durable.logView >= before.logView || isAnew, 'logView never falls');
    const { clusterId, view, logView, recovering } = durable;
    const { sequence, replicaId } = before;
    const record = { sequence: sequence + 1, replicaId, clusterId, view, logView, recovering, log };
    // What was partly written is the newer promise, never a smaller one: it may stay, and the call be repeated.
    await orDiskFull(
      async () => {
        await this.#writeSlot(record, 0);
        await this.#writeSlot(record, 1);
      },
      () => undefined,
    );
    this.#record = record;
  }

  /** Writes the state that was read to both slots again, the unreadable one first. */
  async repair(): Promise<void> {
    // After a kill -9 the sound slot may be in the page cache only: a loss of power must not tear both.
    await this.#file.sync();
    const bytes = this.#file.read(0, 2 * SLOT_BYTES);
    const isSecondSound = recordOf(decodeSlot(bytes, 1, SLOT_BYTES))?.sequence === this.#record.sequence;
    for (const slot of isSecondSound ? ([0, 1] as const) : ([1, 0] as const)) await this.#writeSlot(this.#record, slot);
    if (this.#file.bytes > 2 * SLOT_BYTES) this.#file.truncate(2 * SLOT_BYTES);
    await this.#file.sync();
  }

  /** Fsyncs what was read: after a kill -9 it may be in the page cache only. */
  async sync(): Promise<void> {
    await this.#file.sync();
  }

  inspect(fileSystem: FileSystem) {
    return this.#file.inspect(fileSystem);
  }

  close(): void {
    this.#file.close();
  }

  async #writeSlot(record: ReplicaRecord, slot: Slot): Promise<void> {
    await this.#file.writeAsync(slot * SLOT_BYTES, encodeSlot(record, slot, SLOT_BYTES));
    await this.#file.sync();
  }
}

function recordOf(value: Record<string, unknown> | undefined): ReplicaRecord | undefined {
  if (value === undefined) return undefined;
  const { sequence, replicaId = '', clusterId, view, logView, recovering, log } = value;
  if (typeof replicaId !== 'string') return undefined;
  if (typeof clusterId !== 'string' || typeof recovering !== 'boolean') return undefined;
  if (!isNatural(sequence) || !isNatural(view) || !isNatural(logView)) return undefined;
  const state = log === 'founding' || log === 'lost' ? log : shapeOf(log);
  if (state === undefined) return undefined;
  return { sequence, replicaId, clusterId, view: makeView(view), logView: makeView(logView), recovering, log: state };
}

function shapeOf(value: unknown): LogShape | undefined {
  if (typeof value !== 'object' || value === null) return undefined;
  const { number, segment, firstOp, op, bytes, chain, checkpoint } = value as Record<string, unknown>;
  if (!isNatural(number) || !isNatural(firstOp) || !isNatural(op) || !isNatural(bytes)) return undefined;
  if (typeof segment !== 'string' || typeof chain !== 'string') return undefined;
  if (checkpoint !== null && !isNatural(checkpoint)) return undefined;
  return {
    number,
    segment,
    firstOp: makeOp(firstOp),
    op: makeOp(op),
    bytes,
    chain,
    checkpoint: checkpoint === null ? null : makeOp(checkpoint),
  };
}

const isNatural = (value: unknown): value is number => Number.isSafeInteger(value) && Number(value) >= 0;
