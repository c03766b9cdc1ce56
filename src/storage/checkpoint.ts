import { createHash } from 'node:crypto';
import path from 'node:path';
import { GENESIS_CHAIN } from '../base/entry.js';
import { op as makeOp, type OpNumber } from '../base/numbers.js';
import type { CheckpointHead, Damage, FileSystem } from '../ports.js';
import {
  CHECKPOINT_FOLDER,
  checkpointName,
  checkpointOps,
  encodeHead,
  HEAD_FILE,
  readHead,
  type Head,
} from './checkpoint-head.js';
import { BESIDE_SUFFIX, forEachChunk, writeWhole } from './durable-file.js';
import { hashOf, NO_CONTENT, type FilesContent, type TableContent } from './service-files.js';

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
  documents: ReadonlyMap<string, string | Uint8Array>,
): Promise<void> {
  fileSystem.remove(folder);
  fileSystem.makeFolder(folder);
  for (const [name, content] of documents) {
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
  documents: ReadonlyMap<string, string>,
): Promise<void> {
  const all = path.join(folder, CHECKPOINT_FOLDER);
  const place = path.join(all, checkpointName(head.head.base.op));
  const beside = place + BESIDE_SUFFIX;
  if (fileSystem.stat(all) === undefined) {
    fileSystem.makeFolder(all);
    await fileSystem.syncFolder(folder);
  }
  try {
    await writeCheckpointFolder(fileSystem, beside, head, documents);
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

/** The state that the tables are to begin with, and what was wrong with newer ones. */
export interface ChosenCheckpoint {
  readonly head: CheckpointHead;
  readonly content: FilesContent;
  /** Damage that an older checkpoint makes good. */
  readonly repaired: readonly Damage[];
  /** Damage of the tables, which the journal alone does not make good. */
  readonly damage: readonly Damage[];
  /** Lengths that the tables' files are to be cut to. */
  readonly lengths: ReadonlyMap<string, number>;
}

/**
 * Chooses the newest checkpoint whose own files are sound (an older one is as good, with more of the journal), and checks
 * the tables against it. Changes nothing.
 */
export function chooseCheckpoint(fileSystem: FileSystem, folder: string): ChosenCheckpoint {
  const repaired: Damage[] = [];
  for (const op of checkpointOps(fileSystem, folder)) {
    const name = `${CHECKPOINT_FOLDER}/${checkpointName(op)}`;
    const read = readCheckpoint(fileSystem, path.join(folder, name), name, op);
    if ('file' in read) {
      repaired.push(read);
      continue;
    }
    const { tables, damage } = verifyTables(fileSystem, folder, read.head);
    const lengths = new Map([...tables].map(([table, { length }]) => [table, length]));
    return { head: read.head.head, content: { tables, documents: read.documents }, repaired, damage, lengths };
  }
  return { head: GENESIS, content: NO_CONTENT, repaired, damage: [], lengths: new Map() };
}

function readCheckpoint(
  fileSystem: FileSystem,
  folder: string,
  name: string,
  op: OpNumber,
): { head: Head; documents: Map<string, string> } | Damage {
  const head = readHead(fileSystem, folder);
  if (head?.head.base.op !== op) return { file: `${name}/${HEAD_FILE}`, what: 'it is missing or damaged' };
  const documents = new Map<string, string>();
  for (const file of head.files) {
    if (file.kind !== 'document') continue;
    const copy = path.join(folder, file.name);
    const bytes = fileSystem.stat(copy) === undefined ? undefined : fileSystem.readFile(copy);
    if (bytes === undefined || bytes.length !== file.length || hashOf(bytes) !== file.hash) {
      return {
        file: `${name}/${file.name}`,
        what: bytes === undefined ? 'the copy is missing' : 'the copy is damaged',
      };
    }
    documents.set(file.name, Buffer.from(bytes).toString('utf8'));
  }
  return { head, documents };
}

function verifyTables(
  fileSystem: FileSystem,
  folder: string,
  head: Head,
): { tables: Map<string, TableContent>; damage: Damage[] } {
  const tables = new Map<string, TableContent>();
  const damage: Damage[] = [];
  for (const { name, kind, length, hash } of head.files) {
    if (kind !== 'table') continue;
    if (fileSystem.stat(path.join(folder, name)) === undefined) {
      damage.push({ file: name, what: 'the file is missing' });
      continue;
    }
    const running = createHash('sha256');
    const found = readTable(fileSystem, path.join(folder, name), length, (bytes) => running.update(bytes));
    if (found < length) {
      damage.push({
        file: name,
        what: `it has ${found} bytes, the checkpoint at op ${head.head.base.op} has ${length}`,
      });
    } else if (running.copy().digest('hex') !== hash) {
      damage.push({ file: name, what: `its first ${length} bytes are not those of the checkpoint` });
    } else {
      tables.set(name, { length, hash: running });
    }
  }
  return { tables, damage };
}

function readTable(fileSystem: FileSystem, file: string, length: number, use: (bytes: Uint8Array) => void): number {
  const open = fileSystem.open(file, false);
  try {
    return forEachChunk(open, length, use);
  } finally {
    open.close();
  }
}
