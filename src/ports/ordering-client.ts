import type { Refusal } from '../base/refusal.js';

/*
 * Food ordering as customers, commands and tests see it: the objects of design 6 in their JSON form (snake_case, enums in
 * lower case without prefix, times RFC 3339, op and view as numbers). `--json` prints exactly these.
 */

export type OrderStatusName = 'placed' | 'accepted' | 'preparing' | 'ready' | 'delivered' | 'rejected' | 'cancelled';
export type PostcodeVerdictName = 'valid' | 'malformed' | 'unknown' | 'terminated' | 'unchecked';
export type ConsistencyName = 'linearizable' | 'session' | 'any';

export interface OrderLineView {
  readonly item: string;
  readonly quantity: number;
  readonly price_pence: number;
}
export interface ContactView {
  readonly name: string;
  readonly phone: string;
  readonly address: string;
}
export interface OrderView {
  readonly order_id: string;
  readonly user_code: string;
  readonly lines: readonly OrderLineView[];
  readonly total_pence: number;
  readonly post_code: string;
  readonly postcode_check: PostcodeVerdictName;
  readonly contact: ContactView;
  readonly notes: string;
  readonly placed_at: string;
  readonly status: OrderStatusName;
  readonly op: number;
  readonly unconfirmed: boolean;
  readonly reason: string;
}
export interface ReceiptView {
  readonly op: number;
  readonly view: number;
  readonly copies: number;
  readonly committed: boolean;
  readonly chain: string;
}
export interface StatusChangeView {
  readonly status: OrderStatusName;
  readonly at: string;
  readonly op: number;
  readonly reason: string;
}
export interface AsOfView {
  readonly op: number;
  readonly view: number;
  readonly replica: string;
  readonly time: string;
  readonly complete: boolean;
}
export interface MenuItemView {
  readonly item: string;
  readonly price_pence: number;
  readonly category: string;
  readonly description: string;
  readonly allergens: readonly string[];
  /** Absent: unlimited. */
  readonly stock?: number;
}
export interface OrderEventView {
  readonly op: number;
  readonly time: string;
  readonly kind: 'placed' | 'status_changed' | 'postcode_checked';
  readonly order: OrderView;
}

/** How a read may be answered. */
export interface ReadOptions {
  /** Default `linearizable`. */
  readonly consistency?: ConsistencyName;
  /** Default 0. */
  readonly minOp?: number;
}

/** A new order as the customer confirms it. */
export interface NewOrder {
  readonly order_id: string;
  readonly user_code: string;
  readonly lines: readonly OrderLineView[];
  readonly post_code: string;
  readonly contact?: ContactView;
  readonly notes?: string;
  /** "1" … "N", "majority" or "all"; default the cluster's. */
  readonly write_concern?: string;
}

/** What became of one order of a stream. */
export type StreamedOrder =
  /** `number`: which order of the stream it was, from 1. */
  | { readonly kind: 'placed'; readonly number: number; readonly order: OrderView; readonly receipt: ReceiptView }
  | { readonly kind: 'refused'; readonly number: number; readonly order_id: string; readonly error: CallRefusedError };

/** How a stream of orders is sent. */
export interface StreamOptions {
  /** Time for each order from the moment it is taken from the input, ms, 1 to 60,000. Default 5,000. */
  readonly deadlineMs?: number;
  /** Orders taken from the input whose answer has not been taken, at most; from 1. Default 1,000. */
  readonly windowMax?: number;
}

/**
 * The front end as its callers see it. Each call ends at `deadlineMs` from now (default 5,000). A call that is not done throws
 * CallRefusedError with the reason the server gave, or OUTCOME_UNKNOWN / NO_PRIMARY made up here when no server could be asked.
 */
export interface OrderingClient {
  getMenu(options?: ReadOptions): Promise<{ items: MenuItemView[]; menu_version: number; as_of: AsOfView }>;
  getMotd(options?: ReadOptions): Promise<{ motd: string; as_of: AsOfView }>;
  makeOrder(order: NewOrder, deadlineMs?: number): Promise<{ order: OrderView; receipt: ReceiptView }>;
  /**
   * Places orders over one stream, goes on at another front end when it breaks, and gives one answer for each in the order in
   * which they are ready. A refusal is an answer; it throws only what ends the stream for good, or what `orders` throws. Who stops
   * early does not learn what became of the rest: the same orders can be sent again.
   */
  makeOrders(
    orders: AsyncIterable<NewOrder> | Iterable<NewOrder>,
    options?: StreamOptions,
  ): AsyncIterable<StreamedOrder>;
  getOrders(
    query: { user_code: string; page_size?: number; page_token?: string } & ReadOptions,
  ): Promise<{ orders: OrderView[]; next_page_token: string; as_of: AsOfView }>;
  getOrder(
    orderId: string,
    options?: ReadOptions,
  ): Promise<{ order: OrderView; history: StatusChangeView[]; as_of: AsOfView }>;
  updateOrderStatus(
    requestId: string,
    orderId: string,
    status: OrderStatusName,
  ): Promise<{ order: OrderView; receipt: ReceiptView }>;
  cancelOrder(requestId: string, orderId: string): Promise<{ order: OrderView; receipt: ReceiptView }>;
  setMenu(
    requestId: string,
    items: readonly MenuItemView[],
    expectedVersion?: number,
  ): Promise<{ menu_version: number; receipt: ReceiptView }>;
  setMotd(requestId: string, motd: string): Promise<{ motd_version: number; receipt: ReceiptView }>;
  validatePostcode(postCode: string): Promise<{ verdict: PostcodeVerdictName; normalised: string; reason: string }>;
  /** Events from `fromOp` on; resumes by itself after a broken connection; ends when `signal` is aborted. */
  watchOrders(fromOp: number, userCode: string | undefined, signal: AbortSignal): AsyncIterable<OrderEventView>;
  close(): void;
}

/** A call that was not done, or whose outcome is not known. */
export class CallRefusedError extends Error {
  override readonly name = 'CallRefusedError';
  constructor(
    readonly refusal: Refusal,
    /** Name of the gRPC status, such as `UNAVAILABLE`. */
    readonly status: string,
    options?: ErrorOptions,
  ) {
    super(refusal.message, options);
  }
}
