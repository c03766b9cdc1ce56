import path from 'node:path';
import type { Document } from '../base/service.js';
import type { FileStat, FileSystem } from '../ports/file-system.js';
import type { Damage } from '../ports/storage.js';
import { BESIDE_SUFFIX } from './durable-file.js';
import { isDiskFull } from './errors.js';
import { differenceOf } from './tracked-file.js';
import { readIfReadable } from './unreadable.js';

/**
 * Looks at a text that was found at the start before it is called an edit: it may be what a later entry of the log writes,
 * which is learned to be committed only from the others.
 */
const LOOKS_BEFORE_JUDGED = 3;

/** A text that was found in the file and was not written by this process; absent when it cannot be read. */
interface Doubted {
  readonly text: string | undefined;
  readonly what: string;
}

/**
 * A small file that is replaced whole, beside and by rename. Not fsynced when it is written: at start it is put back from
 * the checkpoint and the journal. What a person has written into it is never overwritten: it is kept beside (`.edited-…`).
 */
export class DocumentFile implements Document {
  #text: string | undefined;
  #isDirty = false;
  #expected: FileStat | undefined;
  #doubted: Doubted | undefined;
  #looks = 0;
  /** Found at the start, told at the next look. */
  #untold: Damage | undefined;

  constructor(
    readonly name: string,
    readonly fileSystem: FileSystem,
    readonly folder: string,
  ) {}

  read(): string {
    this.#text ??= this.#look().text ?? '';
    return this.#text;
  }

  write(text: string): void {
    this.#text = text;
    this.#isDirty = true;
    if (this.#doubted?.text === text) this.#doubted = undefined;
  }

  /** Writes a changed text to its file; false when there was no room: the next flush tries again. */
  flush(): boolean {
    // What stands there may be a person's work: `mend` judges it first.
    if (!this.#isDirty) return true;
    this.#compare();
    if (this.#doubted !== undefined) return true;
    const beside = this.#path + BESIDE_SUFFIX;
    try {
      const open = this.fileSystem.open(beside, true);
      try {
        open.truncate(0);
        open.write(0, Buffer.from(this.read()));
      } finally {
        open.close();
      }
      this.fileSystem.rename(beside, this.#path);
    } catch (error) {
      if (!isDiskFull(error)) throw error;
      this.fileSystem.remove(beside);
      return false;
    }
    this.#isDirty = false;
    this.#expected = this.fileSystem.stat(this.#path);
    return true;
  }

  /** Takes what a checkpoint of a peer holds; touches the file only when it differs. */
  restore(text: string): void {
    this.#compare();
    this.#isDirty = text !== this.#look().text;
    this.#text = text;
    if (this.#doubted?.text === text) this.#doubted = undefined;
    this.#expected = this.fileSystem.stat(this.#path);
  }

  /**
   * Takes up the document at a start: `text` is that of the checkpoint, absent when the log alone tells it. The file may hold
   * that, an older or newer text of ours, or a person's.
   */
  takeUp(text: string | undefined): void {
    const found = this.#look();
    this.#expected = this.fileSystem.stat(this.#path);
    if (text !== undefined) {
      this.#text = text;
      this.#isDirty = found.text !== text;
    } else if (found.text === undefined) this.#text = '';
    if (found.text === undefined && this.#expected !== undefined) this.#doubted = found;
    else if (found.text === undefined || found.text === '') this.#untold = { file: this.name, what: found.what };
    else if (found.text !== text) this.#doubted = found;
  }

  /**
   * Looks at the file once more, and puts it right when it is not as this process left it; what was wrong, if anything. Judges
   * only what was written or taken up: before the founding the file is the operator's.
   */
  mend(): Damage | undefined {
    const untold = this.#untold;
    this.#untold = undefined;
    if (untold !== undefined) return untold;
    this.#compare();
    const doubted = this.#doubted;
    if (doubted === undefined || !this.#isDirty) return undefined;
    if (doubted.text !== undefined && ++this.#looks < LOOKS_BEFORE_JUDGED) return undefined;
    const kept = doubted.text === '' ? undefined : this.#keepAside();
    this.#doubted = undefined;
    this.#expected = undefined;
    this.flush();
    return { file: this.name, what: doubted.what, ...(kept === undefined ? {} : { kept }) };
  }

  get #path(): string {
    return path.join(this.folder, this.name);
  }

  /** What somebody did to the file since it was written: that needs no second look. */
  #compare(): void {
    if (this.#expected === undefined || this.#doubted !== undefined) return;
    const stat = this.fileSystem.stat(this.#path);
    const difference = differenceOf(this.#expected, stat, false);
    if (difference === undefined) return;
    const found = this.#look();
    if (found.text === this.read()) {
      // Saved as it was.
      this.#expected = stat;
      return;
    }
    this.#isDirty = true;
    this.#looks = LOOKS_BEFORE_JUDGED;
    this.#doubted = stat === undefined ? { text: '', what: difference } : found;
  }

  #look(): Doubted {
    if (this.fileSystem.stat(this.#path) === undefined) return { text: undefined, what: 'the file is missing' };
    const read = readIfReadable(this.fileSystem, this.#path);
    if (read.kind === 'unreadable') return { text: undefined, what: read.what };
    const text = Buffer.from(read.bytes).toString('utf8');
    return { text, what: text === '' ? 'the file is empty' : 'it was edited: it does not hold what the cluster holds' };
  }

  /** A rename: what is kept need not be readable, nor a file. The time of the edit makes the name. */
  #keepAside(): string | undefined {
    const stat = this.fileSystem.stat(this.#path);
    if (stat === undefined) return undefined;
    const kept = `${this.name}.edited-${new Date(stat.modifiedMs).toISOString().replaceAll(/[:.]/g, '-')}`;
    this.fileSystem.rename(this.#path, path.join(this.folder, kept));
    return kept;
  }
}
