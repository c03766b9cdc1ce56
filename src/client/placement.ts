import type { Refusal, RefusalReason } from '../base/refusal.js';
import {
  CallRefusedError,
  type NewOrder,
  type OrderingClient,
  type OrderView,
  type ReceiptView,
} from '../ports/ordering-client.js';
import type { PendingOrders } from './pending-orders.js';

/** What became of an order that was sent. */
export type PlacementOutcome =
  | { readonly kind: 'placed'; readonly order: OrderView; readonly receipt: ReceiptView }
  /** Certainly not placed, now or later: its id is spent, the next attempt takes a new one. */
  | { readonly kind: 'refused'; readonly refusal: Refusal }
  /** Placed or not, nobody can tell yet: only the same id and content may be sent again. It stays in the folder. */
  | { readonly kind: 'unknown'; readonly refusal: Refusal };

/**
 * Whether a refused MakeOrder is settled. The front end may have tried more than once, so a replica that refused last says
 * nothing about the attempts before, unless its answer depends on the replicated state alone.
 */
const SETTLED = {
  INVALID_FIELD: true,
  MESSAGE_TOO_LARGE: true,
  UNKNOWN_ITEM: true,
  UNKNOWN_ORDER: true,
  ID_REUSED: true,
  REQUEST_TOO_OLD: false,
  REQUEST_IN_FUTURE: false,
  PRICE_CHANGED: true,
  SOLD_OUT: true,
  ORDER_CLOSED: true,
  INVALID_TRANSITION: true,
  MENU_VERSION_CHANGED: true,
  POSTCODE_MALFORMED: true,
  POSTCODE_UNKNOWN: true,
  POSTCODE_TERMINATED: true,
  POSTCODE_UNCHECKED: true,
  UNKNOWN_RECORD: true,
  FIELD_NOT_UPDATABLE: true,
  RECORD_VERSION_CHANGED: true,
  RECORD_TOO_LARGE: true,
  TOKEN_MISSING: false,
  TOKEN_WRONG: false,
  NO_QUORUM: false,
  NO_PRIMARY: false,
  REPLICA_UNREACHABLE: false,
  NOT_FOUNDED: false,
  UNCONFIRMED: false,
  DAMAGED: false,
  OVERLOADED: false,
  RATE_LIMITED: false,
  WRITE_CONCERN_NOT_MET: false,
  OUTCOME_UNKNOWN: false,
  STOPPING: false,
  INTERNAL: false,
  CHAOS_OFF: true,
  INJECTED_FAULT: false,
} as const satisfies Record<RefusalReason, boolean>;

/** Whether a refusal settles a write: it was certainly not done and will not be. */
export function isSettled({ reason, details }: Refusal): boolean {
  // One replica without a majority says so: an earlier attempt may have got through to others.
  return SETTLED[reason] && details?.['alone'] !== 'true';
}

/** What an order's placement needs of the world. */
export interface Placement {
  readonly client: Pick<OrderingClient, 'makeOrder'>;
  readonly pending: PendingOrders;
  /** Addresses the order is sent to: a folder may serve several clusters. */
  readonly frontEnds: readonly string[];
}

/**
 * Places an order, or finds it when it was placed before. The whole order is on this computer's disk before the first byte
 * is sent and stays there until the outcome is known. Throws PendingFolderError, nothing sent, when it cannot be written.
 */
export async function placeOrder(
  { client, pending, frontEnds }: Placement,
  order: NewOrder,
  deadlineMs?: number,
): Promise<PlacementOutcome> {
  await pending.save(order, frontEnds);
  try {
    const { order: placed, receipt } = await client.makeOrder(order, deadlineMs);
    await pending.remove(order.order_id);
    return { kind: 'placed', order: placed, receipt };
  } catch (error) {
    if (!(error instanceof CallRefusedError)) throw error;
    if (!isSettled(error.refusal)) return { kind: 'unknown', refusal: error.refusal };
    await pending.remove(order.order_id);
    return { kind: 'refused', refusal: error.refusal };
  }
}
