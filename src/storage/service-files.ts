import { createHash } from 'node:crypto';
import path from 'node:path';
import { assert } from '../base/assert.js';
import { DamagedFileError, type Document, type IndexFile, type ServiceFiles, type Table } from '../base/service.js';
import type { FileSystem } from '../ports/file-system.js';
import { DiskFullError, type Damage, type FolderContent } from '../ports/storage.js';
import { serviceOfSnapshot } from './checkpoint-head.js';
import type { SumsMark } from './block-sums.js';
import { DocumentFile } from './document.js';
import { FolderIndexFile } from './index-file.js';
import { KeptSums } from './kept-sums.js';
import type { Upcoming } from './scrub.js';
import { TableFile, type TableContent } from './table.js';
import { TrackedFile } from './tracked-file.js';

/** What the tables and documents are to begin with. */
export interface FilesContent {
  readonly tables: ReadonlyMap<string, TableContent>;
  readonly documents: ReadonlyMap<string, string>;
}

/** A table as a checkpoint takes it. */
export interface CapturedTable {
  readonly table: TableFile;
  readonly length: number;
  /** SHA-256 in hex, once all of the table has been read. */
  readonly hash: Promise<string>;
  /** Writes the block sums of the moment of the call down; after the checkpoint is there. */
  keepSums(): void;
}

const NAME = /^[a-z0-9][a-z0-9-]*\.[a-z]+$/;
const RESERVED = new Set(['replica.json', 'outbox.csv']);

/** Whether a service may have a file of this name in the replica's folder; also a peer's offer is held to it. */
export const isServiceFileName = (name: string): boolean => NAME.test(name) && !RESERVED.has(name);

/**
 * The tables and documents of a folder. They are asked for by name before or after `load`; nothing reaches the disk until
 * storage has said what they hold (`begin`): an empty folder must stay empty until its founding.
 */
export class FolderFiles implements ServiceFiles {
  readonly #tables = new Map<string, TableFile>();
  readonly #documents = new Map<string, DocumentFile>();
  readonly #indexes = new Map<string, FolderIndexFile>();
  /** By the names of the tables. */
  readonly #sums = new Map<string, KeptSums>();
  /** Of the checkpoint that a start took up, by the names of the tables; until they are kept. */
  readonly #sumsOfStart = new Map<string, SumsMark>();
  #content: FilesContent | undefined;
  #isStart = false;
  #told: ReadonlySet<string> = new Set();

  /** `keptSumsBytesMin`: from this many bytes of tables on their block sums are kept, so that a start may read them later. */
  constructor(
    readonly fileSystem: FileSystem,
    readonly folder: string,
    readonly keptSumsBytesMin = Number.POSITIVE_INFINITY,
  ) {}

  table(name: string, header: string): Table {
    const known = this.#tables.get(name);
    if (known !== undefined) return known;
    assert(isServiceFileName(name) && serviceOfSnapshot(name) === undefined, `a table may be named ${name}`);
    const table = new TableFile(name, header);
    this.#tables.set(name, table);
    this.#sums.set(name, new KeptSums(this.fileSystem, this.folder, name));
    if (this.#content !== undefined) this.#beginTable(table, this.#content);
    return table;
  }

  document(name: string): Document {
    const known = this.#documents.get(name);
    if (known !== undefined) return known;
    assert(isServiceFileName(name) && serviceOfSnapshot(name) === undefined, `a document may be named ${name}`);
    const document = new DocumentFile(name, this.fileSystem, this.folder);
    this.#documents.set(name, document);
    if (this.#content !== undefined) this.#beginDocument(document, this.#content);
    return document;
  }

  index(name: string): IndexFile {
    const known = this.#indexes.get(name);
    if (known !== undefined) return known;
    assert(isServiceFileName(name), `an index file may be named ${name}`);
    const index = new FolderIndexFile(this.fileSystem, path.join(this.folder, name));
    this.#indexes.set(name, index);
    if (this.#content !== undefined) index.begin();
    return index;
  }

  /**
   * Sets all tables and documents to this content; a table that is not in it becomes empty, a document stays. `isStart`: the
   * documents have been left alone since an earlier process; what they hold besides may be a person's. `told`: files of which
   * damage is known. Throws DamagedFileError when a table's file has become shorter than its content.
   */
  begin(
    content: FilesContent,
    { isStart, told = [] }: { readonly isStart: boolean; readonly told?: readonly Damage[] },
  ): void {
    this.#content = content;
    this.#isStart = isStart;
    this.#sumsOfStart.clear();
    this.#told = new Set(told.map(({ file }) => file));
    for (const table of this.#tables.values()) this.#beginTable(table, content);
    for (const document of this.#documents.values()) this.#beginDocument(document, content);
    for (const index of this.#indexes.values()) index.begin();
  }

  /** Closes all files and lets nothing reach the disk until the next `begin`; the objects stay valid, empty. */
  detach(): void {
    this.#content = undefined;
    this.#sumsOfStart.clear();
    for (const table of this.#tables.values()) table.reset(undefined);
    for (const file of [...this.#indexes.values(), ...this.#sums.values()]) file.close();
  }

  /** Something here is not what it should be: the next start must read everything. */
  distrust(): void {
    this.#sumsOfStart.clear();
    for (const file of [...this.#indexes.values(), ...this.#sums.values()]) file.distrust();
  }

  /** Whether all tables have been read since the start, and held against their checkpoint. */
  get isRead(): boolean {
    for (const [name, { hash }] of this.#content?.tables ?? [])
      if ('expected' in hash && this.#tables.get(name)?.isVerified !== true) return false;
    return true;
  }

  /** Checkpoints that wait until the tables are read wait no more. */
  giveUpWaiting(): void {
    for (const table of this.#tables.values()) table.giveUpWaiting();
  }

  /**
   * Reads on in the tables that were not read whole since the start: the next `bytes` of one. Returns what is wrong with it;
   * 'allRead' when there is none left to read.
   */
  async readNext(bytes: number): Promise<Damage | 'allRead' | undefined> {
    const unread = [...this.#tables.values()].find((table) => !table.isVerified);
    if (unread !== undefined) return unread.verifyNext(bytes);
    this.#keepSumsOfStart();
    return 'allRead';
  }

  /** Writes what is buffered. Without room it stays in memory, and false is returned. */
  flush(): boolean {
    if (this.#content === undefined) return true;
    let isWritten = true;
    for (const table of this.#tables.values()) isWritten = table.flush() && isWritten;
    for (const document of this.#documents.values()) isWritten = document.flush() && isWritten;
    return isWritten;
  }

  /** What a checkpoint of this moment holds: flushed tables with length and hash, and the documents' texts. */
  capture(): { tables: CapturedTable[]; documents: Map<string, string> } {
    if (!this.flush()) throw new DiskFullError('no room on the disk for the tables of a checkpoint');
    const tables = [...this.#tables.values()];
    const isMuch = this.#isMuch(tables);
    return {
      tables: tables.map((table) => this.#capture(table, isMuch)),
      documents: new Map([...this.#documents.values()].map((document) => [document.name, document.read()])),
    };
  }

  #isMuch(tables: Iterable<{ readonly length: number }>): boolean {
    return [...tables].reduce((sum, { length }) => sum + length, 0) >= this.keptSumsBytesMin;
  }

  /** What is there at this moment, without writing anything. */
  content(): FolderContent {
    const tables = [...this.#tables.values()].map((table) => {
      return { table, length: table.length, hash: () => table.captured().hash };
    });
    return { tables, documents: new Map([...this.#documents.values()].map((one) => [one.name, one.read()])) };
  }

  /** The bytes of a document's file; `undefined` when there is none. */
  readDocument(name: string): Uint8Array | undefined {
    const place = path.join(this.folder, name);
    return this.fileSystem.stat(place) === undefined ? undefined : this.fileSystem.readFile(place);
  }

  #capture(table: TableFile, isMuch: boolean): CapturedTable {
    const { length, hash, sums } = table.captured();
    const keepSums = (): void => {
      this.#keepSumsOfStart();
      if (isMuch) this.#sums.get(table.name)?.keep(sums);
    };
    return { table, length, hash, keepSums };
  }

  /** The sums of the checkpoint that a start took up are good again: everything was read. */
  #keepSumsOfStart(): void {
    for (const [name, sums] of this.#sumsOfStart) this.#sums.get(name)?.keep(sums);
    this.#sumsOfStart.clear();
  }

  isDocument(name: string): boolean {
    return this.#documents.has(name);
  }

  /** What is wrong with the tables. */
  inspect(): Damage[] {
    const tables = [...this.#tables.values()];
    return tables.map((table) => table.inspect(this.fileSystem)).filter((damage) => damage !== undefined);
  }

  /**
   * Puts the documents right, whose texts are in memory; what was wrong with them, and what a start has found and put right in
   * the tables.
   */
  mend(): Damage[] {
    if (this.#content === undefined) return [];
    const files = [...this.#tables.values(), ...this.#documents.values()];
    return files.map((one) => one.mend()).filter((damage) => damage !== undefined);
  }

  /** The tables as they should be, and the bytes they have together. */
  checked(): { files: Upcoming[]; bytes: number } {
    const tables = [...this.#tables.values()];
    return {
      files: tables.map((table) => () => table.checked()),
      bytes: tables.reduce((sum, { length }) => sum + length, 0),
    };
  }

  close(): void {
    for (const table of this.#tables.values()) table.close();
    for (const file of [...this.#indexes.values(), ...this.#sums.values()]) file.close();
  }

  #beginDocument(document: DocumentFile, { documents }: FilesContent): void {
    const text = documents.get(document.name);
    if (this.#isStart) document.takeUp(text);
    else if (text !== undefined) document.restore(text);
  }

  #beginTable(table: TableFile, content: FilesContent): void {
    const place = path.join(this.folder, table.name);
    const found = content.tables.get(table.name);
    // Somebody may have deleted it since its content was looked at: a new file would begin with a hole.
    if (found !== undefined && (this.fileSystem.stat(place)?.bytes ?? -1) < found.length)
      throw new DamagedFileError(table.name, 'it was deleted or cut off while it was taken into use');
    const file = new TrackedFile(table.name, this.fileSystem.open(place, found === undefined));
    if (this.#isStart) table.takeUp(file, found, this.#told.has(table.name));
    else if (found === undefined) table.reset(file);
    else table.attach(file, found);
    this.#sums.get(table.name)?.begin();
    if (this.#isStart && found !== undefined && this.#isMuch(content.tables.values()))
      this.#sumsOfStart.set(table.name, table.sums());
  }
}

/** The content of a log that begins at op 1: empty tables; documents stay as they are until op 1 replaces them. */
export const NO_CONTENT: FilesContent = { tables: new Map(), documents: new Map() };

/** Content of a text for tests of equality with what a checkpoint names. */
export const hashOf = (bytes: Uint8Array | string): string => createHash('sha256').update(bytes).digest('hex');
