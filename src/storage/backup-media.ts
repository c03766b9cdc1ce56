import fs from 'node:fs';
import path from 'node:path';
import { BESIDE_SUFFIX } from './durable-file.js';
import { errorCode } from './errors.js';
import { nodeFileSystem } from './node-file-system.js';

/** Something is wrong with a backup, or with where it goes; the message is for people. */
export class BackupError extends Error {
  override readonly name = 'BackupError';
}

/** The bytes of a backup that is read. */
export interface BackupBytes {
  /** Its name, for people. */
  readonly file: string;
  readonly bytes: number;
  /** Fewer than `length` only at its end. */
  read(offset: number, length: number): Uint8Array;
  close(): void;
}

/** Opens a backup for reading; it may lie where nobody can write. Throws BackupError when it cannot be read. */
export function openBackupFile(file: string): BackupBytes {
  try {
    const descriptor = fs.openSync(file, 'r');
    if (fs.fstatSync(descriptor).isDirectory()) {
      fs.closeSync(descriptor);
      throw new Error('it is a folder');
    }
    return {
      file,
      bytes: fs.fstatSync(descriptor).size,
      read(offset, length) {
        const bytes = Buffer.allocUnsafe(length);
        let done = 0;
        for (let read = -1; read !== 0 && done < length; done += read)
          read = fs.readSync(descriptor, bytes, done, length - done, offset + done);
        return bytes.subarray(0, done);
      },
      close: () => fs.closeSync(descriptor),
    };
  } catch (error) {
    const why =
      errorCode(error) === 'ENOENT' ? 'there is no such file' : error instanceof Error ? error.message : String(error);
    throw new BackupError(`${file} cannot be read: ${why}`, { cause: error });
  }
}

/** A backup that is being written, beside its name: it is there whole or not at all. Only its owner may read it. */
export class NewBackupFile {
  readonly #beside: string;
  readonly #descriptor: number;

  /** Throws BackupError when there is a file of that name already, or it cannot be written there. */
  constructor(readonly file: string) {
    if (fs.existsSync(file))
      throw new BackupError(`${file} is there already, and a backup is not overwritten: name another file`);
    this.#beside = file + BESIDE_SUFFIX;
    try {
      // What an attempt that was broken off has left counts for nothing.
      fs.rmSync(this.#beside, { force: true });
      this.#descriptor = fs.openSync(this.#beside, 'wx', 0o600);
    } catch (error) {
      throw new BackupError(`${file} cannot be written: ${String(error)}`, { cause: error });
    }
  }

  /** Writes behind what was written before. Throws BackupError, for instance on a full disk. */
  append(bytes: Uint8Array): void {
    try {
      for (let done = 0; done < bytes.length;) done += fs.writeSync(this.#descriptor, bytes, done);
    } catch (error) {
      throw new BackupError(`${this.file} cannot be written: ${String(error)}; make room, or name another place`, {
        cause: error,
      });
    }
  }

  /** Makes it durable; gives it its name if `check`, which reads it, does not throw. Whatever throws: there is no such file. */
  async keep<T>(check: (written: BackupBytes) => T): Promise<T> {
    fs.fsyncSync(this.#descriptor);
    const written = openBackupFile(this.#beside);
    try {
      const found = check(written);
      fs.renameSync(this.#beside, this.file);
      await nodeFileSystem.syncFolder(path.dirname(path.resolve(this.file)));
      return found;
    } finally {
      written.close();
      fs.closeSync(this.#descriptor);
    }
  }

  /** Removes what was written. */
  discard(): void {
    fs.rmSync(this.#beside, { force: true });
  }
}
