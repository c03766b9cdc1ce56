import { assertNever } from '../../base/assert.js';
import type {
  OrderEventView,
  OrderLineView,
  OrderStatusName,
  OrderView,
  ReceiptView,
  StatusChangeView,
} from '../../ports/ordering-client.js';
import type { Paint } from './paint.js';
import { alignedTable } from './table.js';
import { clockTime, counted, dayAndTime, pounds, shortId } from './values.js';

/** The lines of a basket or an order with their total. */
export function linesText(lines: readonly OrderLineView[], totalPence: number): string {
  return alignedTable(
    [{ heading: '', align: 'right' }, { heading: '' }, { heading: '', align: 'right' }],
    [
      ...lines.map((line) => [`${line.quantity} ×`, line.item, pounds(line.quantity * line.price_pence)]),
      ['', 'Total', pounds(totalPence)],
    ],
  );
}

/** Several orders, one line each. */
export function ordersText(orders: readonly OrderView[], paint: Paint): string {
  if (orders.length === 0) return 'No orders.';
  return alignedTable(
    [
      { heading: 'ORDER' },
      { heading: 'PLACED' },
      { heading: 'STATUS' },
      { heading: 'TOTAL', align: 'right' },
      { heading: 'ITEMS' },
    ],
    orders.map((order) => [
      order.order_id,
      dayAndTime(order.placed_at),
      statusText(order, paint),
      pounds(order.total_pence),
      itemsText(order.lines),
    ]),
  );
}

/** One order in full, as it stands. */
export function orderText(order: OrderView, paint: Paint): string {
  const facts: string[][] = [
    ['Order', order.order_id],
    ['User', order.user_code],
    ['Placed', order.unconfirmed ? dayAndTime(order.placed_at) : `${dayAndTime(order.placed_at)} (op ${order.op})`],
    ['Status', statusText(order, paint)],
    ['Postcode', `${order.post_code} (${order.postcode_check})`],
  ];
  if (order.contact.name !== '') facts.push(['Name', order.contact.name]);
  if (order.contact.phone !== '') facts.push(['Phone', order.contact.phone]);
  if (order.contact.address !== '') facts.push(['Address', order.contact.address]);
  if (order.notes !== '') facts.push(['Notes', order.notes]);
  const head = alignedTable([{ heading: '' }, { heading: '' }], facts);
  return `${head}\n${linesText(order.lines, order.total_pence)}`;
}

/** How safe a write is. */
export function receiptText(receipt: ReceiptView): string {
  const disks = `on ${counted(receipt.copies, 'disk')}`;
  if (receipt.committed) return `Safe: ${disks}, op ${receipt.op}.`;
  if (receipt.op === 0)
    return `Taken: ${disks}, waiting for confirmation. 'just-hungry orders' shows when it is confirmed.`;
  return `Taken: ${disks}, waits for the confirmation of a majority (op ${receipt.op} is provisional).`;
}

/** The history of an order's status, oldest first. */
export function historyText(history: readonly StatusChangeView[]): string {
  return alignedTable(
    [{ heading: '' }, { heading: '' }, { heading: '' }],
    history.map((change) => [dayAndTime(change.at), change.status, change.reason]),
  );
}

/** One event of an order as a line. */
export function eventText(event: OrderEventView): string {
  const { order } = event;
  const about = `${clockTime(event.time)}  op ${event.op}  ${shortId(order.order_id)}`;
  switch (event.kind) {
    case 'placed':
      return `${about}  placed  ${order.user_code}  ${itemsText(order.lines)}  ${pounds(order.total_pence)}`;
    case 'status_changed':
      return `${about}  ${order.status}${order.reason === '' ? '' : `: ${order.reason}`}`;
    case 'postcode_checked':
      return `${about}  postcode ${order.post_code} is ${order.postcode_check}`;
    default:
      return assertNever(event.kind);
  }
}

/** `2 × Dal, 1 × Naan`. */
export function itemsText(lines: readonly OrderLineView[]): string {
  return lines.map((line) => `${line.quantity} × ${line.item}`).join(', ');
}

/** A status with its reason and colour. */
export function statusText(order: Pick<OrderView, 'status' | 'reason' | 'unconfirmed'>, paint: Paint): string {
  const text = order.reason === '' ? order.status : `${order.status}: ${order.reason}`;
  return coloured(order.status, order.unconfirmed ? `${text} (waiting for confirmation)` : text, paint);
}

function coloured(status: OrderStatusName, text: string, paint: Paint): string {
  switch (status) {
    case 'placed':
      return paint.strong(text);
    case 'accepted':
    case 'preparing':
      return paint.warning(text);
    case 'ready':
    case 'delivered':
      return paint.good(text);
    case 'rejected':
    case 'cancelled':
      return paint.bad(text);
    default:
      return assertNever(status);
  }
}
