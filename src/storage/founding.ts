import path from 'node:path';
import { op as makeOp } from '../base/numbers.js';
import type { DurableState, FileSystem } from '../ports.js';
import { GENESIS } from './checkpoint.js';
import { CHECKPOINT_FOLDER } from './checkpoint-head.js';
import { JOURNAL_FOLDER, MarkFile } from './journal-mark.js';
import { finishSwitch, removeUnfinished, segmentsOf, writeUnfinished } from './journal-segment.js';
import { Journal } from './journal.js';
import { OutboxFile } from './outbox-file.js';
import { createReplicaFile, ReplicaFile } from './replica-file.js';

/**
 * Makes the files of an empty folder: replica.json first, saying `founding`, and last with the promises. A folder in which
 * this did not finish counts as empty: nothing had been promised.
 */
export async function foundFolder(
  fileSystem: FileSystem,
  folder: string,
  durable: DurableState,
  segmentBytesMax: number | undefined,
): Promise<{ replica: ReplicaFile; journal: Journal }> {
  const record = { sequence: 1, ...durable, log: 'founding' } as const;
  await createReplicaFile(fileSystem, folder, record);
  // The folder itself may be new.
  await fileSystem.syncFolder(path.dirname(folder));
  await new OutboxFile(fileSystem, folder, []).write();

  const journalFolder = path.join(folder, JOURNAL_FOLDER);
  fileSystem.remove(path.join(folder, CHECKPOINT_FOLDER));
  fileSystem.remove(journalFolder);
  fileSystem.makeFolder(journalFolder);
  await fileSystem.syncFolder(folder);
  const { base } = GENESIS;
  const next = { number: 0, logView: durable.logView, before: base, entries: [], checkpoint: null };
  const shape = await writeUnfinished(fileSystem, journalFolder, next);
  await finishSwitch(fileSystem, journalFolder, shape);
  const journal = await Journal.open(fileSystem, journalFolder, {
    segments: segmentsOf(fileSystem.list(journalFolder)).log,
    end: base,
    offset: shape.bytes,
    number: 0,
    base,
    commit: makeOp(0),
    entries: [],
    segmentBytesMax,
  });
  const replica = new ReplicaFile(fileSystem, folder, record);
  try {
    await replica.write(durable, shape);
  } catch (error) {
    replica.close();
    journal.close();
    throw error;
  }
  return { replica, journal };
}

/**
 * Clears the way for another log in a folder whose own was damaged; replica.json must say `lost` before. What segments are
 * left is kept under names that do not count, for people.
 */
export async function setLogAside(fileSystem: FileSystem, folder: string, number: number): Promise<void> {
  const journalFolder = path.join(folder, JOURNAL_FOLDER);
  fileSystem.makeFolder(journalFolder);
  await fileSystem.syncFolder(folder);
  removeUnfinished(fileSystem, journalFolder);
  const { log, cut } = segmentsOf(fileSystem.list(journalFolder));
  for (const { name } of [...log, ...cut]) {
    fileSystem.rename(path.join(journalFolder, name), path.join(journalFolder, `${name}.cut-${number}`));
  }
  await fileSystem.syncFolder(journalFolder);
  // An old mark must not be taken for one of the new log: 0 is below the number of every switch.
  const mark = { ...GENESIS.base, segment: '', offset: 0, commit: makeOp(0), number: 0 };
  (await MarkFile.create(fileSystem, journalFolder, mark)).close();
}
