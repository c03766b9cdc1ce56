import { assert } from '../../base/assert.js';
import { DamagedFileError, type ServiceFiles, type Table } from '../../base/service.js';
import { withRoom } from '../compact/columns.js';
import { ABSENT } from '../compact/id-index.js';
import { NameIndex } from '../compact/name-index.js';
import { RisingNumbers } from '../compact/rising-numbers.js';
import { RowScanner } from '../row-scanner.js';
import { RecordCache } from './record-cache.js';
import { withFields, type RecordPlace, type RecordValue } from './record-value.js';
import {
  COLUMN,
  encodeRow,
  extentOf,
  EXTENTS,
  readRow,
  RECORDS_FILE,
  RECORDS_HEADER,
  type RecordRow,
} from './records-table.js';
import type { Field } from './requests.js';

const EXTENT_WORDS = EXTENTS.map((extent) => Buffer.from(extent));
/** Memory for records as they are now; those that do not fit are read from the table. */
const CACHE_BYTES_MAX = 32 * 1024 * 1024;

/**
 * Committed records. The table holds them; in memory are their names, where each update stands (about 12 bytes) and those that
 * were used last. A record's rows are a chain, newest first, so that every version it ever had can be told.
 */
export class RecordStore {
  readonly #table: Table;
  readonly #names = new NameIndex();
  /** By number of a record: its newest row + 1, and its version. */
  #newest = new Uint32Array(64);
  #versions = new Uint32Array(64);
  /** By row: its op, where it begins, and the row before it of the same record + 1; 0: none. */
  readonly #ops = new RisingNumbers();
  readonly #offsets = new RisingNumbers();
  #before = new Uint32Array(64);
  readonly #cache: RecordCache;

  /** Empty until `scan`. */
  constructor(files: ServiceFiles, cacheBytesMax = CACHE_BYTES_MAX) {
    this.#table = files.table(RECORDS_FILE, RECORDS_HEADER);
    this.#cache = new RecordCache(cacheBytesMax);
  }

  /** Records there are. */
  get count(): number {
    return this.#names.count;
  }

  /** Updates that made them. */
  get updates(): number {
    return this.#offsets.count;
  }

  /** The record as it is now; `undefined` when there is none. Throws DamagedFileError. */
  find(name: string): RecordValue | undefined {
    const number = this.#names.find(name);
    if (number === ABSENT) return undefined;
    const held = this.#cache.get(number);
    if (held !== undefined) return held;
    const record = this.#read(number, this.#versionOf(number));
    this.#cache.set(number, record);
    return record;
  }

  /** Version of the record as it is now; 0 when there is none. */
  versionOf(name: string): number {
    const number = this.#names.find(name);
    return number === ABSENT ? 0 : this.#versionOf(number);
  }

  /** The record as it was at a version that it had. Throws DamagedFileError. */
  at(name: string, version: number): RecordValue {
    const number = this.#names.find(name);
    assert(number !== ABSENT && version >= 1 && version <= this.#versionOf(number), 'the version was made');
    const held = this.#cache.get(number);
    return held?.version === version ? held : this.#read(number, version);
  }

  /** Records from the one behind `after` on, in the order in which they were made; `undefined` when there is no `after`. */
  list(after: string, countMax: number): readonly string[] | undefined {
    const last = after === '' ? ABSENT : this.#names.find(after);
    if (after !== '' && last === ABSENT) return undefined;
    const names: string[] = [];
    for (let number = last + 1; number < this.count && names.length < countMax; number++)
      names.push(this.#names.nameOf(number));
    return names;
  }

  /** Op of the last update of a record that there is. */
  opOf(name: string): number {
    return this.#ops.at(this.#newestOf(this.#names.find(name)));
  }

  /** Applies a committed update; `fields` are what it set. */
  commit(name: string, fields: readonly Field[], place: RecordPlace): void {
    const known = this.#names.find(name);
    assert(
      place.version === (known === ABSENT ? 0 : this.#versionOf(known)) + 1,
      'every update makes the next version',
    );
    const record = withFields(known === ABSENT ? undefined : this.find(name), fields, place);
    const row = { ...place, name };
    const offset = this.#table.append(encodeRow(row, extentOf(place.version) === 'whole' ? record.fields : fields));
    const number = this.#names.findOrAdd(name);
    this.#add(number, place, offset);
    this.#cache.set(number, record);
  }

  /** Builds the index from the table, for `restore`. Returns the op of the last row, 0 when there is none. Throws DamagedFileError. */
  scan(): number {
    const scanner = new RowScanner(this.#table, RECORDS_HEADER);
    let lastOp = 0;
    while (scanner.next()) {
      const op = scanner.whole(COLUMN.op);
      if (op <= lastOp) scanner.damaged(`op ${op} follows op ${lastOp}`);
      lastOp = op;
      const number = scanner.nameIn(this.#names, COLUMN.record);
      const version = scanner.whole(COLUMN.version);
      const before = this.#versions[number] ?? 0;
      if (version !== before + 1) scanner.damaged(`version ${version} of the record follows version ${before}`);
      const extent = EXTENTS[scanner.oneOf(COLUMN.extent, EXTENT_WORDS)];
      if (extent !== extentOf(version)) scanner.damaged(`version ${version} of a record is not written ${extent}`);
      this.#add(number, { version, op }, scanner.offset);
    }
    return lastOp;
  }

  #add(number: number, { version, op }: Pick<RecordPlace, 'version' | 'op'>, offset: number): void {
    const row = this.#offsets.count;
    this.#ops.append(op);
    this.#offsets.append(offset);
    this.#newest = withRoom(this.#newest, number + 1);
    this.#versions = withRoom(this.#versions, number + 1);
    this.#before = withRoom(this.#before, row + 1);
    this.#before[row] = this.#newest[number] as number;
    this.#newest[number] = row + 1;
    this.#versions[number] = version;
  }

  #read(number: number, version: number): RecordValue {
    let row = this.#newestOf(number);
    for (let later = this.#versionOf(number); later > version; later--) row = this.#rowBefore(row);
    const rows = [this.#checkedRow(row, number, version)];
    for (let earlier = version; extentOf(earlier) !== 'whole';) {
      row = this.#rowBefore(row);
      rows.push(this.#checkedRow(row, number, --earlier));
    }
    let record: RecordValue | undefined;
    for (const each of rows.toReversed()) record = withFields(record, each.fields, each);
    assert(record !== undefined, 'a version has a row');
    return record;
  }

  #checkedRow(row: number, number: number, version: number): RecordRow {
    const found = this.#row(row);
    if (found.name === this.#names.nameOf(number) && found.version === version && found.extent === extentOf(version))
      return found;
    throw new DamagedFileError(RECORDS_FILE, `where version ${version} of a record was written stands another row`);
  }

  #row(row: number): RecordRow {
    const offset = this.#offsets.at(row);
    const end = row + 1 < this.updates ? this.#offsets.at(row + 1) : this.#table.length;
    return readRow(this.#table, offset, end - offset);
  }

  #newestOf(number: number): number {
    return (this.#newest[number] as number) - 1;
  }

  #versionOf(number: number): number {
    return this.#versions[number] as number;
  }

  #rowBefore(row: number): number {
    const before = this.#before[row] as number;
    assert(before > 0, 'the first version is written whole');
    return before - 1;
  }
}
