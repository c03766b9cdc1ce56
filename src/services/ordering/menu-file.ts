import { CsvError, parse } from 'csv-parse/sync';
import { csvRow, ROW_END } from '../../base/csv.js';
import { MENU_ITEMS_MAX } from './limits.js';
import { penceOfPounds, poundsOfPence } from './money.js';
import type { MenuItem } from './requests.js';
import type { FieldProblem } from '../../base/field-problem.js';
import { menuItemProblem, motdProblem } from './validation.js';

/** Name of the menu's document. */
export const MENU_FILE = 'menu.csv';
/** Name of the document with the message of the day. */
export const MOTD_FILE = 'motd.txt';

const COLUMNS = ['item', 'price', 'category', 'description', 'allergens', 'stock'] as const;
type Column = (typeof COLUMNS)[number];
const REQUIRED: readonly Column[] = ['item', 'price'];

/** Header row of menu.csv. Price in pounds; allergens with `;` between; stock empty: unlimited. */
export const MENU_HEADER = `${COLUMNS.join(',')}${ROW_END}`;

/** A file that a person wrote and that cannot be taken as it is. The message names file, row and column. */
export class InvalidFileError extends Error {
  override readonly name = 'InvalidFileError';
  constructor(
    readonly file: string,
    readonly detail: string,
  ) {
    super(`${file}: ${detail}`);
  }
}

/** The row of menu.csv for an item. */
export function rowOfMenuItem({ item, pricePence, category, description, allergens, stock }: MenuItem): string {
  return csvRow([item, poundsOfPence(pricePence), category, description, allergens.join(';'), stock ?? '']);
}

interface Parsed {
  readonly record: string[];
  readonly info: { readonly lines: number };
}

/**
 * Reads a menu as people write it: columns in any order (item and price must be there), LF or CR LF, with or without
 * BOM, blanks around fields and empty rows skipped. Empty text is a menu without items. Throws InvalidFileError; rows
 * are counted as an editor counts lines.
 */
export function parseMenu(text: string): MenuItem[] {
  const [header, ...rows] = parseRows(text);
  if (header === undefined) return [];
  const columns = columnsOf(header);
  if (rows.length > MENU_ITEMS_MAX)
    throw invalid(`${rows.length} items, more than ${MENU_ITEMS_MAX}; shorten the menu`);
  const items: MenuItem[] = [];
  const names = new Set<string>();
  for (const { record, info } of rows) {
    if (record.length !== columns.length)
      throw invalid(
        `row ${info.lines}: ${record.length} columns instead of ${columns.length}; put a field that holds a comma in double quotes`,
      );
    const item = itemOf((column) => record[columns.indexOf(column)] ?? '', info.lines);
    const problem = menuItemProblem(item, names);
    if (problem !== undefined) throw invalid(describe(problem, info.lines));
    names.add(item.item);
    items.push(item);
  }
  return items;
}

/** The message of the day as its file holds it, without BOM. Throws InvalidFileError. */
export function parseMotd(text: string): string {
  const motd = text.startsWith('\ufeff') ? text.slice(1) : text;
  const problem = motdProblem(motd);
  if (problem !== undefined) throw new InvalidFileError(MOTD_FILE, `${problem.problem}; ${problem.nextStep}`);
  return motd;
}

function parseRows(text: string): Parsed[] {
  try {
    return parse(text, {
      bom: true,
      info: true,
      trim: true,
      relax_column_count: true,
      skip_empty_lines: true,
      record_delimiter: ['\r\n', '\n', '\r'],
    }) as unknown as Parsed[];
  } catch (error) {
    if (!(error instanceof CsvError)) throw error;
    throw invalid(`${error.message}; check the double quotes there`);
  }
}

function columnsOf({ record, info }: Parsed): Column[] {
  const columns: Column[] = [];
  for (const name of record) {
    const column = COLUMNS.find((known) => known === name.toLowerCase());
    if (column === undefined)
      throw invalid(`row ${info.lines}: no column is called ${JSON.stringify(name)}; use ${COLUMNS.join(',')}`);
    if (columns.includes(column)) throw invalid(`row ${info.lines}: column ${column} stands there twice; keep one`);
    columns.push(column);
  }
  for (const column of REQUIRED)
    if (!columns.includes(column))
      throw invalid(`row ${info.lines}: column ${column} is missing; the header is ${COLUMNS.join(',')}`);
  return columns;
}

function itemOf(field: (column: Column) => string, row: number): MenuItem {
  const pricePence = penceOfPounds(field('price'));
  if (pricePence === undefined) throw invalid(`row ${row}, column price: is no amount in pounds; write it as 4.50`);
  const stockText = field('stock');
  if (!/^[0-9]{0,9}$/.test(stockText))
    throw invalid(`row ${row}, column stock: is no whole number; write the portions left, or nothing for unlimited`);
  const allergens = field('allergens')
    .split(';')
    .map((allergen) => allergen.trim());
  return {
    item: field('item'),
    pricePence,
    category: field('category'),
    description: field('description'),
    allergens: allergens.filter((allergen) => allergen !== ''),
    ...(stockText === '' ? {} : { stock: Number(stockText) }),
  };
}

function describe({ field, problem, nextStep }: FieldProblem, row: number): string {
  const column = field === 'price_pence' ? 'price' : field;
  return `row ${row}, column ${column}: ${problem}; ${nextStep}`;
}

function invalid(detail: string): InvalidFileError {
  return new InvalidFileError(MENU_FILE, detail);
}
