import path from 'node:path';
import { op as makeOp, type OpNumber } from '../base/numbers.js';
import type { CheckpointFile, CheckpointHead, FileSystem } from '../ports.js';
import { checksumOf } from './slots.js';

/** Folder of the checkpoints. */
export const CHECKPOINT_FOLDER = 'checkpoint';
/** What a checkpoint's folder begins with. */
export const HEAD_FILE = 'head.json';

/** A file of a checkpoint as head.json tells it: a document is copied into the checkpoint, a table stays where it is. */
export interface HeadFile extends CheckpointFile {
  readonly kind: 'table' | 'document';
}

/** Everything in head.json. */
export interface Head {
  readonly head: CheckpointHead;
  readonly files: readonly HeadFile[];
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
export function encodeHead({ head, files }: Head): Buffer {
  const { base, snapshots } = head;
  const text = JSON.stringify({ base, snapshots, files });
  return Buffer.from(`${text.slice(0, -1)},"checksum":"${checksumOf(text)}"}\n`);
}

/** The head in these bytes; `undefined` when they are not exactly what `encodeHead` makes. */
export function decodeHead(bytes: Uint8Array): Head | undefined {
  const text = Buffer.from(bytes).toString('utf8');
  const at = text.lastIndexOf(',"checksum":"');
  if (at < 0) return undefined;
  const body = `${text.slice(0, at)}}`;
  if (text !== `${text.slice(0, at)},"checksum":"${checksumOf(body)}"}\n`) return undefined;
  const { base, snapshots, files } = JSON.parse(body) as CheckpointHead & { files: HeadFile[] };
  return { head: { base, snapshots }, files };
}

/** Reads head.json of a checkpoint's folder; `undefined` when it is missing or damaged. */
export function readHead(fileSystem: FileSystem, checkpointFolder: string): Head | undefined {
  const file = path.join(checkpointFolder, HEAD_FILE);
  return fileSystem.stat(file) === undefined ? undefined : decodeHead(fileSystem.readFile(file));
}
