import path from 'node:path';
import { nextView, type CommitNumber, type OpNumber, type View } from '../base/numbers.js';
import type { FileSystem } from '../ports/file-system.js';
import { moveAside } from './aside.js';
import { CHECKPOINT_FOLDER } from './checkpoint-head.js';
import { DOUBT_FILE } from './doubt-note.js';
import { forEachChunk } from './durable-file.js';
import { JOURNAL_FOLDER } from './journal-mark.js';
import { isKeptInPlace } from './load-folder.js';
import { OUTBOX_FILE, OutboxFile } from './outbox-file.js';
import { createReplicaFile, readReplicaFile, REPLICA_FILE } from './replica-file.js';
import { openReplicaStorage } from './replica-storage.js';
import { isServiceFileName } from './service-files.js';

/** A folder from which a lost one can be made. */
export interface Survivor {
  readonly view: View;
  /** The last op that the folder holds. */
  readonly op: OpNumber;
  /** Up to here its content is known to be committed. */
  readonly commit: CommitNumber;
  /** Time of the last op, ms since 1970. */
  readonly timeMs: number;
}

/** Whether a folder holds a replica that remembers its promises, by its replica.json alone. */
export function remembers(fileSystem: FileSystem, folder: string): boolean {
  const read = readReplicaFile(fileSystem, folder);
  return read.kind === 'read' && !read.record.recovering && typeof read.record.log === 'object';
}

/** Reads a folder whole, and waits for it. Throws an Error for people when it is in use, or not sound by itself. */
export async function surveyFolder(fileSystem: FileSystem, folder: string, replicaId: string): Promise<Survivor> {
  const storage = openReplicaStorage(fileSystem, folder, { replicaId, readLaterBytesMin: Number.POSITIVE_INFINITY });
  try {
    const loaded = await storage.load();
    if (loaded.kind !== 'intact' || loaded.durable.recovering)
      throw new Error(
        `the folder ${folder} is ${loaded.kind === 'intact' ? 'recovering' : loaded.kind}: nothing can be taken from it`,
      );
    const { durable, checkpoint, entries, commit } = loaded;
    const { op, timeMs } = entries.at(-1) ?? checkpoint.base;
    return { view: durable.view, op, commit, timeMs };
  } finally {
    storage.close();
  }
}

/**
 * Makes the folder of a replica whose disk is lost from that of one that is left (design rule 7, two disks of three lost). What
 * was in it goes to `damaged/`. The copy is a member of its own, in the view after: replica.json is written last, so that
 * a copy which did not finish counts as damaged. Neither folder may be in use.
 */
export async function transplantFolder(
  fileSystem: FileSystem,
  from: string,
  to: string,
  replicaId: string,
): Promise<void> {
  const source = readReplicaFile(fileSystem, from);
  if (source.kind !== 'read') throw new Error(`${path.join(from, REPLICA_FILE)} cannot be read`);
  fileSystem.makeFolder(to);
  const lock = fileSystem.lockFolder(to);
  if ('holder' in lock) throw new Error(`the folder ${to} is in use by ${lock.holder}; stop it first`);
  try {
    for (const name of fileSystem.list(to))
      if (!isKeptInPlace(name) || name === REPLICA_FILE) moveAside(fileSystem, to, name);
    for (const name of fileSystem.list(from))
      if (isServiceFileName(name) && name !== DOUBT_FILE) await copyFile(fileSystem, from, to, name);
    await copyFolder(fileSystem, from, to, JOURNAL_FOLDER);
    fileSystem.makeFolder(path.join(to, CHECKPOINT_FOLDER));
    for (const name of fileSystem.list(path.join(from, CHECKPOINT_FOLDER)))
      await copyFolder(fileSystem, from, to, path.join(CHECKPOINT_FOLDER, name));
    await fileSystem.syncFolder(path.join(to, CHECKPOINT_FOLDER));
    // What the lost replica itself had promised stays where it is readable; without any, none is missing at its start.
    if (fileSystem.stat(path.join(to, OUTBOX_FILE)) === undefined)
      await new OutboxFile(fileSystem, to, [], false).writeAnew();
    fileSystem.remove(path.join(to, DOUBT_FILE));
    await fileSystem.syncFolder(to);
    const { record } = source;
    await createReplicaFile(fileSystem, to, { ...record, replicaId, view: nextView(record.view) });
  } finally {
    lock.release();
  }
}

async function copyFolder(fileSystem: FileSystem, from: string, to: string, name: string): Promise<void> {
  fileSystem.makeFolder(path.join(to, name));
  for (const file of fileSystem.list(path.join(from, name)))
    await copyFile(fileSystem, path.join(from, name), path.join(to, name), file);
  await fileSystem.syncFolder(path.join(to, name));
}

async function copyFile(fileSystem: FileSystem, from: string, to: string, name: string): Promise<void> {
  const source = fileSystem.open(path.join(from, name), false);
  const target = fileSystem.open(path.join(to, name), true);
  try {
    target.truncate(0);
    let offset = 0;
    forEachChunk(source, source.stat().bytes, (bytes) => {
      target.write(offset, bytes);
      offset += bytes.length;
    });
    await target.sync();
  } finally {
    source.close();
    target.close();
  }
}
