import path from 'node:path';
import type { OpNumber } from '../base/numbers.js';
import { DamagedFileError } from '../base/service.js';
import type { CheckpointOffer, Damage, FileStat, FileSystem } from '../ports.js';
import {
  CHECKPOINT_FOLDER,
  checkpointName,
  checkpointOps,
  HEAD_FILE,
  readHead,
  type HeadFile,
} from './checkpoint-head.js';
import { differenceOf } from './tracked-file.js';

/** Reads the checkpoints of a folder for peers that ask, and watches the newest. */
export class CheckpointReader {
  /** Heads can be large: of the one that is being read only the list of files is kept. */
  #files: { readonly inode: number; readonly files: readonly HeadFile[] } | undefined;
  #newest: { readonly file: string; readonly expected: FileStat } | undefined;

  constructor(
    readonly fileSystem: FileSystem,
    readonly folder: string,
  ) {}

  /** The newest checkpoint that can be read; `undefined` when there is none. */
  offer(): CheckpointOffer | undefined {
    for (const op of checkpointOps(this.fileSystem, this.folder)) {
      const head = readHead(this.fileSystem, this.#folderOf(op));
      if (head === undefined) continue;
      return { head: head.head, files: head.files.map(({ name, length, hash }) => ({ name, length, hash })) };
    }
    return undefined;
  }

  /**
   * Bytes of a file of the checkpoint at `op`: a document from its copy, a table from the live file, which has only grown
   * since. `undefined` when that checkpoint is gone; DamagedFileError when the file has become shorter.
   */
  read(op: OpNumber, name: string, offset: number, length: number): Uint8Array | undefined {
    const found = this.#filesOf(op)?.find((file) => file.name === name);
    if (found === undefined) return undefined;
    const wanted = Math.max(0, Math.min(length, found.length - offset));
    const file = path.join(found.kind === 'document' ? this.#folderOf(op) : this.folder, name);
    if (this.fileSystem.stat(file) === undefined) throw new DamagedFileError(name, 'the file is missing');
    const open = this.fileSystem.open(file, false);
    try {
      const bytes = open.read(offset, wanted);
      if (bytes.length === wanted) return bytes;
      throw new DamagedFileError(name, `it ends at byte ${offset + bytes.length} of ${found.length}`);
    } finally {
      open.close();
    }
  }

  /** Takes the newest checkpoint as it stands for what `inspect` compares with. */
  watchNewest(): void {
    const op = checkpointOps(this.fileSystem, this.folder)[0];
    this.#newest = undefined;
    if (op === undefined) return;
    const file = path.join(CHECKPOINT_FOLDER, checkpointName(op), HEAD_FILE);
    const expected = this.fileSystem.stat(path.join(this.folder, file));
    if (expected !== undefined) this.#newest = { file, expected };
  }

  inspect(): Damage | undefined {
    if (this.#newest === undefined) return undefined;
    const { file, expected } = this.#newest;
    const what = differenceOf(expected, this.fileSystem.stat(path.join(this.folder, file)), false);
    return what === undefined ? undefined : { file, what };
  }

  #filesOf(op: OpNumber): readonly HeadFile[] | undefined {
    const stat = this.fileSystem.stat(path.join(this.#folderOf(op), HEAD_FILE));
    if (stat === undefined) return undefined;
    if (this.#files?.inode !== stat.inode) {
      const files = readHead(this.fileSystem, this.#folderOf(op))?.files;
      this.#files = files === undefined ? undefined : { inode: stat.inode, files };
    }
    return this.#files?.files;
  }

  #folderOf(op: OpNumber): string {
    return path.join(this.folder, CHECKPOINT_FOLDER, checkpointName(op));
  }
}
