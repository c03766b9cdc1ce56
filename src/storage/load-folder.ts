import path from 'node:path';
import { present } from '../base/assert.js';
import type { Damage, DurableState, FileSystem } from '../ports.js';
import { CHECKPOINT_FOLDER } from './checkpoint-head.js';
import { chooseCheckpoint, removeUnfinishedCheckpoints, type ChosenCheckpoint } from './checkpoint.js';
import { DOUBT_FILE } from './doubt-note.js';
import { finishInstall, removeIncoming } from './incoming.js';
import { isLockName } from './folder-lock.js';
import { JOURNAL_FOLDER } from './journal-mark.js';
import { recoverJournal, type RecoveredJournal } from './journal-recovery.js';
import { finishSwitch, removeUnfinished } from './journal-segment.js';
import { OUTBOX_FILE, readOutbox, type ReadOutbox } from './outbox-file.js';
import { readReplicaFile, ReplicaFile, REPLICA_FILE, type LogShape } from './replica-file.js';
import { BESIDE_SUFFIX } from './durable-file.js';

/** What a folder holds, with the files that are open from then on. */
export type LoadedFolder =
  | { readonly kind: 'empty' }
  | {
      readonly kind: 'damaged';
      /** Absent when replica.json could not be read. */
      readonly replica: ReplicaFile | undefined;
      readonly damage: readonly Damage[];
      readonly outbox: ReadOutbox;
    }
  | {
      readonly kind: 'sound';
      readonly replica: ReplicaFile;
      readonly shape: LogShape;
      readonly checkpoint: ChosenCheckpoint;
      readonly journal: Extract<RecoveredJournal, { kind: 'sound' }>;
      readonly outbox: ReadOutbox;
      readonly repaired: readonly Damage[];
    };

const SHIPPED = new Set([
  'menu.csv',
  'motd.txt',
  'logs',
  '.gitkeep',
  '.gitignore',
  REPLICA_FILE + BESIDE_SUFFIX,
  DOUBT_FILE,
]);

/** Whether a name in a folder says nothing of an earlier life as a replica. */
const isShipped = (name: string): boolean => SHIPPED.has(name) || isLockName(name) || name.endsWith('.log');

/** Where the files of a damaged folder go when the replica begins anew. */
export const DAMAGED_FOLDER = 'damaged';

/** Whether a name stays where it is when the files of a damaged folder are moved aside. */
export const isKeptInPlace = (name: string): boolean =>
  isShipped(name) || name === REPLICA_FILE || name === OUTBOX_FILE || name === DAMAGED_FOLDER;

/** Reads a replica's folder, finishes what a committed switch left half done, and judges the rest (rule 6). */
export async function loadFolder(fileSystem: FileSystem, folder: string): Promise<LoadedFolder> {
  const read = readReplicaFile(fileSystem, folder);
  if (read.kind !== 'read') {
    const others = fileSystem.list(folder).filter((name) => !isShipped(name) && name !== REPLICA_FILE);
    if (read.kind === 'missing' && others.length === 0) return { kind: 'empty' };
    const what = read.kind === 'damaged' ? read.what : `the file is missing, beside ${others.slice(0, 3).join(', ')}`;
    return damagedFolder(fileSystem, folder, undefined, [{ file: REPLICA_FILE, what }]);
  }
  const { record, isRepairNeeded } = read;
  if (record.log === 'founding') return { kind: 'empty' };
  const replica = new ReplicaFile(fileSystem, folder, record);
  if (isRepairNeeded) await replica.repair();
  else await replica.sync();
  await fileSystem.syncFolder(folder);
  if (record.log === 'lost') {
    const what = 'it was found damaged at an earlier start and has not been replaced since';
    return damagedFolder(fileSystem, folder, replica, [{ file: JOURNAL_FOLDER, what }]);
  }
  const repaired: Damage[] = isRepairNeeded ? [{ file: REPLICA_FILE, what: 'one of the two copies was not good' }] : [];
  return loadLog(fileSystem, folder, { replica, shape: record.log, repaired });
}

async function loadLog(
  fileSystem: FileSystem,
  folder: string,
  { replica, shape, repaired }: { replica: ReplicaFile; shape: LogShape; repaired: Damage[] },
): Promise<LoadedFolder> {
  const journalFolder = path.join(folder, JOURNAL_FOLDER);
  await finishSwitch(fileSystem, journalFolder, shape);
  const unfinished = await finishInstall(fileSystem, folder, shape.number, shape.checkpoint);
  if (unfinished !== undefined) return damagedFolder(fileSystem, folder, replica, [unfinished]);
  removeUnfinished(fileSystem, journalFolder);
  removeIncoming(fileSystem, folder);
  removeUnfinishedCheckpoints(fileSystem, folder);

  const outbox = readOutbox(fileSystem, folder);
  const checkpoint = chooseCheckpoint(fileSystem, folder);
  const journal = recoverJournal(fileSystem, journalFolder, shape, checkpoint.head.base);
  const damage = [...checkpoint.damage];
  if (journal.kind === 'damaged') damage.push(journal.damage);
  if (outbox.damage !== undefined) damage.push(outbox.damage);
  if (journal.kind === 'damaged' || damage.length > 0) {
    return { kind: 'damaged', replica, damage: [...damage, ...checkpoint.repaired], outbox };
  }
  const segment = present(journal.segments.at(-1), 'a journal has a segment').name;
  await cutTail(fileSystem, path.join(journalFolder, segment), journal.tornBytes > 0 ? journal.offset : undefined);
  await fileSystem.syncFolder(journalFolder);
  if (checkpoint.head.base.op > 0) await fileSystem.syncFolder(path.join(folder, CHECKPOINT_FOLDER));
  for (const [name, length] of checkpoint.lengths) cutTable(fileSystem, path.join(folder, name), length);
  return {
    kind: 'sound',
    replica,
    shape,
    checkpoint,
    journal,
    outbox,
    repaired: [...repaired, ...checkpoint.repaired],
  };
}

function damagedFolder(
  fileSystem: FileSystem,
  folder: string,
  replica: ReplicaFile | undefined,
  damage: readonly Damage[],
): LoadedFolder {
  const isThere = fileSystem.stat(path.join(folder, OUTBOX_FILE)) !== undefined;
  const outbox = isThere ? readOutbox(fileSystem, folder) : { items: [], damage: undefined };
  const more = outbox.damage === undefined ? [] : [outbox.damage];
  return { kind: 'damaged', replica, damage: [...damage, ...more], outbox };
}

/** Fsyncs the last segment, after cutting a torn batch off: what was read may be in the page cache only. */
async function cutTail(fileSystem: FileSystem, file: string, length: number | undefined): Promise<void> {
  const open = fileSystem.open(file, false);
  try {
    if (length !== undefined) open.truncate(length);
    await open.sync();
  } finally {
    open.close();
  }
}

function cutTable(fileSystem: FileSystem, file: string, length: number): void {
  const open = fileSystem.open(file, false);
  try {
    if (open.stat().bytes > length) open.truncate(length);
  } finally {
    open.close();
  }
}

/** The promises in replica.json, without what is storage's own. */
export function durableOf(replica: ReplicaFile): DurableState {
  const { clusterId, view, logView, recovering } = replica.record;
  return { clusterId, view, logView, recovering };
}
