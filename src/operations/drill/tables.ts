import { parse } from 'csv-parse/sync';

/** Tables that are byte-equal on replicas that are level. */
export const EQUAL_TABLES = ['orders.csv', 'order-status.csv', 'refused.csv', 'receipts.csv', 'menu.csv', 'motd.txt'];

/** A replica's folder as its judge reads it. */
export interface FolderFiles {
  /** For the report. */
  readonly name: string;
  /** The bytes of a file; `undefined` when there is none. */
  read(file: string): Buffer | undefined;
}

/** One row: its fields by column, and its bytes. */
export interface TableRow {
  readonly fields: Readonly<Record<string, string>>;
  readonly raw: string;
}

/** Reads a table of a folder as a spreadsheet would; empty when there is no such file. */
export function rowsOf(folder: FolderFiles, name: string): TableRow[] {
  const text = folder.read(name)?.toString('utf8') ?? '';
  const rows = parse(text, { columns: true, raw: true, relax_column_count: false }) as unknown as {
    record: Record<string, string>;
    raw: string;
  }[];
  return rows.map(({ record, raw }) => ({ fields: record, raw }));
}
