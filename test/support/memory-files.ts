import { crc32 } from 'node:zlib';
import type { OfferedFile } from '../../src/base/checkpoint.js';
import { DamagedFileError, type Document, type ServiceFiles, type Table } from '../../src/base/service.js';

/** A table in memory: bytes in one growing buffer. */
export class MemoryTable implements Table {
  #bytes = Buffer.alloc(1024);
  #length = 0;

  constructor(
    readonly name: string,
    header: string,
  ) {
    this.append(header);
  }

  get length(): number {
    return this.#length;
  }

  append(rows: string): number {
    const offset = this.#length;
    const needed = offset + Buffer.byteLength(rows);
    if (needed > this.#bytes.length) {
      const larger = Buffer.alloc(Math.max(needed, this.#bytes.length * 2));
      this.#bytes.copy(larger, 0, 0, offset);
      this.#bytes = larger;
    }
    this.#length += this.#bytes.write(rows, offset);
    return offset;
  }

  read(offset: number, length: number): Uint8Array {
    if (offset < 0 || offset + length > this.#length)
      throw new DamagedFileError(this.name, `no bytes ${offset} to ${offset + length}`);
    return this.#bytes.subarray(offset, offset + length);
  }

  /** The whole file as text. */
  text(): string {
    return this.#bytes.toString('utf8', 0, this.#length);
  }

  /** Replaces the file's bytes, as damage or a state transfer would. */
  replace(text: string): void {
    this.#length = 0;
    this.append(text);
  }
}

/** What stands for a file's hash in a simulation: cheap, and different for other bytes. */
export const hashOf = (bytes: Uint8Array | string): string => crc32(bytes).toString(16);

/** ServiceFiles in memory: what a replica's folder would hold. */
export class MemoryFiles implements ServiceFiles {
  readonly tables = new Map<string, MemoryTable>();
  readonly documents = new Map<string, string>();

  /** Files with these documents, such as the menu.csv of a first start. */
  constructor(documents: Readonly<Record<string, string>> = {}) {
    for (const [name, text] of Object.entries(documents)) this.documents.set(name, text);
  }

  table(name: string, header: string): MemoryTable {
    let table = this.tables.get(name);
    if (table === undefined) {
      table = new MemoryTable(name, header);
      this.tables.set(name, table);
    }
    return table;
  }

  document(name: string): Document {
    const { documents } = this;
    return {
      name,
      read: () => documents.get(name) ?? '',
      write: (text) => void documents.set(name, text),
    };
  }

  /** Every file's text by name: equal for two replicas at the same op. */
  contents(): Record<string, string> {
    const tables = [...this.tables].map(([name, table]) => [name, table.text()] as const);
    return Object.fromEntries([...tables, ...this.documents].toSorted(([a], [b]) => (a < b ? -1 : 1)));
  }

  /** All files as a checkpoint of this moment offers them. */
  offered(): OfferedFile[] {
    return Object.entries(this.contents()).map(([name, text]) => {
      const grows = this.tables.has(name);
      return { name, length: Buffer.byteLength(text), hash: hashOf(text), grows };
    });
  }

  /** A copy that shares nothing, as a checkpoint would be. */
  copy(): MemoryFiles {
    const copy = new MemoryFiles(Object.fromEntries(this.documents));
    for (const [name, table] of this.tables) copy.tables.set(name, new MemoryTable(name, table.text()));
    return copy;
  }
}
