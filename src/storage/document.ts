import path from 'node:path';
import type { Document } from '../base/service.js';
import type { Damage, FileStat, FileSystem } from '../ports.js';
import { BESIDE_SUFFIX } from './durable-file.js';
import { isDiskFull } from './errors.js';
import { differenceOf } from './tracked-file.js';

/**
 * A small file that is replaced whole, beside and by rename. Not fsynced when it is written: at start it is put back from
 * the checkpoint and the journal.
 */
export class DocumentFile implements Document {
  #text: string | undefined;
  #isDirty = false;
  #expected: FileStat | undefined;

  constructor(
    readonly name: string,
    readonly fileSystem: FileSystem,
    readonly folder: string,
  ) {}

  read(): string {
    this.#text ??= this.#readText();
    return this.#text;
  }

  write(text: string): void {
    this.#text = text;
    this.#isDirty = true;
  }

  /** Writes a changed text to its file; false when there was no room: the next flush tries again. */
  flush(): boolean {
    if (!this.#isDirty) return true;
    const file = path.join(this.folder, this.name);
    const beside = file + BESIDE_SUFFIX;
    try {
      const open = this.fileSystem.open(beside, true);
      try {
        open.truncate(0);
        open.write(0, Buffer.from(this.read()));
      } finally {
        open.close();
      }
      this.fileSystem.rename(beside, file);
    } catch (error) {
      if (!isDiskFull(error)) throw error;
      this.fileSystem.remove(beside);
      return false;
    }
    this.#isDirty = false;
    this.#expected = this.fileSystem.stat(file);
    return true;
  }

  /** Takes what a checkpoint holds; touches the file only when it differs. */
  restore(text: string): void {
    this.#isDirty = text !== this.#readText();
    this.#text = text;
    this.#expected = this.fileSystem.stat(path.join(this.folder, this.name));
  }

  /** Judges only what this process has written or restored: before the founding the file is the operator's. */
  inspect(): Damage | undefined {
    if (this.#expected === undefined || this.#isDirty) return undefined;
    const what = differenceOf(this.#expected, this.fileSystem.stat(path.join(this.folder, this.name)), false);
    return what === undefined ? undefined : { file: this.name, what };
  }

  #readText(): string {
    const file = path.join(this.folder, this.name);
    if (this.fileSystem.stat(file) === undefined) return '';
    return Buffer.from(this.fileSystem.readFile(file)).toString('utf8');
  }
}
