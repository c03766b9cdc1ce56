import type { OrderEventView, OrderStatusName, OrderView } from '../../ports/ordering-client.js';
import { isClosed } from '../../services/ordering/order-status.js';
import type { Paint } from '../text/paint.js';
import { itemsText, statusText } from '../text/order-text.js';
import { alignedTable } from '../text/table.js';
import { clockTime, counted, shortId } from '../text/values.js';

/** The kitchen's view: every open order, oldest first, and which one is picked. */
export interface Board {
  readonly orders: ReadonlyMap<string, OrderView>;
  /** Id of the picked order; empty on an empty board. */
  readonly picked: string;
  /** Last op seen. */
  readonly op: number;
}

/** A board on which nothing has happened. */
export const emptyBoard: Board = { orders: new Map(), picked: '', op: 0 };

/** The board after an event; an event at or below the last op changes nothing. */
export function boardAfter(board: Board, event: OrderEventView): Board {
  if (event.op <= board.op) return board;
  const orders = new Map(board.orders);
  const id = event.order.order_id;
  if (isClosed(event.order.status)) orders.delete(id);
  else orders.set(id, event.order);
  if (orders.has(board.picked)) return { orders, picked: board.picked, op: event.op };
  return { orders, picked: nextPick(board, orders), op: event.op };
}

/** The board with the pick moved by `steps`, kept on the board. */
export function movePick(board: Board, steps: number): Board {
  const ids = [...board.orders.keys()];
  if (ids.length === 0) return board;
  const at = Math.min(ids.length - 1, Math.max(0, ids.indexOf(board.picked) + steps));
  return { ...board, picked: ids[at] ?? '' };
}

/** The status that follows in the ordinary course of things; `undefined` for a closed order. */
export function nextStatus(status: OrderStatusName): OrderStatusName | undefined {
  const course: readonly OrderStatusName[] = ['placed', 'accepted', 'preparing', 'ready', 'delivered'];
  const at = course.indexOf(status);
  return at < 0 ? undefined : course[at + 1];
}

/** Keys of the board, and the status that each gives the picked order. */
export const STATUS_KEYS: Readonly<Record<string, OrderStatusName>> = {
  a: 'accepted',
  p: 'preparing',
  r: 'ready',
  d: 'delivered',
  x: 'rejected',
};

/** The board as text of at most `height` lines: heading, the orders around the picked one, keys, last message. */
export function boardText(board: Board, message: string, height: number, paint: Paint): string {
  const orders = [...board.orders.values()];
  const head = paint.strong(`Kitchen: ${counted(orders.length, 'open order')} (op ${board.op})`);
  const keys = paint.faint(
    'up/down pick · enter next status · a accepted · p preparing · r ready · d delivered · x rejected · q quit',
  );
  const room = Math.max(1, height - 6);
  const at = orders.findIndex(({ order_id: id }) => id === board.picked);
  const from = Math.max(0, Math.min(at - Math.floor(room / 2), orders.length - room));
  const rows = orders
    .slice(from, from + room)
    .map((order) => [
      order.order_id === board.picked ? '>' : '',
      clockTime(order.placed_at),
      shortId(order.order_id),
      statusText(order, paint),
      order.post_code,
      order.notes === '' ? itemsText(order.lines) : `${itemsText(order.lines)} · ${order.notes}`,
    ]);
  const table = alignedTable(
    Array.from({ length: 6 }, () => ({ heading: '' })),
    rows,
  );
  return [head, '', table === '' ? 'Nothing to do.' : table, '', message, keys].join('\n');
}

/** After the picked order has left: the one that stood behind it, else the last one. */
function nextPick(before: Board, orders: ReadonlyMap<string, OrderView>): string {
  const ids = [...before.orders.keys()];
  const behind = ids.slice(ids.indexOf(before.picked) + 1).find((id) => orders.has(id));
  return behind ?? [...orders.keys()].at(-1) ?? '';
}
