import { scanCsvRow } from '../base/csv.js';

/** Rows as they stand in a file, one byte a character (latin1), so that damaged ones can be compared too. */
export type RawRow = string;

/** A row that both have, not alike. Rows as text for people. */
export interface ChangedRow {
  readonly a: string;
  readonly b: string;
  /** Names of the columns that differ, from the header. */
  readonly columns: readonly string[];
}

/** How two sets of rows differ. */
export interface RowDifferences {
  /** Rows of A that B lacks. */
  readonly missing: readonly string[];
  /** Rows of B that A lacks. */
  readonly extra: readonly string[];
  readonly different: readonly ChangedRow[];
  /** Both have the same rows, but not in the same order. */
  readonly isOrderOnly: boolean;
}

/** Rows that only one has, after equal ones were set off against each other, wherever they stand. */
export function unmatchedRows(a: readonly RawRow[], b: readonly RawRow[]): { a: RawRow[]; b: RawRow[] } {
  const surplus = new Map<RawRow, number>();
  for (const row of b) surplus.set(row, (surplus.get(row) ?? 0) + 1);
  const onlyA = a.filter((row) => {
    const left = surplus.get(row) ?? 0;
    if (left > 0) surplus.set(row, left - 1);
    return left === 0;
  });
  const onlyB = b.filter((row) => {
    const left = surplus.get(row) ?? 0;
    if (left > 0) surplus.set(row, left - 1);
    return left > 0;
  });
  return { a: onlyA, b: onlyB };
}

/**
 * What the rows that only one side has mean: two of the same key (op and line; of a menu its item), or alike but for one column, are one row
 * that differs; what is left is missing or extra. Nothing is told that does not stand in one of the files.
 */
export function rowDifferences(header: string, a: readonly RawRow[], b: readonly RawRow[]): RowDifferences {
  const columns = fieldsOf(header) ?? [];
  const rest = unmatchedRows(a, b);
  const parsedA = rest.a.map((row) => ({ row, fields: fieldsOf(row) }));
  let parsedB = rest.b.map((row) => ({ row, fields: fieldsOf(row) }));
  const different: ChangedRow[] = [];
  const take = (left: Parsed, isPartner: (right: Parsed) => boolean): boolean => {
    const at = parsedB.findIndex(isPartner);
    const right = parsedB[at];
    if (right === undefined) return false;
    parsedB = parsedB.toSpliced(at, 1);
    different.push({
      a: textOf(left.row),
      b: textOf(right.row),
      columns: differing(columns, left.fields, right.fields),
    });
    return true;
  };
  const keyOf = keysOf(columns);
  const unkeyed = parsedA.filter((left) => {
    const key = keyOf(left.fields);
    return key === undefined || !take(left, (right) => keyOf(right.fields) === key);
  });
  const missing = unkeyed.filter((left) => !take(left, (right) => isNearlyAlike(left.fields, right.fields)));
  return {
    missing: missing.map(({ row }) => textOf(row)),
    extra: parsedB.map(({ row }) => textOf(row)),
    different,
    isOrderOnly: rest.a.length === 0 && rest.b.length === 0,
  };
}

interface Parsed {
  readonly row: RawRow;
  readonly fields: readonly string[] | undefined;
}

/** The fields, or `undefined` when it is no row. */
function fieldsOf(row: RawRow): string[] | undefined {
  const scanned = scanCsvRow(Buffer.from(row, 'latin1'), 0);
  return scanned.kind === 'row' ? scanned.fields : undefined;
}

/** What names a row: its op (and line), or its first column. */
function keysOf(columns: readonly string[]): (fields: readonly string[] | undefined) => string | undefined {
  const line = columns.indexOf('line');
  return (fields) => {
    const [first] = fields ?? [];
    if (first === undefined || fields?.length !== columns.length) return undefined;
    return line < 0 ? first : `${first} ${fields[line]}`;
  };
}

function isNearlyAlike(a: readonly string[] | undefined, b: readonly string[] | undefined): boolean {
  if (a === undefined || b === undefined || a.length !== b.length || a.length < 3) return false;
  return a.filter((field, at) => field !== b[at]).length === 1;
}

function differing(
  columns: readonly string[],
  a: readonly string[] | undefined,
  b: readonly string[] | undefined,
): string[] {
  if (a === undefined || b === undefined) return [];
  return columns.filter((_, at) => a[at] !== b[at]);
}

/** A row for people: its characters, without its line end. */
const textOf = (row: RawRow): string =>
  Buffer.from(row, 'latin1')
    .toString('utf8')
    .replace(/\r?\n$/, '');
