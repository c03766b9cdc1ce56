import { majorityOf } from '../../base/numbers.js';
import { refusal, type Refusal, type RefusalReason } from '../../base/refusal.js';
import type { Execution, ExecutionContext, OutboxItem } from '../../base/service.js';
import { contentOf, contentOfUpdate } from './content.js';
import { decided, orderEntry, refusedEntry } from './executions.js';
import { REASON_LENGTH_MAX } from './limits.js';
import { basketRefusal } from './basket.js';
import { outboxOrder } from './outbox-order.js';
import type { PostcodeVerdict } from './postcode-verdict.js';
import type { PresentState } from './present-state.js';
import type { MakeOrder } from './requests.js';
import { lengthOf } from './text.js';
import { type OrderUpdate, type StockLeft, type UpdateLine } from './updates.js';

/** Places an order whose id is new: postcode, items, prices and stock must be right, all of them or nothing is done. */
export function executeMakeOrder(
  state: PresentState,
  request: MakeOrder,
  copiesNeeded: number,
  context: ExecutionContext,
): Execution {
  const refused = postcodeRefusal(request) ?? basketRefusal(state, request.lines);
  if (refused !== undefined) return refusedEntry(refused, contentOf(request));
  const lines = request.lines.map(({ item, quantity, pricePence }): UpdateLine => [item, quantity, pricePence]);
  const taken = takeStock(state, lines);
  // An order that takes limited stock may not be lost again: what is left of the stock is told to the next customer.
  const copies = taken.limited.length > 0 ? Math.max(copiesNeeded, majorityOf(context.replicaCount)) : copiesNeeded;
  return orderEntry(orderUpdateOf(request, copies, taken), { ...context, requestId: request.orderId });
}

/** The update of an order that may be placed; `taken`: nothing where no limited stock is taken. */
export function orderUpdateOf(
  request: MakeOrder,
  copies: number,
  taken: Taken = { stock: [], limited: [] },
): OrderUpdate {
  const { name, phone, address } = request.contact ?? { name: '', phone: '', address: '' };
  const hasExtra = name !== '' || phone !== '' || address !== '' || request.notes !== '';
  return {
    kind: 'order',
    user: request.userCode,
    lines: request.lines.map(({ item, quantity, pricePence }): UpdateLine => [item, quantity, pricePence]),
    postCode: request.postCode,
    check: request.postcodeVerdict,
    ...(hasExtra ? { extra: [name, phone, address, request.notes] } : {}),
    ...stockFields(taken),
    copies,
  };
}

/**
 * Executes an order of an outbox with its id, time and prices. Neither price nor postcode is checked: the customer was
 * told that it is ordered. Only stock can be short; then it becomes an order with status rejected. What cannot be read as an order
 * is refused and nothing written: there is nothing that could be shown to anybody.
 */
export function executeSalvagedOrder(state: PresentState, item: OutboxItem, context: ExecutionContext): Execution {
  const { update: original, problem } = outboxOrder(item);
  if (original === undefined)
    return { kind: 'refused', refusal: refusal('INVALID_FIELD', `It cannot be placed: ${problem}.`) };
  const known = state.decision(item.requestId);
  if (known !== undefined) {
    return decided(known, contentOfUpdate(original));
  }
  const { stock: _stock, limited: _limited, rejected: _rejected, ...kept } = original;
  const placed = { ...kept, copies: majorityOf(context.replicaCount), placedMs: original.placedMs ?? item.timeMs };
  const shortage = shortageOf(state, original.lines);
  const update: OrderUpdate =
    shortage === undefined
      ? { ...placed, ...stockFields(takeStock(state, original.lines)) }
      : { ...placed, rejected: shortage };
  return orderEntry(update, { ...context, requestId: item.requestId });
}

/** What an order takes of limited stock. */
export interface Taken {
  readonly stock: StockLeft[];
  readonly limited: number[];
}

/** What the stock will be, and which lines take of it. The caller has seen to it that there is enough. */
function takeStock(state: PresentState, lines: readonly UpdateLine[]): Taken {
  const stock: StockLeft[] = [];
  const limited: number[] = [];
  for (const [index, [item, quantity]] of lines.entries()) {
    const left = state.item(item)?.stock;
    if (left === undefined) continue;
    stock.push([item, left - quantity]);
    limited.push(index);
  }
  return { stock, limited };
}

function stockFields({ stock, limited }: Taken): Partial<Taken> {
  return limited.length === 0 ? {} : { stock, limited };
}

function shortageOf(state: PresentState, lines: readonly UpdateLine[]): string | undefined {
  const short = lines.filter(([item, quantity]) => (state.item(item)?.stock ?? quantity) < quantity);
  if (short.length === 0) return undefined;
  const reason = `sold out before the order could be confirmed: ${short.map(([item]) => item).join(', ')}`;
  return lengthOf(reason) <= REASON_LENGTH_MAX ? reason : 'sold out before the order could be confirmed';
}

const POSTCODE_REASON = {
  malformed: 'POSTCODE_MALFORMED',
  unknown: 'POSTCODE_UNKNOWN',
  terminated: 'POSTCODE_TERMINATED',
  unchecked: 'POSTCODE_UNCHECKED',
} as const satisfies Record<Exclude<PostcodeVerdict, 'valid'>, RefusalReason>;

const POSTCODE_PROBLEM = {
  malformed: 'does not have the form of a UK postcode. Correct it',
  unknown: 'does not exist. Correct it',
  terminated: 'is no longer in use. Give the present one',
  unchecked: 'could not be checked just now. Try again later',
} as const satisfies Record<Exclude<PostcodeVerdict, 'valid'>, string>;

/** Why an order does not go to this postcode, or `undefined`. */
export function postcodeRefusal({
  postCode,
  postcodeVerdict,
  postcodeReason,
  unreachableAccepted,
}: MakeOrder): Refusal | undefined {
  if (postcodeVerdict === 'valid') return undefined;
  if (postcodeVerdict === 'unchecked' && unreachableAccepted !== false) return undefined;
  const problem = POSTCODE_PROBLEM[postcodeVerdict];
  const why = postcodeReason === '' ? '' : ` (${postcodeReason})`;
  return refusal(
    POSTCODE_REASON[postcodeVerdict],
    `The postcode ${postCode} ${problem}${why}, then order with a new order_id. Nothing was ordered.`,
    { post_code: postCode },
  );
}
