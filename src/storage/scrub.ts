import { DamagedFileError } from '../base/service.js';
import type { FileSystem, OpenFile } from '../ports/file-system.js';
import type { Damage } from '../ports/storage.js';
import { errorCode } from './errors.js';
import { reading } from './unreadable.js';

/** A file of which bytes [0, bytes) are known; they are checked as they are read, from the first on. */
export interface CheckedFile {
  /** Name for people, relative to the replica's folder. */
  readonly file: string;
  readonly path: string;
  readonly bytes: number;
  /** Takes the next bytes; what is wrong with them, as soon as that shows. */
  update(bytes: Uint8Array): string | Omit<Damage, 'file'> | undefined;
  /** After the last of them. */
  end(): string | Omit<Damage, 'file'> | undefined;
}

/** Makes a file to be checked when its turn comes; `undefined` when there is nothing to check now. */
export type Upcoming = () => CheckedFile | undefined;

/** Bytes read at once: little enough that neither the disk nor the process is busy with it for long. */
const SLICE_BYTES_MIN = 64 << 10;
const SLICE_BYTES_MAX = 1 << 20;

/**
 * Reads everything a folder keeps, slowly and for ever, and holds it against what it should be: rot shows in no file's size or
 * times. What the page cache holds is read from there, so rot under it is found when the system has let go of it.
 */
export class Scrub {
  #upcoming: Upcoming[] = [];
  #current: CheckedFile | undefined;
  #offset = 0;
  #roundBytes = 0;
  #generation = 0;
  #isReading = false;

  /** `round`: every file of one round, and about how many bytes they are together. */
  constructor(
    readonly fileSystem: FileSystem,
    readonly round: () => { readonly files: Upcoming[]; readonly bytes: number },
  ) {}

  /** Files were replaced by their owner: what was being read counts no more. */
  restart(): void {
    this.#generation++;
    this.#current = undefined;
    this.#upcoming = [];
  }

  /** Reads on: `part` (0 … 1) of a round, at least 64 KiB and at most 1 MiB, of one file. */
  async next(part: number): Promise<Damage | undefined> {
    if (this.#isReading) return undefined;
    const current = (this.#current ??= this.#begin());
    if (current === undefined) return undefined;
    const generation = this.#generation;
    this.#isReading = true;
    try {
      const slice = Math.min(SLICE_BYTES_MAX, Math.max(SLICE_BYTES_MIN, Math.ceil(this.#roundBytes * part)));
      const bytes = await this.#read(current, slice);
      if (generation !== this.#generation || bytes === undefined) return undefined;
      return this.#judge(current, bytes);
    } catch (error) {
      if (!(error instanceof DamagedFileError)) throw error;
      this.#current = undefined;
      return generation === this.#generation ? { file: error.file, what: error.detail } : undefined;
    } finally {
      this.#isReading = false;
    }
  }

  #begin(): CheckedFile | undefined {
    if (this.#upcoming.length === 0) {
      const { files, bytes } = this.round();
      this.#upcoming = files;
      this.#roundBytes = bytes;
    }
    this.#offset = 0;
    return this.#upcoming.shift()?.();
  }

  /** The next bytes; `undefined` when the file is gone: the inspection tells of that, or its owner has removed it. */
  async #read({ file, path, bytes }: CheckedFile, slice: number): Promise<Uint8Array | undefined> {
    let open: OpenFile | undefined;
    try {
      open = reading(file, () => this.#openOf(path));
      if (open === undefined) {
        this.#current = undefined;
        return undefined;
      }
      return await open.readAsync(this.#offset, Math.min(slice, bytes - this.#offset));
    } catch (error) {
      return reading(file, () => {
        throw error;
      });
    } finally {
      open?.close();
    }
  }

  #openOf(path: string): OpenFile | undefined {
    try {
      return this.fileSystem.open(path, false);
    } catch (error) {
      if (errorCode(error) === 'ENOENT') return undefined;
      throw error;
    }
  }

  #judge(current: CheckedFile, bytes: Uint8Array): Damage | undefined {
    const { file } = current;
    let wrong =
      bytes.length > 0 || current.bytes === 0
        ? current.update(bytes)
        : `it ends at byte ${this.#offset} of ${current.bytes}`;
    this.#offset += bytes.length;
    const isAtEnd = this.#offset >= current.bytes;
    if (wrong === undefined && isAtEnd) wrong = current.end();
    if (wrong !== undefined || isAtEnd) this.#current = undefined;
    if (wrong === undefined) return undefined;
    return typeof wrong === 'string' ? { file, what: wrong } : { file, ...wrong };
  }
}
