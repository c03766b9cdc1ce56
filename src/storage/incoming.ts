import { createHash, type Hash } from 'node:crypto';
import path from 'node:path';
import type { OpNumber } from '../base/numbers.js';
import type { FileSystem, OpenFile } from '../ports/file-system.js';
import { DiskFullError, type CheckpointHead, type CheckpointOffer, type Damage } from '../ports/storage.js';
import {
  CHECKPOINT_FOLDER,
  HEAD_FILE,
  checkpointName,
  checkpointOps,
  headWith,
  readHead,
  serviceOfSnapshot,
  type HeadFile,
} from './checkpoint-head.js';
import { removeCheckpoints, writeCheckpointFolder } from './checkpoint.js';
import { forEachChunk, writeWhole } from './durable-file.js';
import { isDiskFull } from './errors.js';
import { hashOf, isServiceFileName } from './service-files.js';

/** Where a checkpoint from a peer gathers. */
export const INCOMING_FOLDER = 'incoming';
const TABLES = 'tables';
const HEAD = 'checkpoint';
const INSTALL_NAME = /^install-([0-9]+)$/;

/** Name of the folder of a checkpoint whose install is committed, or about to be, by the switch of this number. */
export const installName = (number: number): string => `install-${number}`;

interface Staged {
  readonly open: OpenFile;
  /** Runs along while the pieces come in order; `undefined` once they did not. */
  hash: Hash | undefined;
  bytes: number;
}

/** A checkpoint that is being received, in `incoming/`. */
export class Incoming {
  readonly #staged = new Map<string, Staged>();

  constructor(
    readonly fileSystem: FileSystem,
    readonly folder: string,
  ) {}

  /** Keeps the first bytes of these files for the checkpoint that comes now, and drops the rest. */
  begin(kept: ReadonlyMap<string, number>): void {
    if (kept.size === 0) this.clear();
    for (const [name, staged] of this.#staged) {
      const bytes = kept.get(name);
      if (bytes === undefined) this.#drop(name, staged);
      else if (bytes < staged.bytes) {
        staged.open.truncate(bytes);
        staged.bytes = bytes;
        staged.hash = undefined;
      }
    }
  }

  /** Keeps a piece. DiskFullError when there is no room for it. */
  stage(name: string, offset: number, bytes: Uint8Array): void {
    if (!isServiceFileName(name)) throw new Error(`a checkpoint cannot hold a file named ${JSON.stringify(name)}`);
    try {
      const staged = this.#open(name);
      staged.open.write(offset, bytes);
      if (offset === staged.bytes) staged.hash?.update(bytes);
      else staged.hash = undefined;
      staged.bytes = Math.max(staged.bytes, offset + bytes.length);
    } catch (error) {
      if (!isDiskFull(error)) throw error;
      throw new DiskFullError('no room on the disk for the checkpoint of a peer', { cause: error });
    }
  }

  /** Whether everything staged has the lengths and hashes of the offer. */
  verify(offer: CheckpointOffer): boolean {
    return offer.files.every(({ name, length, hash }) => {
      if (!isServiceFileName(name)) return false;
      const staged = this.#staged.get(name);
      if (staged === undefined) return length === 0 && hash === hashOf('');
      if (staged.bytes !== length || staged.open.stat().bytes !== length) return false;
      return this.#hashOf(staged).copy().digest('hex') === hash;
    });
  }

  /** The snapshots of what was staged, by service. */
  head(offer: CheckpointOffer): CheckpointHead {
    const texts = new Map<string, string>();
    for (const { name, length } of offer.files) {
      if (serviceOfSnapshot(name) === undefined) continue;
      const bytes = this.#staged.get(name)?.open.read(0, length) ?? new Uint8Array();
      texts.set(name, Buffer.from(bytes).toString('utf8'));
    }
    return headWith(offer.head, texts);
  }

  /** The running hash of each file, for the tables that take the files over. */
  hashes(): Map<string, Hash> {
    return new Map([...this.#staged].map(([name, staged]) => [name, this.#hashOf(staged)]));
  }

  /**
   * Makes what was staged durable: tables to be renamed into place, and the folder of the checkpoint with its snapshots and
   * documents; the texts of these are returned. Can be called again. Nothing counts until replica.json names the install.
   */
  async prepare(offer: CheckpointOffer, isDocument: (name: string) => boolean): Promise<Map<string, string>> {
    const incoming = path.join(this.folder, INCOMING_FOLDER);
    const tables = path.join(incoming, TABLES);
    const files: HeadFile[] = [];
    const copies = new Map<string, Uint8Array>();
    this.fileSystem.makeFolder(tables);
    for (const { name, length, hash } of offer.files) {
      const kind = kindOf(name, isDocument);
      files.push({ name, length, hash, kind });
      const staged = this.#staged.get(name);
      if (kind !== 'table') copies.set(name, staged?.open.read(0, length) ?? new Uint8Array());
      else if (staged === undefined) await writeWhole(this.fileSystem, path.join(tables, name), new Uint8Array());
      else await staged.open.sync();
    }
    await writeCheckpointFolder(this.fileSystem, path.join(incoming, HEAD), { base: offer.head.base, files }, copies);
    await this.fileSystem.syncFolder(tables);
    await this.fileSystem.syncFolder(incoming);
    const documents = [...copies].filter(([name]) => serviceOfSnapshot(name) === undefined);
    return new Map(documents.map(([name, bytes]) => [name, Buffer.from(bytes).toString('utf8')]));
  }

  /** Gives what was prepared to the switch of this number; from here on it is no longer staged. */
  async handOver(number: number): Promise<void> {
    this.#close();
    this.fileSystem.remove(path.join(this.folder, installName(number)));
    this.fileSystem.rename(path.join(this.folder, INCOMING_FOLDER), path.join(this.folder, installName(number)));
    await this.fileSystem.syncFolder(this.folder);
  }

  /** Forgets what was staged. */
  clear(): void {
    this.#close();
    this.fileSystem.remove(path.join(this.folder, INCOMING_FOLDER));
  }

  #close(): void {
    for (const { open } of this.#staged.values()) open.close();
    this.#staged.clear();
  }

  #drop(name: string, { open }: Staged): void {
    open.close();
    this.fileSystem.remove(this.#placeOf(name));
    this.#staged.delete(name);
  }

  #placeOf(name: string): string {
    return path.join(this.folder, INCOMING_FOLDER, TABLES, name);
  }

  #open(name: string): Staged {
    const known = this.#staged.get(name);
    if (known !== undefined) return known;
    const place = this.#placeOf(name);
    this.fileSystem.makeFolder(path.dirname(place));
    const open = this.fileSystem.open(place, true);
    const staged = { open, hash: createHash('sha256'), bytes: 0 };
    this.#staged.set(name, staged);
    return staged;
  }

  #hashOf(staged: Staged): Hash {
    if (staged.hash === undefined) {
      const hash = createHash('sha256');
      forEachChunk(staged.open, staged.bytes, (bytes) => hash.update(bytes));
      staged.hash = hash;
    }
    return staged.hash;
  }
}

function kindOf(name: string, isDocument: (name: string) => boolean): HeadFile['kind'] {
  if (serviceOfSnapshot(name) !== undefined) return 'snapshot';
  return isDocument(name) ? 'document' : 'table';
}

/**
 * Moves what a committed install has brought into its places. Each step can be done again, and is, at the next start, when
 * the process died in between; the folder of the install goes last. Returns what of it is damaged, if anything.
 */
export async function finishInstall(
  fileSystem: FileSystem,
  folder: string,
  number: number,
  op: OpNumber | null,
): Promise<Damage | undefined> {
  const install = path.join(folder, installName(number));
  if (op === null || fileSystem.stat(install) === undefined) return undefined;
  const tables = path.join(install, TABLES);
  const all = path.join(folder, CHECKPOINT_FOLDER);
  const place = path.join(all, checkpointName(op));
  if (fileSystem.stat(all) === undefined) fileSystem.makeFolder(all);
  if (fileSystem.stat(path.join(install, HEAD)) !== undefined) {
    const head = readHead(fileSystem, path.join(install, HEAD));
    if (head === undefined) return { file: `${installName(number)}/${HEAD}/${HEAD_FILE}`, what: 'it is damaged' };
    for (const { name, kind } of head.files) {
      const from = path.join(tables, name);
      if (kind === 'table' && fileSystem.stat(from) !== undefined) fileSystem.rename(from, path.join(folder, name));
    }
    // The tables must be in their places for good before the head goes, which says what they are.
    await fileSystem.syncFolder(folder);
    await fileSystem.syncFolder(tables);
    fileSystem.remove(place);
    fileSystem.rename(path.join(install, HEAD), place);
  }
  await fileSystem.syncFolder(all);
  await fileSystem.syncFolder(folder);
  await fileSystem.syncFolder(install);
  const others = checkpointOps(fileSystem, folder).filter((other) => other !== op);
  await removeCheckpoints(fileSystem, folder, others);
  fileSystem.remove(install);
  await fileSystem.syncFolder(folder);
  return undefined;
}

/** Removes what unfinished receptions and installs have left; `finishInstall` must have been called for the committed one. */
export function removeIncoming(fileSystem: FileSystem, folder: string): void {
  for (const name of fileSystem.list(folder)) {
    if (name === INCOMING_FOLDER || INSTALL_NAME.test(name)) fileSystem.remove(path.join(folder, name));
  }
}
