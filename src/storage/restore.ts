import path from 'node:path';
import { present } from '../base/assert.js';
import { nextView } from '../base/numbers.js';
import type { FileSystem } from '../ports/file-system.js';
import { BackupError, type BackupBytes } from './backup-media.js';
import { forEachPiece, type Backup, type PlacedPart } from './backup-reading.js';
import { CHECKPOINT_FOLDER, checkpointName } from './checkpoint-head.js';
import { writeCheckpointFolder } from './checkpoint.js';
import { JOURNAL_FOLDER } from './journal-mark.js';
import { finishSwitch, segmentsOf, writeUnfinished } from './journal-segment.js';
import { Journal } from './journal.js';
import { isShippedDocument, namesOfEarlierLife } from './load-folder.js';
import { OutboxFile } from './outbox-file.js';
import { createReplicaFile } from './replica-file.js';

/** Under this the documents that were in an empty folder are kept. */
const BEFORE_RESTORE = '.before-restore';

/** Who the replica is that a folder is made for. */
export interface RestoredAs {
  readonly replicaId: string;
  /** A new one: a folder of the cluster that the backup was taken of must not be able to join, and to vote with other promises. */
  readonly clusterId: string;
}

/** What keeps a backup from being restored into a folder: names in it, at most three; empty: nothing does. */
export function inTheWay(fileSystem: FileSystem, folder: string): string[] {
  return namesOfEarlierLife(fileSystem, folder).slice(0, 3);
}

/**
 * Makes the folder of a replica from a backup; it must be empty but for what ships. Every member of the new cluster is made from the
 * same backup: all of it is on all disks, so it is committed. Its view is the one after the log's, in which nobody has promised
 * anything. replica.json is written last: a folder that did not get so far is damaged and never votes. Throws BackupError.
 */
export async function restoreFolder(
  fileSystem: FileSystem,
  source: BackupBytes,
  backup: Backup,
  folder: string,
  { replicaId, clusterId }: RestoredAs,
): Promise<void> {
  fileSystem.makeFolder(folder);
  const lock = fileSystem.lockFolder(folder);
  if ('holder' in lock) throw new BackupError(`the folder ${folder} is in use by ${lock.holder}; stop it first`);
  try {
    const names = inTheWay(fileSystem, folder);
    if (names.length > 0) throw new BackupError(`the folder ${folder} is not empty: it holds ${names.join(', ')}`);
    for (const name of fileSystem.list(folder))
      if (isShippedDocument(name)) fileSystem.rename(path.join(folder, name), path.join(folder, name + BEFORE_RESTORE));
    await restoreCheckpoint(fileSystem, source, backup, folder);
    await new OutboxFile(fileSystem, folder, [], false).writeAnew();
    const log = await restoreJournal(fileSystem, backup, folder);
    await fileSystem.syncFolder(folder);
    await fileSystem.syncFolder(path.dirname(folder));
    const { view } = backup.manifest;
    const promises = { clusterId, view: nextView(view), logView: view, recovering: false };
    await createReplicaFile(fileSystem, folder, { sequence: 1, replicaId, ...promises, log });
  } finally {
    lock.release();
  }
}

async function restoreCheckpoint(
  fileSystem: FileSystem,
  source: BackupBytes,
  { checkpoint, files }: Backup,
  folder: string,
): Promise<void> {
  if (checkpoint === undefined) return;
  const copies = new Map<string, Uint8Array>();
  for (const { name, kind } of checkpoint.files) {
    const part = present(files.get(name), 'a backup that was read has the files of its checkpoint');
    if (kind !== 'table') copies.set(name, source.read(part.at, part.bytes));
    if (kind !== 'snapshot') await restoreFile(fileSystem, source, part, path.join(folder, name));
  }
  const all = path.join(folder, CHECKPOINT_FOLDER);
  fileSystem.makeFolder(all);
  await writeCheckpointFolder(fileSystem, path.join(all, checkpointName(checkpoint.base.op)), checkpoint, copies);
  await fileSystem.syncFolder(all);
}

async function restoreFile(fileSystem: FileSystem, source: BackupBytes, part: PlacedPart, file: string): Promise<void> {
  const target = fileSystem.open(file, true);
  try {
    target.truncate(0);
    forEachPiece(source, part, (piece, offset) => target.write(offset, piece));
    await target.sync();
  } finally {
    target.close();
  }
}

/** The log after the checkpoint as one segment, with its mark: all of it is known to be committed. */
async function restoreJournal(fileSystem: FileSystem, { manifest, base, entries }: Backup, folder: string) {
  const journalFolder = path.join(folder, JOURNAL_FOLDER);
  fileSystem.makeFolder(journalFolder);
  const { view: logView, op: commit } = manifest;
  const shape = await writeUnfinished(fileSystem, journalFolder, {
    number: 0,
    logView,
    before: base,
    entries,
    checkpoint: null,
  });
  await finishSwitch(fileSystem, journalFolder, shape);
  const journal = await Journal.open(fileSystem, journalFolder, {
    segments: segmentsOf(fileSystem.list(journalFolder)).log,
    end: { op: shape.op, chain: shape.chain },
    offset: shape.bytes,
    number: shape.number,
    base,
    commit,
    entries,
  });
  journal.close();
  await fileSystem.syncFolder(journalFolder);
  return shape;
}
