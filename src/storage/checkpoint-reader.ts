import path from 'node:path';
import type { OpNumber } from '../base/numbers.js';
import { DamagedFileError } from '../base/service.js';
import type { FileStat, FileSystem } from '../ports/file-system.js';
import type { CheckpointOffer, Damage } from '../ports/storage.js';
import {
  CHECKPOINT_FOLDER,
  checkpointName,
  checkpointOps,
  HEAD_FILE,
  readHead,
  type HeadFile,
} from './checkpoint-head.js';
import { checkedByHash, checkedHead } from './checked-files.js';
import type { Upcoming } from './scrub.js';
import { differenceOf } from './tracked-file.js';

/** Reads the checkpoints of a folder for peers that ask, and watches them. */
export class CheckpointReader {
  /** Of the checkpoint that is being read. */
  #files: { readonly inode: number; readonly files: readonly HeadFile[] } | undefined;
  /** Newest first; of each the files by their path in the replica's folder. */
  #watched: ReadonlyMap<string, FileStat>[] = [];

  constructor(
    readonly fileSystem: FileSystem,
    readonly folder: string,
  ) {}

  /** The newest checkpoint that can be read; `undefined` when there is none. */
  offer(): CheckpointOffer | undefined {
    for (const op of checkpointOps(this.fileSystem, this.folder)) {
      const head = readHead(this.fileSystem, this.#folderOf(op));
      if (head === undefined) continue;
      const files = head.files.map(({ name, length, hash, kind }) => ({ name, length, hash, grows: kind === 'table' }));
      return { head: { base: head.base, snapshots: {} }, files };
    }
    return undefined;
  }

  /**
   * Bytes of a file of the checkpoint at `op`: a document or snapshot from its copy, a table from the live file, which has only
   * grown since. `undefined` when that checkpoint is gone; DamagedFileError when the file has become shorter.
   */
  read(op: OpNumber, name: string, offset: number, length: number): Uint8Array | undefined {
    const found = this.#filesOf(op)?.find((file) => file.name === name);
    if (found === undefined) return undefined;
    const wanted = Math.max(0, Math.min(length, found.length - offset));
    const file = path.join(found.kind === 'table' ? this.folder : this.#folderOf(op), name);
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

  /** Takes the checkpoints as they stand for what the inspections compare with. */
  watch(): void {
    const ops = checkpointOps(this.fileSystem, this.folder);
    this.#watched = ops.map((op) => {
      const place = path.join(CHECKPOINT_FOLDER, checkpointName(op));
      const files = new Map<string, FileStat>();
      for (const name of this.fileSystem.list(path.join(this.folder, place))) {
        const expected = this.fileSystem.stat(path.join(this.folder, place, name));
        if (expected !== undefined) files.set(path.join(place, name), expected);
      }
      return files;
    });
  }

  /** What is wrong with the newest checkpoint's own files. */
  inspect(): Damage[] {
    return this.#inspectAll(this.#watched.slice(0, 1));
  }

  /** What is wrong with the older ones: they are there only to fall back to. */
  inspectOlder(): Damage[] {
    return this.#inspectAll(this.#watched.slice(1));
  }

  /** The checkpoints' own files as they should be. */
  checked(): Upcoming[] {
    return checkpointOps(this.fileSystem, this.folder).flatMap((op) => {
      const copies = (this.#filesOf(op) ?? []).filter(({ kind }) => kind !== 'table');
      return [
        () => {
          const place = this.#placeOf(op, HEAD_FILE);
          const stat = this.fileSystem.stat(place.path);
          return stat === undefined ? undefined : checkedHead({ ...place, bytes: stat.bytes });
        },
        ...copies.map(
          ({ name, length, hash }) =>
            () =>
              checkedByHash({ ...this.#placeOf(op, name), bytes: length }, hash, () => undefined),
        ),
      ];
    });
  }

  #placeOf(op: OpNumber, name: string): { file: string; path: string } {
    const file = path.join(CHECKPOINT_FOLDER, checkpointName(op), name);
    return { file, path: path.join(this.folder, file) };
  }

  #inspectAll(checkpoints: readonly ReadonlyMap<string, FileStat>[]): Damage[] {
    const found: Damage[] = [];
    for (const [file, expected] of checkpoints.flatMap((files) => [...files])) {
      const what = differenceOf(expected, this.fileSystem.stat(path.join(this.folder, file)), false);
      if (what !== undefined) found.push({ file, what });
    }
    return found;
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
