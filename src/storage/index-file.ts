import type { IndexFile } from '../base/service.js';
import type { FileSystem, OpenFile } from '../ports.js';

/**
 * An index file in a replica's folder; made with the first bytes. No error of the disk here is one of the replica: the tables hold
 * everything. After one the file is left alone: what may be torn at its end does not pass its checksum.
 */
export class FolderIndexFile implements IndexFile {
  #open: OpenFile | undefined;
  #length = 0;
  #isInUse = false;

  constructor(
    readonly fileSystem: FileSystem,
    readonly path: string,
  ) {}

  get length(): number {
    return this.#length;
  }

  /** From here on the folder may be written to. */
  begin(): void {
    this.close();
    this.#isInUse = true;
    this.#orNothing(() => {
      if (this.fileSystem.stat(this.path) === undefined) return;
      this.#open = this.fileSystem.open(this.path, false);
      this.#length = this.#open.stat().bytes;
    });
  }

  /** Nothing is read or written until the next `begin`. */
  close(): void {
    const open = this.#open;
    this.#isInUse = false;
    this.#open = undefined;
    this.#length = 0;
    open?.close();
  }

  read(offset: number, length: number): Uint8Array {
    let bytes: Uint8Array = new Uint8Array(0);
    this.#orNothing(() => {
      bytes = this.#open?.read(offset, Math.min(length, this.#length - offset)) ?? bytes;
    });
    return bytes;
  }

  cut(length: number): void {
    if (length >= this.#length) return;
    this.#orNothing(() => {
      this.#open?.truncate(length);
      this.#length = length;
    });
  }

  append(bytes: Uint8Array): boolean {
    if (!this.#isInUse) return false;
    this.#orNothing(() => {
      this.#open ??= this.fileSystem.open(this.path, true);
      this.#open.write(this.#length, bytes);
      this.#length += bytes.length;
    });
    return this.#isInUse;
  }

  #orNothing(run: () => void): void {
    try {
      run();
    } catch {
      this.close();
    }
  }
}
