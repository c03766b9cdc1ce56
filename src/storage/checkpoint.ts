import { createHash } from 'node:crypto';
import path from 'node:path';
import { GENESIS_CHAIN } from '../base/entry.js';
import { op as makeOp, type OpNumber } from '../base/numbers.js';
import { DamagedFileError } from '../base/service.js';
import type { FileSystem } from '../ports/file-system.js';
import type { CheckpointHead, Damage } from '../ports/storage.js';
import { BlockSums } from './block-sums.js';
import {
  CHECKPOINT_FOLDER,
  checkpointName,
  checkpointOps,
  encodeHead,
  HEAD_FILE,
  headWith,
  readHead,
  serviceOfSnapshot,
  type Head,
  type HeadFile,
} from './checkpoint-head.js';
import { BESIDE_SUFFIX, forEachChunk, writeWhole } from './durable-file.js';
import { KeptSums } from './kept-sums.js';
import { hashOf, NO_CONTENT, type FilesContent } from './service-files.js';
import { suspectRow } from './suspect-row.js';
import type { TableContent } from './table.js';
import { reading } from './unreadable.js';

/** The state before op 1: what stands for a checkpoint while there is none. */
export const GENESIS: CheckpointHead = {
  base: { op: makeOp(0), chain: GENESIS_CHAIN, timeMs: 0 },
  snapshots: {},
};

/** Checkpoints kept: the newest, and one to fall back to. */
const CHECKPOINTS_KEPT = 2;

/** Writes the folder of a checkpoint under this path, durably but for its own name. */
export async function writeCheckpointFolder(
  fileSystem: FileSystem,
  folder: string,
  head: Head,
  copies: ReadonlyMap<string, string | Uint8Array>,
): Promise<void> {
  fileSystem.remove(folder);
  fileSystem.makeFolder(folder);
  for (const [name, content] of copies) {
    await writeWhole(fileSystem, path.join(folder, name), Buffer.from(content));
  }
  await writeWhole(fileSystem, path.join(folder, HEAD_FILE), encodeHead(head));
  await fileSystem.syncFolder(folder);
}

/** Writes a checkpoint beside the others and renames it into place, durably. */
export async function addCheckpoint(
  fileSystem: FileSystem,
  folder: string,
  head: Head,
  copies: ReadonlyMap<string, string>,
): Promise<void> {
  const all = path.join(folder, CHECKPOINT_FOLDER);
  const place = path.join(all, checkpointName(head.base.op));
  const beside = place + BESIDE_SUFFIX;
  if (fileSystem.stat(all) === undefined) {
    fileSystem.makeFolder(all);
    await fileSystem.syncFolder(folder);
  }
  try {
    await writeCheckpointFolder(fileSystem, beside, head, copies);
  } catch (error) {
    fileSystem.remove(beside);
    throw error;
  }
  fileSystem.remove(place);
  fileSystem.rename(beside, place);
  await fileSystem.syncFolder(all);
}

/** Removes all but the newest checkpoints; returns the op of the oldest that is left. */
export async function keepNewest(fileSystem: FileSystem, folder: string): Promise<OpNumber> {
  const ops = checkpointOps(fileSystem, folder);
  await removeCheckpoints(fileSystem, folder, ops.slice(CHECKPOINTS_KEPT));
  return ops.length < CHECKPOINTS_KEPT ? makeOp(0) : (ops[CHECKPOINTS_KEPT - 1] ?? makeOp(0));
}

/** Removes checkpoints, durably. */
export async function removeCheckpoints(
  fileSystem: FileSystem,
  folder: string,
  ops: readonly OpNumber[],
): Promise<void> {
  if (ops.length === 0) return;
  const all = path.join(folder, CHECKPOINT_FOLDER);
  for (const op of ops) fileSystem.remove(path.join(all, checkpointName(op)));
  await fileSystem.syncFolder(all);
}

/** Removes checkpoints that were not finished. */
export function removeUnfinishedCheckpoints(fileSystem: FileSystem, folder: string): void {
  const all = path.join(folder, CHECKPOINT_FOLDER);
  for (const name of fileSystem.list(all)) {
    if (name.endsWith(BESIDE_SUFFIX)) fileSystem.remove(path.join(all, name));
  }
}

/** A state that the tables may begin with: a checkpoint whose own files are sound, or the state before op 1. */
export interface StartingPoint {
  readonly head: CheckpointHead;
  readonly content: FilesContent;
  /** Damage of the tables up to this checkpoint. */
  readonly damage: readonly Damage[];
}

/** A checkpoint whose own files are sound, with the texts of its documents and snapshots by name. */
export interface SoundCheckpoint extends Head {
  readonly texts: ReadonlyMap<string, string>;
}

/** The checkpoints of a folder, newest first, and what is wrong with their own files. */
export interface FoundCheckpoints {
  readonly sound: readonly SoundCheckpoint[];
  readonly damaged: readonly { readonly op: OpNumber; readonly damage: Damage }[];
}

/** Reads the checkpoints' own files. Changes nothing. */
export function findCheckpoints(fileSystem: FileSystem, folder: string): FoundCheckpoints {
  const sound: SoundCheckpoint[] = [];
  const damaged: { op: OpNumber; damage: Damage }[] = [];
  for (const op of checkpointOps(fileSystem, folder)) {
    const name = `${CHECKPOINT_FOLDER}/${checkpointName(op)}`;
    try {
      sound.push(readCheckpoint(fileSystem, path.join(folder, name), name, op));
    } catch (error) {
      if (!(error instanceof DamagedFileError)) throw error;
      damaged.push({ op, damage: { file: error.file, what: error.detail } });
    }
  }
  return { sound, damaged };
}

/**
 * A checkpoint as the state to begin with: holds the tables against it. From `readLaterBytesMin` bytes on, tables whose block
 * sums were kept are only looked at: whoever uses them reads them later. Changes nothing.
 */
export function startingPointOf(
  fileSystem: FileSystem,
  folder: string,
  checkpoint: SoundCheckpoint,
  readLaterBytesMin: number,
): StartingPoint {
  const later = tablesToReadLater(fileSystem, folder, checkpoint, readLaterBytesMin);
  const { tables, damage } = later ?? verifyTables(fileSystem, folder, checkpoint);
  const documents = new Map([...checkpoint.texts].filter(([name]) => serviceOfSnapshot(name) === undefined));
  return { head: headWith(checkpoint, checkpoint.texts), content: { tables, documents }, damage };
}

/** The state before op 1: the journal must hold everything. */
export const BEFORE_EVERYTHING: StartingPoint = { head: GENESIS, content: NO_CONTENT, damage: [] };

function readCheckpoint(fileSystem: FileSystem, folder: string, name: string, op: OpNumber): SoundCheckpoint {
  const head = reading(`${name}/${HEAD_FILE}`, () => readHead(fileSystem, folder));
  if (head?.base.op !== op) throw new DamagedFileError(`${name}/${HEAD_FILE}`, 'it is missing or damaged');
  const texts = new Map<string, string>();
  for (const file of head.files) {
    if (file.kind === 'table') continue;
    const bytes = reading(`${name}/${file.name}`, () => fileSystem.readFile(path.join(folder, file.name)));
    if (bytes.length !== file.length || hashOf(bytes) !== file.hash)
      throw new DamagedFileError(`${name}/${file.name}`, 'the copy is damaged');
    texts.set(file.name, Buffer.from(bytes).toString('utf8'));
  }
  return { ...head, texts };
}

/** The tables with their kept sums; `undefined` unless there is much to read and all of it has sums. */
function tablesToReadLater(
  fileSystem: FileSystem,
  folder: string,
  { files }: Head,
  readLaterBytesMin: number,
): VerifiedTables | undefined {
  const found = files.filter(({ kind }) => kind === 'table');
  if (found.reduce((sum, { length }) => sum + length, 0) < readLaterBytesMin) return undefined;
  const tables = new Map<string, TableContent>();
  for (const { name, length, hash } of found) {
    const sums = new KeptSums(fileSystem, folder, name).read(length);
    if (sums === undefined || bytesOf(fileSystem, path.join(folder, name)) < length) return undefined;
    tables.set(name, { length, hash: { expected: hash }, sums });
  }
  return { tables, damage: [] };
}

/** Bytes of a file that can be opened; 0 where whoever reads it will learn why it cannot. */
function bytesOf(fileSystem: FileSystem, file: string): number {
  try {
    const open = fileSystem.open(file, false);
    try {
      return open.stat().bytes;
    } finally {
      open.close();
    }
  } catch {
    return 0;
  }
}

interface VerifiedTables {
  readonly tables: Map<string, TableContent>;
  readonly damage: Damage[];
}

function verifyTables(fileSystem: FileSystem, folder: string, head: Head): VerifiedTables {
  const tables = new Map<string, TableContent>();
  const damage: Damage[] = [];
  for (const file of head.files) {
    if (file.kind !== 'table') continue;
    try {
      tables.set(file.name, verifyTable(fileSystem, folder, file, head.base.op));
    } catch (error) {
      if (!(error instanceof DamagedFileError)) throw error;
      const row = suspectRow(fileSystem, path.join(folder, file.name));
      damage.push({ file: error.file, what: error.detail, ...row });
    }
  }
  return { tables, damage };
}

function verifyTable(
  fileSystem: FileSystem,
  folder: string,
  { name, length, hash }: HeadFile,
  at: OpNumber,
): TableContent {
  const running = createHash('sha256');
  const sums = new BlockSums();
  const found = reading(name, () => {
    const open = fileSystem.open(path.join(folder, name), false);
    try {
      return forEachChunk(open, length, (bytes) => {
        running.update(bytes);
        sums.add(bytes);
      });
    } finally {
      open.close();
    }
  });
  if (found < length)
    throw new DamagedFileError(name, `it has ${found} bytes, the checkpoint at op ${at} has ${length}`);
  if (running.copy().digest('hex') !== hash)
    throw new DamagedFileError(name, `its first ${length} bytes are not those of the checkpoint at op ${at}`);
  return { length, hash: running, sums };
}
