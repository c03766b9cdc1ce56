import path from 'node:path';
import { present } from '../base/assert.js';
import { maxOp, minOp, type OpNumber } from '../base/numbers.js';
import { DamagedFileError } from '../base/service.js';
import type { FileSystem } from '../ports/file-system.js';
import type { Damage, DurableState } from '../ports/storage.js';
import { DAMAGED_FOLDER, moveAside } from './aside.js';
import { CHECKPOINT_FOLDER } from './checkpoint-head.js';
import {
  BEFORE_EVERYTHING,
  findCheckpoints,
  removeCheckpoints,
  removeUnfinishedCheckpoints,
  startingPointOf,
  type StartingPoint,
} from './checkpoint.js';
import { DOUBT_FILE } from './doubt-note.js';
import { finishInstall, removeIncoming } from './incoming.js';
import { isLockName } from './folder-lock.js';
import { JOURNAL_FOLDER } from './journal-mark.js';
import { recoverJournal, type RecoveredJournal } from './journal-recovery.js';
import { finishSwitch, removeUnfinished } from './journal-segment.js';
import { OUTBOX_FILE, readOutbox, type ReadOutbox } from './outbox-file.js';
import {
  openReplicaFile,
  readReplicaFile,
  REPLICA_FILE,
  type LogShape,
  type ReplicaFile,
  type ReplicaRecord,
} from './replica-file.js';
import { BESIDE_SUFFIX } from './durable-file.js';
import { isServiceFileName } from './service-files.js';

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
      readonly checkpoint: StartingPoint;
      readonly journal: Extract<RecoveredJournal, { kind: 'sound' }>;
      readonly outbox: ReadOutbox;
      readonly repaired: readonly Damage[];
    };

/** Documents that stand in a folder before its first start. */
const SHIPPED_DOCUMENTS = ['menu.csv', 'motd.txt'];

const SHIPPED = new Set([
  ...SHIPPED_DOCUMENTS,
  'logs',
  '.gitkeep',
  '.gitignore',
  REPLICA_FILE + BESIDE_SUFFIX,
  DOUBT_FILE,
]);

/** What editors leave beside a file that ships, and edits of it that were kept. */
const BESIDE_SHIPPED = /^\.?(?:menu\.csv|motd\.txt)./;

/** Whether a name in a folder says nothing of an earlier life as a replica. */
const isShipped = (name: string): boolean =>
  SHIPPED.has(name) || BESIDE_SHIPPED.test(name) || isLockName(name) || name.endsWith('.log');

/** Whether a file of an empty folder is a document, which the cluster that is made there may have otherwise. */
export const isShippedDocument = (name: string): boolean => SHIPPED_DOCUMENTS.includes(name);

/** Names in a folder that say that a replica has lived there; empty for a folder that is as good as new. */
export const namesOfEarlierLife = (fileSystem: FileSystem, folder: string): string[] =>
  fileSystem.list(folder).filter((name) => !isShipped(name));

/** Whether a name stays where it is when the files of a damaged folder are moved aside. */
export const isKeptInPlace = (name: string): boolean =>
  isShipped(name) || name === REPLICA_FILE || name === OUTBOX_FILE || name === DAMAGED_FOLDER;

/** Bytes that are read and hashed in less than 50 ms: a start waits for that. */
export const READ_LATER_BYTES_MIN = 64 << 20;

/** As StorageOptions. */
export interface LoadOptions {
  readonly replicaId?: string;
  readonly readLaterBytesMin?: number;
}

interface LogToLoad {
  readonly replica: ReplicaFile;
  readonly shape: LogShape;
  readonly repaired: Damage[];
  readonly readLaterBytesMin: number;
}

/** Reads a replica's folder, finishes what a committed switch left half done, and judges the rest (rule 6). */
export async function loadFolder(
  fileSystem: FileSystem,
  folder: string,
  { replicaId, readLaterBytesMin = READ_LATER_BYTES_MIN }: LoadOptions = {},
): Promise<LoadedFolder> {
  const read = readReplicaFile(fileSystem, folder);
  if (read.kind !== 'read') {
    const others = namesOfEarlierLife(fileSystem, folder).filter((name) => name !== REPLICA_FILE);
    if (read.kind === 'missing' && others.length === 0) return { kind: 'empty' };
    const what = read.kind === 'damaged' ? read.what : `the file is missing, beside ${others.slice(0, 3).join(', ')}`;
    return damagedFolder(fileSystem, folder, undefined, [{ file: REPLICA_FILE, what }]);
  }
  const { isRepairNeeded } = read;
  const record = ownRecord(read.record, folder, replicaId);
  if (record.log === 'founding') return { kind: 'empty' };
  const replica = await openReplicaFile(fileSystem, folder, record);
  if (isRepairNeeded || record !== read.record) await replica.repair();
  else await replica.sync();
  await fileSystem.syncFolder(folder);
  if (record.log === 'lost') {
    const what = 'it was found damaged at an earlier start and has not been replaced since';
    return damagedFolder(fileSystem, folder, replica, [{ file: JOURNAL_FOLDER, what }]);
  }
  const repaired: Damage[] = isRepairNeeded ? [{ file: REPLICA_FILE, what: 'one of the two copies was not good' }] : [];
  try {
    return await loadLog(fileSystem, folder, { replica, shape: record.log, repaired, readLaterBytesMin });
  } catch (error) {
    if (!(error instanceof DamagedFileError)) throw error;
    return damagedFolder(fileSystem, folder, replica, [{ file: error.file, what: error.detail }]);
  }
}

/** The record, if it is this replica's: a folder at a wrong place in the configuration must not be taken for its own or cleared. */
function ownRecord(record: ReplicaRecord, folder: string, replicaId = record.replicaId): ReplicaRecord {
  if (record.replicaId === '') return { ...record, replicaId };
  if (record.replicaId === replicaId) return record;
  throw new Error(
    `the folder ${folder} is that of ${record.replicaId} (${REPLICA_FILE} says so), not of ${replicaId}. ` +
      `If "resources" of the two are mixed up in the configuration, put them right; if the file was copied here, ` +
      `remove ${REPLICA_FILE}: ${replicaId} then copies everything from the others`,
  );
}

async function loadLog(
  fileSystem: FileSystem,
  folder: string,
  { replica, shape, repaired, readLaterBytesMin }: LogToLoad,
): Promise<LoadedFolder> {
  const journalFolder = path.join(folder, JOURNAL_FOLDER);
  await finishSwitch(fileSystem, journalFolder, shape);
  const unfinished = await finishInstall(fileSystem, folder, shape.number, shape.checkpoint);
  if (unfinished !== undefined) return damagedFolder(fileSystem, folder, replica, [unfinished]);
  removeUnfinished(fileSystem, journalFolder);
  removeIncoming(fileSystem, folder);
  removeUnfinishedCheckpoints(fileSystem, folder);

  const outbox = readOutbox(fileSystem, folder);
  const chosen = choose(fileSystem, folder, shape, readLaterBytesMin);
  if (chosen.kind === 'damaged') {
    const more = outbox.damage === undefined ? [] : [outbox.damage];
    return { kind: 'damaged', replica, damage: [...chosen.damage, ...more], outbox };
  }
  const { point, journal, outdated } = chosen;
  const segment = present(journal.segments.at(-1), 'a journal has a segment').name;
  await cutTail(fileSystem, path.join(journalFolder, segment), journal.tornBytes > 0 ? journal.offset : undefined);
  await fileSystem.syncFolder(journalFolder);
  await removeCheckpoints(fileSystem, folder, outdated);
  if (point.head.base.op > 0) await fileSystem.syncFolder(path.join(folder, CHECKPOINT_FOLDER));
  // A table that the journal makes anew may be one that cannot be opened, or no file.
  for (const { file } of chosen.repaired)
    if (isServiceFileName(file) && !point.content.tables.has(file)) moveAside(fileSystem, folder, file);
  const lostItems = outbox.damage === undefined ? [] : [outbox.damage];
  return {
    kind: 'sound',
    replica,
    shape,
    checkpoint: point,
    journal,
    outbox,
    repaired: [...repaired, ...chosen.repaired, ...lostItems],
  };
}

type Chosen =
  | { readonly kind: 'damaged'; readonly damage: readonly Damage[] }
  | {
      readonly kind: 'sound';
      readonly point: StartingPoint;
      readonly journal: Extract<RecoveredJournal, { kind: 'sound' }>;
      /** What an older state and more of the journal make good. */
      readonly repaired: readonly Damage[];
      /** Checkpoints that nobody may be offered. */
      readonly outdated: readonly OpNumber[];
    };

/**
 * The newest state from which this folder alone can go on: a checkpoint with the tables up to it, or nothing at all, and the
 * journal after it. So a table that is damaged behind an older checkpoint, or whose rows the journal still holds from op 1 on,
 * needs nobody's help. When there is none the damage is what is wrong with the newest.
 */
function choose(fileSystem: FileSystem, folder: string, shape: LogShape, readLaterBytesMin: number): Chosen {
  const { sound, damaged } = findCheckpoints(fileSystem, folder);
  const ofCheckpoints = damaged.map(({ damage }) => damage);
  const found: Damage[] = [];
  // What a checkpoint holds is committed, whether it can still be read or not: no log that ends before it is taken up.
  const reached = Math.max(0, ...sound.map(({ base }) => base.op), ...damaged.map(({ op }) => op));
  const endsTooEarly = (end: OpNumber): Damage[] =>
    end < reached
      ? [{ file: JOURNAL_FOLDER, what: `it ends at op ${end}, before the checkpoint at op ${reached}` }]
      : [];
  for (const checkpoint of [...sound, undefined]) {
    const point =
      checkpoint === undefined ? BEFORE_EVERYTHING : startingPointOf(fileSystem, folder, checkpoint, readLaterBytesMin);
    const journal = recoverJournal(fileSystem, path.join(folder, JOURNAL_FOLDER), shape, point.head.base);
    const wrong = [...point.damage, ...(journal.kind === 'damaged' ? [journal.damage] : endsTooEarly(journal.end.op))];
    if (journal.kind === 'sound' && wrong.length === 0) {
      // A checkpoint proves that its op is committed, also when its tables are gone.
      const proven = minOp(maxOp(journal.commit, sound[0]?.base.op ?? journal.commit), journal.end.op);
      return {
        kind: 'sound',
        point,
        journal: { ...journal, commit: proven },
        repaired: [...ofCheckpoints, ...found],
        outdated: damaged.map(({ op }) => op),
      };
    }
    if (found.length === 0) found.push(...wrong);
  }
  return { kind: 'damaged', damage: [...found, ...ofCheckpoints] };
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

/** The promises in replica.json, without what is storage's own. */
export function durableOf(replica: ReplicaFile): DurableState {
  const { clusterId, view, logView, recovering } = replica.record;
  return { clusterId, view, logView, recovering };
}
