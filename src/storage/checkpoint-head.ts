import path from 'node:path';
import { op as makeOp, type OpNumber } from '../base/numbers.js';
import type { FileSystem } from '../ports/file-system.js';
import type { CheckpointFile, CheckpointHead, LogBase } from '../ports/storage.js';
import { checksumOf } from './slots.js';

/** Folder of the checkpoints. */
export const CHECKPOINT_FOLDER = 'checkpoint';
/** What a checkpoint's folder begins with. */
export const HEAD_FILE = 'head.json';

/**
 * A file of a checkpoint as head.json tells it: a document is copied into the checkpoint, a service's snapshot stands only
 * there, a table stays where it is.
 */
export interface HeadFile extends CheckpointFile {
  readonly kind: 'table' | 'document' | 'snapshot';
}

/** Everything in head.json. */
export interface Head {
  readonly base: LogBase;
  readonly files: readonly HeadFile[];
}

const SNAPSHOT_SUFFIX = '.snapshot';

/** Name of the file that holds a service's snapshot. */
export const snapshotName = (service: string): string => service + SNAPSHOT_SUFFIX;

/** The service whose snapshot a file of this name holds; `undefined` for other files. */
export const serviceOfSnapshot = (name: string): string | undefined =>
  name.endsWith(SNAPSHOT_SUFFIX) ? name.slice(0, -SNAPSHOT_SUFFIX.length) : undefined;

/** A checkpoint's head with the snapshots that its files hold. */
export function headWith({ base }: Pick<Head, 'base'>, texts: ReadonlyMap<string, string>): CheckpointHead {
  const snapshots: Record<string, string> = {};
  for (const [name, text] of texts) {
    const service = serviceOfSnapshot(name);
    if (service !== undefined) snapshots[service] = text;
  }
  return { base, snapshots };
}

const FOLDER_NAME = /^[0-9]{16}$/;

/** Name of the folder of the checkpoint at an op. */
export const checkpointName = (op: OpNumber): string => String(op).padStart(16, '0');

/** Ops of the checkpoints in a folder, newest first; unfinished ones do not count. */
export function checkpointOps(fileSystem: FileSystem, folder: string): OpNumber[] {
  const names = fileSystem.list(path.join(folder, CHECKPOINT_FOLDER)).filter((name) => FOLDER_NAME.test(name));
  return names.map((name) => makeOp(Number(name))).sort((a, b) => b - a);
}

/** Bytes of head.json. */
export function encodeHead({ base, files }: Head): Buffer {
  const text = JSON.stringify({ base, files });
  return Buffer.from(`${text.slice(0, -1)},"checksum":"${checksumOf(text)}"}\n`);
}

/** The head in these bytes; `undefined` when they are not exactly what `encodeHead` makes. */
export function decodeHead(bytes: Uint8Array): Head | undefined {
  const text = Buffer.from(bytes).toString('utf8');
  const at = text.lastIndexOf(',"checksum":"');
  if (at < 0) return undefined;
  const body = `${text.slice(0, at)}}`;
  if (text !== `${text.slice(0, at)},"checksum":"${checksumOf(body)}"}\n`) return undefined;
  const { base, files, ...more } = JSON.parse(body) as Head;
  // A form of earlier versions had the snapshots here: without them the tables alone are not the state.
  return Object.keys(more).length > 0 ? undefined : { base, files };
}

/** Reads head.json of a checkpoint's folder; `undefined` when it is missing or damaged. */
export function readHead(fileSystem: FileSystem, checkpointFolder: string): Head | undefined {
  const file = path.join(checkpointFolder, HEAD_FILE);
  return fileSystem.stat(file) === undefined ? undefined : decodeHead(fileSystem.readFile(file));
}
