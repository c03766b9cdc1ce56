import { readFileSync } from 'node:fs';
import path from 'node:path';
import { parse } from 'csv-parse/sync';

/** Tables that are byte-equal on replicas that are level. */
export const EQUAL_TABLES = ['orders.csv', 'order-status.csv', 'refused.csv', 'receipts.csv', 'menu.csv', 'motd.txt'];

/** One row: its fields by column, and its bytes. */
export interface TableRow {
  readonly fields: Readonly<Record<string, string>>;
  readonly raw: string;
}

/** Reads a table of a replica's folder as a spreadsheet would; empty when there is no such file. */
export function readTable(folder: string, name: string): TableRow[] {
  const text = readFile(folder, name)?.toString('utf8') ?? '';
  const rows = parse(text, { columns: true, raw: true, relax_column_count: false }) as unknown as {
    record: Record<string, string>;
    raw: string;
  }[];
  return rows.map(({ record, raw }) => ({ fields: record, raw }));
}

/** The bytes of a file of a folder; `undefined` when there is none. */
export function readFile(folder: string, name: string): Buffer | undefined {
  try {
    return readFileSync(path.join(folder, name));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}
