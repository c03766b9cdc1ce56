import type { IndexFile } from '../base/service.js';
import type { FileSystem, OpenFile } from '../ports/file-system.js';

/** `failed`: an error of the disk; the file is left alone until the next `begin`, but that it can still be emptied. */
type Use = 'closed' | 'inUse' | 'failed';

/**
 * An index file in a replica's folder; made with the first bytes. No error of the disk here is one of the replica: the tables hold
 * everything. After one the file is left alone: what may be torn at its end does not pass its checksum.
 */
export class FolderIndexFile implements IndexFile {
  #open: OpenFile | undefined;
  #length = 0;
  #use: Use = 'closed';

  constructor(
    readonly fileSystem: FileSystem,
    readonly path: string,
  ) {}

  get length(): number {
    return this.#length;
  }

  /** From here on the folder may be written to. */
  begin(): void {
    this.#leave('inUse');
    this.#orFail(() => {
      if (this.fileSystem.stat(this.path) === undefined) return;
      this.#open = this.fileSystem.open(this.path, false);
      this.#length = this.#open.stat().bytes;
    });
  }

  /** Nothing is read or written until the next `begin`. */
  close(): void {
    this.#leave('closed');
  }

  /** What the file says may be wrong: it goes, and nothing is written until the next `begin`. */
  distrust(): void {
    this.cut(0);
    this.close();
  }

  read(offset: number, length: number): Uint8Array {
    let bytes: Uint8Array = new Uint8Array(0);
    this.#orFail(() => {
      bytes = this.#open?.read(offset, Math.min(length, this.#length - offset)) ?? bytes;
    });
    return bytes;
  }

  cut(length: number): void {
    if (this.#use === 'inUse' && length < this.#length)
      this.#orFail(() => {
        this.#open?.truncate(length);
        this.#length = length;
      });
    // What is not to be read again must not come back with the next start because the disk refused one call.
    if (this.#use === 'failed' && length === 0) ignoringErrors(() => this.fileSystem.remove(this.path));
  }

  append(bytes: Uint8Array): boolean {
    if (this.#use !== 'inUse') return false;
    this.#orFail(() => {
      this.#open ??= this.fileSystem.open(this.path, true);
      this.#open.write(this.#length, bytes);
      this.#length += bytes.length;
    });
    return this.#isInUse();
  }

  #isInUse(): boolean {
    return this.#use === 'inUse';
  }

  #leave(use: Use): void {
    const open = this.#open;
    this.#use = use;
    this.#open = undefined;
    this.#length = 0;
    if (open !== undefined) ignoringErrors(() => open.close());
  }

  #orFail(run: () => void): void {
    try {
      run();
    } catch {
      this.#leave('failed');
    }
  }
}

function ignoringErrors(run: () => void): void {
  try {
    run();
  } catch {
    // The file is not needed; what is wrong with the disk shows where it matters.
  }
}
