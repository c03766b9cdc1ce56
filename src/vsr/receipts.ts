import { assert, present } from '../base/assert.js';
import { csvRow, ROW_END, scanCsvRow } from '../base/csv.js';
import type { Chain, Entry } from '../base/entry.js';
import { view, type OpNumber, type View } from '../base/numbers.js';
import { DamagedFileError, type ServiceFiles, type Table } from '../base/service.js';

const HEADER = csvRow(['op', 'view', 'chain']);
const OP_DIGITS = 16;
const VIEW_DIGITS = 10;
const CHAIN_DIGITS = 32;
/** Bytes of a row: fixed, so that the row of an op is found without an index. */
const ROW_BYTES = OP_DIGITS + 1 + VIEW_DIGITS + 1 + CHAIN_DIGITS + 2;

/** The table receipts.csv: view and chain of every committed op, for answering a repeat exactly as the first time. */
export const receiptsTable = (files: ServiceFiles): Table => files.table('receipts.csv', HEADER);

/** Adds the row of a committed entry. */
export function appendReceipt(table: Table, entry: Entry): void {
  const op = String(entry.op).padStart(OP_DIGITS, '0');
  const view = String(entry.view).padStart(VIEW_DIGITS, '0');
  const row = `${op},${view},${entry.chain}${ROW_END}`;
  assert(row.length === ROW_BYTES, 'a receipt row has its fixed width');
  const offset = table.append(row);
  assert(offset === offsetOf(entry.op), `the receipt of op ${entry.op} stands where it is looked for`);
}

/** View and chain of a committed op. Throws DamagedFileError when the file does not hold them. */
export function readReceipt(table: Table, at: OpNumber): { view: View; chain: Chain } {
  const scanned = scanCsvRow(table.read(offsetOf(at), ROW_BYTES), 0);
  if (scanned.kind !== 'row' || Number(scanned.fields[0]) !== at)
    throw new DamagedFileError(table.name, `row ${at + 1} is not the receipt of op ${at}`);
  const chain = present(scanned.fields[2], 'a receipt row has three columns');
  return { view: view(Number(scanned.fields[1])), chain };
}

const offsetOf = (at: OpNumber): number => HEADER.length + (at - 1) * ROW_BYTES;
