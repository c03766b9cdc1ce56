import { csvRow, ROW_END, scanCsvRow } from '../../base/csv.js';
import { isoTime, msOf } from '../../base/iso-time.js';
import { DamagedFileError, type Table } from '../../base/service.js';
import { decodeFields, encodeFields } from './record-value.js';
import type { Field } from './requests.js';

/** One row per update: what it set, or the record whole. */
export const RECORDS_FILE = 'records.csv';
export const RECORDS_HEADER = `op,time,record,version,extent,fields${ROW_END}`;

/** Where the columns stand. */
export const COLUMN = { op: 0, time: 1, record: 2, version: 3, extent: 4, fields: 5 } as const;

/** What a row's fields are: those the update set, or all that the record then has. */
export const EXTENTS = ['changed', 'whole'] as const;

/** One of `EXTENTS`. */
export type Extent = (typeof EXTENTS)[number];

/** Every so many versions a row holds the record whole: a version is made of that many rows at most, however old it is. */
const WHOLE_EVERY = 16;

/** What the row of this version holds. */
export const extentOf = (version: number): Extent => ((version - 1) % WHOLE_EVERY === 0 ? 'whole' : 'changed');

/** A row of records.csv. */
export interface RecordRow {
  readonly op: number;
  readonly timeMs: number;
  readonly name: string;
  readonly version: number;
  readonly extent: Extent;
  readonly fields: readonly Field[];
}

/** The row as text; the fields are any iterable of pairs. */
export function encodeRow(row: Omit<RecordRow, 'fields' | 'extent'>, fields: Iterable<Field>): string {
  const { op, timeMs, name, version } = row;
  return csvRow([op, isoTime(timeMs), name, version, extentOf(version), encodeFields(fields)]);
}

/** Reads the row at these bytes of the table. Throws DamagedFileError. */
export function readRow(table: Table, offset: number, length: number): RecordRow {
  const scanned = scanCsvRow(table.read(offset, length), 0);
  const columns = scanned.kind === 'row' ? scanned.fields : [];
  const [op = '', time = '', name = '', version = '', extent = '', text = ''] = columns;
  const fields = decodeFields(text);
  const timeMs = msOf(time);
  const isSound = Number.isSafeInteger(Number(op)) && !Number.isNaN(timeMs) && EXTENTS.includes(extent as Extent);
  if (fields === undefined || !isSound)
    throw new DamagedFileError(table.name, `the row at byte ${offset} is none of a record`);
  return { op: Number(op), timeMs, name, version: Number(version), extent: extent as Extent, fields };
}
