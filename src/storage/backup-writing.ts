import { createHash, type Hash } from 'node:crypto';
import path from 'node:path';
import { JOURNAL_HEADER } from '../base/entry.js';
import { nextOp, op as makeOp } from '../base/numbers.js';
import { JOURNAL_PART, type BackupHead, type BackupPiece } from '../ports/backup.js';
import { encodeManifest, MANIFEST_FILE, type BackupPart } from './backup-manifest.js';
import { BackupError, NewBackupFile } from './backup-media.js';
import { readBackup, type Backup } from './backup-reading.js';
import {
  CHECKPOINT_FOLDER,
  checkpointName,
  encodeHead,
  HEAD_FILE,
  serviceOfSnapshot,
  type Head,
} from './checkpoint-head.js';
import { JOURNAL_FOLDER } from './journal-mark.js';
import { segmentName } from './journal-segment.js';
import { isServiceFileName } from './service-files.js';
import { TAR_END, tarHeader, tarPadding } from './tar.js';

/** What a backup is written from, as a replica sends it. */
export interface BackupSource {
  readonly head: BackupHead;
  readonly pieces: AsyncIterable<BackupPiece>;
}

/**
 * Writes a backup file, a tar file with the names of a replica's folder, and reads it again, all of it. It is durable and has its name
 * when this resolves; otherwise there is no such file. Throws BackupError when something came that is not what was announced,
 * and whatever the source throws. `onBytes` is told how much was written of how much.
 */
export async function writeBackup(
  file: string,
  { head, pieces }: BackupSource,
  onBytes: (written: number, of: number) => void = () => undefined,
): Promise<Backup> {
  const target = new NewBackupFile(file);
  try {
    const writing = new Writing(target, head);
    for await (const piece of pieces) onBytes(writing.take(piece), writing.bytes);
    writing.finish();
    return await target.keep(readBackup);
  } catch (error) {
    target.discard();
    throw error;
  }
}

interface Expected {
  /** As the replica names it. */
  readonly name: string;
  readonly place: string;
  readonly bytes: number;
}

class Writing {
  readonly #expected: Expected[];
  readonly #parts: BackupPart[] = [];
  #part: { readonly expected: Expected; readonly hash: Hash; bytes: number } | undefined;
  #taken = 0;

  constructor(
    readonly target: NewBackupFile,
    readonly head: BackupHead,
  ) {
    const { checkpoint, journalBytes, view } = head;
    const base = checkpoint?.head.base.op ?? makeOp(0);
    const files = checkpoint?.files ?? [];
    for (const { name } of files)
      if (!isServiceFileName(name))
        throw new BackupError(`the replica names a file ${JSON.stringify(name)}: nothing is written`);
    const inCheckpoint = path.posix.join(CHECKPOINT_FOLDER, checkpointName(base));
    this.#expected = files.map(({ name, length, grows }) => ({
      name,
      place: grows ? name : path.posix.join(inCheckpoint, name),
      bytes: length,
    }));
    this.#expected.push({
      name: JOURNAL_PART,
      place: path.posix.join(JOURNAL_FOLDER, segmentName(view, nextOp(base))),
      bytes: Buffer.byteLength(JOURNAL_HEADER) + journalBytes,
    });
    if (checkpoint !== undefined) this.#whole(path.posix.join(inCheckpoint, HEAD_FILE), encodeHead(headOf(checkpoint)));
  }

  /** All that will come. */
  get bytes(): number {
    return this.#expected.reduce((sum, { bytes }) => sum + bytes, 0);
  }

  /** Writes a piece; returns the bytes taken so far. */
  take({ name, offset, bytes }: BackupPiece): number {
    if (this.#part?.expected.name !== name) this.#begin(name);
    const part = this.#part;
    const before = name === JOURNAL_PART ? Buffer.byteLength(JOURNAL_HEADER) : 0;
    if (part === undefined || part.bytes !== before + offset || part.bytes + bytes.length > part.expected.bytes)
      throw new BackupError(`the replica sent bytes of ${name} out of order: take the backup again`);
    this.#add(bytes);
    return this.#taken;
  }

  /** Everything has come. */
  finish(): void {
    if (this.#part?.expected.name !== JOURNAL_PART) this.#begin(JOURNAL_PART);
    this.#endPart();
    // A file without a byte has no piece.
    for (const expected of this.#missing()) {
      if (expected.bytes > 0) throw new BackupError(`the replica did not send ${expected.name}: take the backup again`);
      this.#open(expected);
      this.#endPart();
    }
    const { clusterId, members, view, op, chain, timeMs } = this.head;
    const manifest = encodeManifest({ clusterId, members, view, op, chain, timeMs, parts: this.#parts });
    this.#member(MANIFEST_FILE, manifest);
    this.target.append(TAR_END);
  }

  #missing(): Expected[] {
    return this.#expected.filter(({ place }) => !this.#parts.some(({ name }) => name === place));
  }

  #begin(name: string): void {
    this.#endPart();
    const expected = this.#missing().find((one) => one.name === name);
    if (expected === undefined) throw new BackupError(`the replica sent ${name} unasked: take the backup again`);
    this.#open(expected);
    if (name === JOURNAL_PART) this.#add(Buffer.from(JOURNAL_HEADER));
  }

  #open(expected: Expected): void {
    this.target.append(tarHeader({ name: expected.place, bytes: expected.bytes }, this.head.timeMs));
    this.#part = { expected, hash: createHash('sha256'), bytes: 0 };
  }

  #add(bytes: Uint8Array): void {
    if (this.#part === undefined) return;
    this.target.append(bytes);
    this.#part.hash.update(bytes);
    this.#part.bytes += bytes.length;
    this.#taken += bytes.length;
  }

  #endPart(): void {
    const part = this.#part;
    if (part === undefined) return;
    const { place, bytes, name } = part.expected;
    if (part.bytes !== bytes)
      throw new BackupError(`the replica sent ${part.bytes} of ${bytes} bytes of ${name}: take the backup again`);
    this.target.append(Buffer.alloc(tarPadding(bytes)));
    this.#parts.push({ name: place, bytes, sha256: part.hash.digest('hex') });
    this.#part = undefined;
  }

  #whole(place: string, content: Buffer): void {
    this.#member(place, content);
    this.#parts.push({
      name: place,
      bytes: content.length,
      sha256: createHash('sha256').update(content).digest('hex'),
    });
  }

  #member(name: string, content: Buffer): void {
    this.target.append(tarHeader({ name, bytes: content.length }, this.head.timeMs));
    this.target.append(content);
    this.target.append(Buffer.alloc(tarPadding(content.length)));
  }
}

function headOf({ head: { base }, files }: NonNullable<BackupHead['checkpoint']>): Head {
  return {
    base,
    files: files.map(({ name, length, hash, grows }) => ({
      name,
      kind: grows ? 'table' : serviceOfSnapshot(name) === undefined ? 'document' : 'snapshot',
      length,
      hash,
    })),
  };
}
