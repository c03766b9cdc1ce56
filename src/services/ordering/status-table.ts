import { csvField, ROW_END, scanCsvRow } from '../../base/csv.js';
import { DamagedFileError, type Table } from '../../base/service.js';
import type { OrderStatus } from './order-status.js';
import type { PostcodeVerdict } from './postcode-verdict.js';

/** Name of the table of status changes: the placing of every order, and a row per change or later check. */
export const STATUS_FILE = 'order-status.csv';

/** Its header row. `postcode_check` is the verdict from then on. */
export const STATUS_HEADER = `op,order_id,status,postcode_check,at,reason,request_id${ROW_END}`;

/** Columns of the header, by index. */
export const STATUS_COLUMN = {
  op: 0,
  orderId: 1,
  status: 2,
  postcodeCheck: 3,
  at: 4,
  reason: 5,
  requestId: 6,
} as const;

/** Longest row: a reason of 200 characters of four bytes, quoted, and under 200 bytes of the other columns. */
const ROW_BYTES_MAX = 200 * 4 * 2 + 256;

/** A row of order-status.csv. */
export interface StatusRow {
  readonly op: number;
  readonly orderId: string;
  readonly status: OrderStatus;
  readonly postcodeCheck: PostcodeVerdict;
  /** RFC 3339, ms, UTC. */
  readonly at: string;
  readonly reason: string;
  readonly requestId: string;
}

/** The row with its CR LF. */
export function rowOfStatus(row: StatusRow): string {
  return (
    `${row.op},${row.orderId},${row.status},${row.postcodeCheck},${row.at},` +
    `${csvField(row.reason)},${row.requestId}${ROW_END}`
  );
}

/** What a change needs from its file: the rest is in memory. */
export type StatusText = Pick<StatusRow, 'at' | 'reason' | 'requestId'>;

/** Reads the row at `offset`. Throws DamagedFileError when it is not the row of this op and order. */
export function readStatusText(table: Table, offset: number, op: number, orderId: string): StatusText {
  const bytes = table.read(offset, Math.min(ROW_BYTES_MAX, table.length - offset));
  const scanned = scanCsvRow(bytes, 0);
  if (scanned.kind !== 'row') throw new DamagedFileError(STATUS_FILE, `the row of op ${op} cannot be read`);
  const [rowOp, rowOrder, , , at, reason, requestId] = scanned.fields;
  if (
    rowOp !== String(op) ||
    rowOrder !== orderId ||
    at === undefined ||
    reason === undefined ||
    requestId === undefined
  )
    throw new DamagedFileError(STATUS_FILE, `where the row of op ${op} was written stands another`);
  return { at, reason, requestId };
}
