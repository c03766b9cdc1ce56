import path from 'node:path';
import type { Entry } from '../base/entry.js';
import { op as makeOp } from '../base/numbers.js';
import { DamagedFileError } from '../base/service.js';
import type { FileSystem } from '../ports/file-system.js';
import type { DurableState } from '../ports/storage.js';
import { moveAside } from './aside.js';
import { CHECKPOINT_FOLDER } from './checkpoint-head.js';
import { GENESIS } from './checkpoint.js';
import { settleDoubt } from './doubt-note.js';
import { JOURNAL_FOLDER } from './journal-mark.js';
import { finishSwitch, segmentsOf, writeUnfinished } from './journal-segment.js';
import { Journal } from './journal.js';
import { durableOf, isKeptInPlace } from './load-folder.js';
import type { OutboxFile } from './outbox-file.js';
import { createReplicaFile, REPLICA_FILE, ReplicaFile } from './replica-file.js';

/** What a new log begins with. */
export interface NewLog {
  readonly durable: DurableState;
  readonly replicaId: string;
  /** From op 1, may be none. */
  readonly entries: readonly Entry[];
  readonly outbox: OutboxFile;
  readonly segmentBytesMax: number | undefined;
  readonly directBytesMax: number | undefined;
}

/** The files that are open when a folder has its new log. */
export interface Founded {
  readonly replica: ReplicaFile;
  readonly journal: Journal;
}

/**
 * Makes the files of an empty folder: replica.json first, saying `founding`, and last with the promises. A folder in which
 * this did not finish counts as empty: nothing had been promised.
 */
export async function foundFolder(fileSystem: FileSystem, folder: string, log: NewLog): Promise<Founded> {
  const record = { sequence: 1, replicaId: log.replicaId, ...log.durable, log: 'founding' } as const;
  await createReplicaFile(fileSystem, folder, record);
  settleDoubt(fileSystem, folder);
  // The folder itself may be new.
  await fileSystem.syncFolder(path.dirname(folder));
  fileSystem.remove(path.join(folder, CHECKPOINT_FOLDER));
  fileSystem.remove(path.join(folder, JOURNAL_FOLDER));
  await log.outbox.writeAnew();
  const replica = new ReplicaFile(fileSystem, folder, record);
  return { replica, journal: await makeLog(fileSystem, folder, replica, log) };
}

/**
 * Makes a new log in a folder that was found damaged. replica.json says `lost` until it is there, so a process that dies
 * in between finds the damage again. What was there is kept in `damaged/`, for people, in place of what an earlier damage
 * left there under the same names; the outbox keeps what of it can be read.
 */
export async function foundAnew(
  fileSystem: FileSystem,
  folder: string,
  replica: ReplicaFile | undefined,
  log: NewLog,
): Promise<Founded> {
  const lost = replica ?? (await createLost(fileSystem, folder, log.replicaId, log.durable));
  if (lost.record.log !== 'lost') await lost.write(durableOf(lost), 'lost');
  await log.outbox.writeAnew();
  for (const name of fileSystem.list(folder)) if (!isKeptInPlace(name)) moveAside(fileSystem, folder, name);
  settleDoubt(fileSystem, folder);
  await fileSystem.syncFolder(folder);
  return { replica: lost, journal: await makeLog(fileSystem, folder, lost, log) };
}

/** replica.json of a folder that has lost it: the promises are kept, the log is lost. */
export async function createLost(
  fileSystem: FileSystem,
  folder: string,
  replicaId: string,
  durable: DurableState,
): Promise<ReplicaFile> {
  const record = { sequence: 1, replicaId, ...durable, log: 'lost' } as const;
  // A file that cannot be read may not even be one that can be replaced.
  moveAside(fileSystem, folder, REPLICA_FILE);
  await createReplicaFile(fileSystem, folder, record);
  return new ReplicaFile(fileSystem, folder, record);
}

async function makeLog(fileSystem: FileSystem, folder: string, replica: ReplicaFile, log: NewLog): Promise<Journal> {
  const { durable, entries, segmentBytesMax, directBytesMax } = log;
  const journalFolder = path.join(folder, JOURNAL_FOLDER);
  fileSystem.makeFolder(journalFolder);
  await fileSystem.syncFolder(folder);
  const { base } = GENESIS;
  const next = { number: 0, logView: durable.logView, before: base, entries, checkpoint: null };
  const shape = await writeUnfinished(fileSystem, journalFolder, next);
  await finishSwitch(fileSystem, journalFolder, shape);
  const segments = segmentsOf(fileSystem.list(journalFolder)).log;
  if (segments.length === 0) throw new DamagedFileError(JOURNAL_FOLDER, 'its first file was deleted while it was made');
  const journal = await Journal.open(fileSystem, journalFolder, {
    segments,
    end: { op: shape.op, chain: shape.chain },
    offset: shape.bytes,
    number: 0,
    base,
    commit: makeOp(0),
    entries,
    segmentBytesMax,
    directBytesMax,
  });
  try {
    await replica.write(durable, shape);
  } catch (error) {
    journal.close();
    throw error;
  }
  return journal;
}
