import type { IndexFile } from '../base/service.js';
import type { FileSystem, OpenFile } from '../ports.js';

/** An index file in a replica's folder. No error of the disk is one of the replica: the tables hold everything. */
export class FolderIndexFile implements IndexFile {
  #open: OpenFile | undefined;
  #length = 0;

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
    this.#orNothing(() => {
      this.#open = this.fileSystem.open(this.path, true);
      this.#length = this.#open.stat().bytes;
    });
  }

  /** Nothing may be on the disk until the next `begin`. */
  close(): void {
    const open = this.#open;
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
    this.#orNothing(() => {
      this.#open?.write(this.#length, bytes);
      this.#length += bytes.length;
    });
    return this.#open !== undefined;
  }

  /** After an error the file is left alone: what may be torn at its end does not pass its checksum. */
  #orNothing(run: () => void): void {
    try {
      run();
    } catch {
      this.close();
    }
  }
}
