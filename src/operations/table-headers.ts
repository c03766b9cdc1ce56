import { csvRow } from '../base/csv.js';
import { ORDERS_FILE, ORDERS_HEADER } from '../services/ordering/orders-table.js';
import { REFUSED_FILE, REFUSED_HEADER } from '../services/ordering/refused-table.js';
import { STATUS_FILE, STATUS_HEADER } from '../services/ordering/status-table.js';

const HEADERS: ReadonlyMap<string, string> = new Map([
  [ORDERS_FILE, ORDERS_HEADER],
  [STATUS_FILE, STATUS_HEADER],
  [REFUSED_FILE, REFUSED_HEADER],
  ['receipts.csv', csvRow(['op', 'view', 'chain'])],
]);

/** The header row that a table begins with; `undefined` of a table that is not known to this version. */
export const headerOf = (table: string): string | undefined => HEADERS.get(table);
