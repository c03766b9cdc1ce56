import { csvRow, ROW_END } from '../../base/csv.js';
import type { Table } from '../../base/service.js';
import { RowScanner } from '../row-scanner.js';
import { isTupleText } from './tuple.js';
import type { TupleStore } from './tuple-store.js';
import type { Update } from './updates.js';

/** A row for every change of a pair, for ever. `value`: the one from then on; of a pair that was removed the one it had. */
export const TUPLES_FILE = 'tuples.csv';
/** Its header row. */
export const TUPLES_HEADER = `op,change,key,value${ROW_END}`;

const COLUMN = { op: 0, change: 1, key: 2, value: 3 } as const;
const CHANGES = ['put', 'post', 'delete'] as const;
const CHANGE_WORDS = CHANGES.map((change) => Buffer.from(change));

/** The rows of an update at this op; empty when it changes nothing. */
export function rowsOf(op: number, update: Update): string {
  const { kind } = update;
  return kind === 'delete'
    ? update.removed.map(([key, value]) => csvRow([op, kind, key, value])).join('')
    : update.pairs.map(([, key, value]) => csvRow([op, kind, key, value])).join('');
}

/** Applies every row of the table to an empty store; returns how many there are. Throws DamagedFileError. */
export function scanTuples(table: Table, store: TupleStore): number {
  const scanner = new RowScanner(table, TUPLES_HEADER);
  let rows = 0;
  let lastOp = 1;
  while (scanner.next()) {
    rows++;
    const op = scanner.whole(COLUMN.op);
    if (op < lastOp) scanner.damaged(`op ${op} follows op ${lastOp}`);
    lastOp = op;
    const change = CHANGES[scanner.oneOf(COLUMN.change, CHANGE_WORDS)];
    const key = scanner.text(COLUMN.key);
    const value = scanner.text(COLUMN.value);
    if (!isTupleText(key)) scanner.damaged('its key is no tuple');
    if (!isTupleText(value)) scanner.damaged('its value is no tuple');
    const before = store.get(key);
    if (change === 'put') {
      if (before !== undefined) scanner.damaged('the key that is put is there already');
      store.add(key, value);
      continue;
    }
    if (before === undefined) return scanner.damaged('there is no such key');
    if (change === 'post') store.update(key, value);
    else {
      if (before.value !== value) scanner.damaged('what is deleted had another value');
      store.remove(key);
    }
  }
  return rows;
}
