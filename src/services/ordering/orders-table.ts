import { csvField, ROW_END, scanCsvRow } from '../../base/csv.js';
import { DamagedFileError } from '../../base/service.js';
import { poundsOfPence, penceOfPounds } from './money.js';
import { isPostcodeVerdict, type PostcodeVerdict } from './postcode-verdict.js';
import type { Order } from './replies.js';
import type { Contact, OrderLine } from './requests.js';

/** Name of the table of orders: one row per line of an order, as it was placed. */
export const ORDERS_FILE = 'orders.csv';

/** Its header row. `price` and `total` (price × quantity of the line) are in pounds. */
export const ORDERS_HEADER = `op,order_id,line,user_code,item,quantity,price,total,post_code,postcode_check,name,phone,address,notes,placed_at${ROW_END}`;

/** Columns of the header that are read at start, by index. */
export const ORDERS_COLUMN = {
  op: 0,
  orderId: 1,
  line: 2,
  userCode: 3,
  quantity: 5,
  price: 6,
  total: 7,
  postcodeCheck: 9,
} as const;

/** What orders.csv holds of an order: all but what may change. */
export type PlacedOrder = Omit<Order, 'status' | 'reason'>;

const COLUMNS = 15;
const WHOLE = /^[0-9]{1,15}$/;

/** The sum over the lines, in pence. */
export function totalOfLines(lines: readonly OrderLine[]): number {
  let total = 0;
  for (const { quantity, pricePence } of lines) total += quantity * pricePence;
  return total;
}

/** The contact, or `undefined` when nothing was given: an order has none then. */
export function contactOf(name: string, phone: string, address: string): Contact | undefined {
  return name === '' && phone === '' && address === '' ? undefined : { name, phone, address };
}

/** The rows of an order, one per line, each complete in itself so that it can be filtered and summed. */
export function rowsOfOrder(order: PlacedOrder): string {
  const { name, phone, address } = order.contact ?? { name: '', phone: '', address: '' };
  const head = `${order.op},${order.orderId},`;
  const user = `,${csvField(order.userCode)},`;
  const tail =
    `,${csvField(order.postCode)},${order.postcodeCheck},${csvField(name)},${csvField(phone)},${csvField(address)},` +
    `${csvField(order.notes)},${order.placedAt}${ROW_END}`;
  let rows = '';
  let number = 1;
  for (const { item, quantity, pricePence } of order.lines) {
    const price = poundsOfPence(pricePence);
    const total = poundsOfPence(pricePence * quantity);
    rows += `${head}${number++}${user}${csvField(item)},${quantity},${price},${total}${tail}`;
  }
  return rows;
}

/** Reads the order whose rows are exactly `bytes`. Throws DamagedFileError when they are not those of one order. */
export function readOrder(bytes: Uint8Array): PlacedOrder {
  const lines: OrderLine[] = [];
  let first: PlacedOrder | undefined;
  for (let at = 0; at < bytes.length;) {
    const scanned = scanCsvRow(bytes, at);
    if (scanned.kind !== 'row') throw damaged(`a row cannot be read (${scanned.kind})`);
    at = scanned.end;
    const row = rowOf(scanned.fields);
    if (row.lineNumber !== lines.length + 1)
      throw damaged(`order ${row.order.orderId} has no line ${lines.length + 1}`);
    first ??= row.order;
    if (row.order.orderId !== first.orderId) throw damaged(`rows of order ${first.orderId} hold another order`);
    lines.push(row.line);
  }
  if (first === undefined) throw damaged('the rows of an order are missing');
  return { ...first, lines, totalPence: totalOfLines(lines) };
}

function rowOf(fields: readonly string[]): { order: PlacedOrder; line: OrderLine; lineNumber: number } {
  if (fields.length !== COLUMNS) throw damaged(`${fields.length} columns instead of ${COLUMNS}`);
  const [op, orderId, line, userCode, item, quantity, price, , postCode, check, name, phone, address, notes, placedAt] =
    fields as Fifteen;
  const contact = contactOf(name, phone, address);
  const order: PlacedOrder = {
    orderId,
    userCode,
    lines: [],
    totalPence: 0,
    postCode,
    postcodeCheck: verdictOf(check),
    ...(contact === undefined ? {} : { contact }),
    notes,
    placedAt,
    op: wholeOf(op, 'op'),
  };
  const pricePence = penceOfPounds(price);
  if (pricePence === undefined) throw damaged('price is no amount in pounds');
  return {
    order,
    line: { item, quantity: wholeOf(quantity, 'quantity'), pricePence },
    lineNumber: wholeOf(line, 'line'),
  };
}

type Fifteen = [
  ...[string, string, string, string, string],
  ...[string, string, string, string, string],
  ...[string, string, string, string, string],
];

function verdictOf(text: string): PostcodeVerdict {
  if (!isPostcodeVerdict(text)) throw damaged('postcode_check is none of the known words');
  return text;
}

function wholeOf(text: string, column: string): number {
  if (!WHOLE.test(text)) throw damaged(`${column} is no whole number`);
  return Number(text);
}

function damaged(what: string): DamagedFileError {
  return new DamagedFileError(ORDERS_FILE, what);
}
