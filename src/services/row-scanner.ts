import { DamagedFileError, type Table } from '../base/service.js';
import { ABSENT } from './compact/id-index.js';
import type { NameIndex } from './compact/name-index.js';
import { wordsOfBytes, type UuidWords } from './uuid.js';

const COMMA = 0x2c;
const QUOTE = 0x22;
const CR = 0x0d;
const LF = 0x0a;
const DOT = 0x2e;
const ZERO = 0x30;
const CHUNK_BYTES = 4 * 1024 * 1024;

type Scan = 'row' | 'torn';

/**
 * Walks all rows of a table at start, fast: it finds where the fields are and decodes only what is asked for. Strict
 * RFC 4180 as this program writes it. Whatever is wrong becomes a DamagedFileError with the row as a spreadsheet counts.
 */
export class RowScanner {
  readonly #table: Table;
  readonly #columns: readonly string[];
  readonly #starts: Int32Array;
  readonly #ends: Int32Array;
  /** 1 where the field has doubled quotes. */
  readonly #doubled: Uint8Array;
  #chunk: Buffer = Buffer.alloc(0);
  #chunkOffset = 0;
  /** Where the next row begins, inside the chunk. */
  #next = 0;
  #rowStart = 0;
  #rowNumber = 0;
  /** Bytes of the table that were not scanned. */
  #skipped = 0;

  /**
   * `header` is the header row with its CR LF; it is checked here and not returned as a row. The first row returned is the one
   * that begins at byte `from`; 0: the first.
   */
  constructor(table: Table, header: string, from = 0) {
    this.#table = table;
    this.#columns = header.trimEnd().split(',');
    this.#starts = new Int32Array(this.#columns.length);
    this.#ends = new Int32Array(this.#columns.length);
    this.#doubled = new Uint8Array(this.#columns.length);
    // Of a table that was scanned before, no more than its header.
    this.#advance(from > 0 ? header.length : CHUNK_BYTES);
    const found = this.#columns.map((_, column) => this.text(column)).join(',');
    if (found !== this.#columns.join(',')) this.damaged(`the header is ${found}, not ${this.#columns.join(',')}`);
    if (from > header.length) this.#goTo(from);
  }

  #goTo(offset: number): void {
    this.#chunk = Buffer.alloc(0);
    this.#chunkOffset = offset;
    this.#next = 0;
    this.#skipped = offset;
  }

  /** Goes to the next row; false after the last. */
  next(): boolean {
    if (this.#chunkOffset + this.#next === this.#table.length) return false;
    this.#advance();
    return true;
  }

  /** Byte offset of this row in the table. */
  get offset(): number {
    return this.#chunkOffset + this.#rowStart;
  }

  /** A field as text. */
  text(column: number): string {
    const text = this.#chunk.toString('utf8', this.#starts[column], this.#ends[column]);
    return this.#doubled[column] === 1 ? text.replaceAll('""', '"') : text;
  }

  /** A field as a whole number of at most 15 digits. */
  whole(column: number): number {
    const end = this.#ends[column] as number;
    let at = this.#starts[column] as number;
    if (at === end || end - at > 15) this.#badField(column, 'is no whole number');
    let value = 0;
    for (; at < end; at++) value = value * 10 + this.#digit(column, at);
    return value;
  }

  /** A field in pounds with two decimals, as pence. */
  pence(column: number): number {
    const end = this.#ends[column] as number;
    let at = this.#starts[column] as number;
    if (end - at < 4 || end - at > 15 || this.#chunk[end - 3] !== DOT) this.#badField(column, 'is no amount in pounds');
    let value = 0;
    for (; at < end; at++) if (at !== end - 3) value = value * 10 + this.#digit(column, at);
    return value;
  }

  /** The number of a name in `names`, to which it is added when it is new. */
  nameIn(names: NameIndex, column: number): number {
    const start = this.#starts[column] as number;
    const end = this.#ends[column] as number;
    const known = this.#doubled[column] === 1 ? ABSENT : names.findBytes(this.#chunk, start, end);
    return known === ABSENT ? names.findOrAdd(this.text(column)) : known;
  }

  /** A field as the words of a canonical UUID, written into `words`. */
  uuid(column: number, words: UuidWords): void {
    const isUuid = wordsOfBytes(this.#chunk, this.#starts[column] as number, this.#ends[column] as number, words, 0);
    if (!isUuid) this.#badField(column, 'is no UUID in lower case');
  }

  /** Index of the ASCII word among `words` that the field holds. */
  oneOf(column: number, words: readonly Uint8Array[]): number {
    const start = this.#starts[column] as number;
    const length = (this.#ends[column] as number) - start;
    for (let index = 0; index < words.length; index++) {
      const word = words[index] as Uint8Array;
      if (word.length !== length) continue;
      let at = 0;
      while (at < length && word[at] === this.#chunk[start + at]) at++;
      if (at === length) return index;
    }
    return this.#badField(column, 'is none of the known words');
  }

  /** Throws: this row says what cannot be. */
  damaged(what: string): never {
    const row = this.#rowNumber + this.#rowsSkipped();
    throw new DamagedFileError(this.#table.name, `row ${row}: ${what}`);
  }

  /** Rows between the header and where the scan went on: counted only when somebody wants to know. */
  #rowsSkipped(): number {
    let rows = this.#skipped === 0 ? 0 : -1;
    for (let offset = 0; offset < this.#skipped; offset += CHUNK_BYTES) {
      const bytes = this.#table.read(offset, Math.min(CHUNK_BYTES, this.#skipped - offset));
      for (let at = bytes.indexOf(LF); at >= 0; at = bytes.indexOf(LF, at + 1)) rows++;
    }
    return rows;
  }

  #badField(column: number, what: string): never {
    return this.damaged(`${this.#columns[column]} ${what}`);
  }

  #digit(column: number, at: number): number {
    const digit = (this.#chunk[at] as number) - ZERO;
    if (digit < 0 || digit > 9) this.#badField(column, 'is no number');
    return digit;
  }

  #advance(bytesMax = CHUNK_BYTES): void {
    this.#rowNumber++;
    if (this.#scan() === 'row') return;
    const offset = this.#chunkOffset + this.#next;
    const bytes = this.#table.read(offset, Math.min(bytesMax, this.#table.length - offset));
    this.#chunk = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.#chunkOffset = offset;
    this.#next = 0;
    if (this.#scan() === 'torn') this.damaged('the file ends inside the row');
  }

  #scan(): Scan {
    const bytes = this.#chunk;
    const length = bytes.length;
    const columns = this.#columns.length;
    let at = this.#next;
    for (let column = 0; ; column++) {
      if (at >= length) return 'torn';
      this.#doubled[column] = 0;
      if (bytes[at] === QUOTE) {
        this.#starts[column] = ++at;
        for (;;) {
          while (at < length && bytes[at] !== QUOTE) at++;
          if (at + 1 >= length) return 'torn';
          if (bytes[at + 1] !== QUOTE) break;
          this.#doubled[column] = 1;
          at += 2;
        }
        this.#ends[column] = at++;
      } else {
        this.#starts[column] = at;
        for (;;) {
          // Comma, quote, CR and LF all lie at or below the comma; most text above.
          while (at < length && (bytes[at] as number) > COMMA) at++;
          if (at >= length) return 'torn';
          const byte = bytes[at];
          if (byte === COMMA || byte === CR) break;
          if (byte === QUOTE || byte === LF) this.#badField(column, 'has a quote or line end that is not quoted');
          at++;
        }
        this.#ends[column] = at;
      }
      if (bytes[at] === COMMA) {
        if (column === columns - 1) this.damaged(`more than ${columns} columns`);
        at++;
        continue;
      }
      if (at + 1 >= length) return 'torn';
      if (bytes[at] !== CR || bytes[at + 1] !== LF) this.#badField(column, 'is not followed by a comma or CR LF');
      if (column !== columns - 1) this.damaged(`${column + 1} columns instead of ${columns}`);
      this.#rowStart = this.#next;
      this.#next = at + 2;
      return 'row';
    }
  }
}
