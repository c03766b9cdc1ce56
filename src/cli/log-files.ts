import { copyFileSync, fstatSync, ftruncateSync, renameSync, rmSync, statSync } from 'node:fs';
import type { LogFileLimits } from '../ports/configuration.js';

/** Name of the file that was put aside `age` rotations ago; 0: the one in use. */
export function agedName(file: string, age: number): string {
  return age === 0 ? file : `${file}.${age}`;
}

/**
 * Puts a log file aside that has reached its size, while nobody writes to it: FILE becomes FILE.1, FILE.1 becomes FILE.2, and the
 * oldest goes. Does nothing to a smaller file. Never throws: a full disk or a strange folder must not stop who writes.
 */
export function rotateClosed(file: string, { bytesMax, count }: LogFileLimits): void {
  try {
    if (statSync(file).size < bytesMax) return;
    makeRoom(file, count);
    if (count > 1) renameSync(file, agedName(file, 1));
    else rmSync(file, { force: true });
  } catch {
    // There is none yet, or it cannot be moved: it goes on growing.
  }
}

/** Moves FILE.1 … up by one; FILE itself stays. */
function makeRoom(file: string, count: number): void {
  if (count > 1) rmSync(agedName(file, count - 1), { force: true });
  for (let age = count - 2; age >= 1; age--) {
    try {
      renameSync(agedName(file, age), agedName(file, age + 1));
    } catch {
      // There are not so many yet.
    }
  }
}

/**
 * A log file that this process has open as its own stdout, appending. Its content is copied aside and the file emptied in one turn,
 * between two lines of this process, its only writer: no line is lost, and crash reports that Node writes to the same descriptor
 * still arrive in it.
 */
export class OwnLogFile {
  readonly #file: string;
  readonly #limits: LogFileLimits;
  readonly #descriptor: number;
  #bytes: number;

  private constructor(file: string, descriptor: number, bytes: number, limits: LogFileLimits) {
    this.#file = file;
    this.#descriptor = descriptor;
    this.#bytes = bytes;
    this.#limits = limits;
  }

  /** `undefined` when the descriptor is not this file: then nothing is rotated. */
  static of(file: string, descriptor: number, limits: LogFileLimits): OwnLogFile | undefined {
    try {
      const open = fstatSync(descriptor);
      const named = statSync(file);
      if (!open.isFile() || open.ino !== named.ino || open.dev !== named.dev) return undefined;
      return new OwnLogFile(file, descriptor, open.size, limits);
    } catch {
      return undefined;
    }
  }

  /** Called before a line of so many bytes is written. */
  beforeLine(bytes: number): void {
    if (this.#bytes > 0 && this.#bytes + bytes > this.#limits.bytesMax) this.#rotate();
    this.#bytes += bytes;
  }

  #rotate(): void {
    const { count } = this.#limits;
    try {
      if (count > 1) {
        makeRoom(this.#file, count);
        copyFileSync(this.#file, agedName(this.#file, 1));
      }
      ftruncateSync(this.#descriptor, 0);
      this.#bytes = 0;
    } catch {
      // No room for a copy, or the folder is gone: it goes on growing, and the next attempt is a whole file later.
      this.#bytes = 0;
    }
  }
}
