import type { OrderStatus } from './order-status.js';
import type { CheckedVerdict, PostcodeVerdict } from './postcode-verdict.js';

/** A request that changes something: one of the union, told apart by `kind`. */
export type OrderingRequest = MakeOrder | UpdateOrderStatus | CancelOrder | SetMenu | SetMotd | RecheckPostcode;

/** A read of committed state: one of the union, told apart by `kind`. */
export type OrderingQuery =
  GetMenu | GetMotd | GetOrders | GetOrder | GetEvents | GetUnchecked | GetCounts | TraceOrder;

/** One item of a basket. `pricePence` is the price of one portion as the customer was shown it. */
export interface OrderLine {
  readonly item: string;
  /** 1–999 portions. */
  readonly quantity: number;
  readonly pricePence: number;
}

/** Whom to reach about a delivery; empty text where nothing was given. Never logged. */
export interface Contact {
  readonly name: string;
  readonly phone: string;
  readonly address: string;
}

/** Places an order. Its id is the request's id. */
export interface MakeOrder {
  readonly kind: 'makeOrder';
  readonly orderId: string;
  readonly userCode: string;
  readonly lines: readonly OrderLine[];
  /** Normalised (upper case, one space); as given where it is malformed. */
  readonly postCode: string;
  readonly postcodeVerdict: PostcodeVerdict;
  /** Why the verdict is what it is, for people; empty where valid. */
  readonly postcodeReason: string;
  /** Whether an order with an unchecked postcode is taken (configuration `whenUnreachable`). Default: true. */
  readonly unreachableAccepted?: boolean;
  readonly contact?: Contact;
  readonly notes: string;
}

/** Moves an order on. Staff only: the gate sees to that. */
export interface UpdateOrderStatus {
  readonly kind: 'updateOrderStatus';
  readonly orderId: string;
  readonly status: OrderStatus;
  /** Why, for the customer; may be empty. */
  readonly reason: string;
}

/** Calls an order off. */
export interface CancelOrder {
  readonly kind: 'cancelOrder';
  readonly orderId: string;
  /** Staff may cancel until it is delivered, customers while it is placed. */
  readonly byStaff: boolean;
  /** When given, only an order of this user is found. */
  readonly userCode?: string;
}

/** One item on the menu. */
export interface MenuItem {
  readonly item: string;
  readonly pricePence: number;
  readonly category: string;
  readonly description: string;
  readonly allergens: readonly string[];
  /** Portions left; absent: unlimited. */
  readonly stock?: number;
}

/** Replaces the menu, stock included. */
export interface SetMenu {
  readonly kind: 'setMenu';
  readonly items: readonly MenuItem[];
  /** Refused unless the menu has this version. */
  readonly expectedVersion?: number;
}

/** Replaces the message of the day. */
export interface SetMotd {
  readonly kind: 'setMotd';
  readonly motd: string;
}

/** What a later check found for an order that was taken with an unchecked postcode. */
export interface RecheckPostcode {
  readonly kind: 'recheckPostcode';
  readonly orderId: string;
  readonly verdict: CheckedVerdict;
}

/** Answered by MenuReply. */
export interface GetMenu {
  readonly kind: 'getMenu';
}

/** Answered by MotdReply. */
export interface GetMotd {
  readonly kind: 'getMotd';
}

/** A user's orders, newest first. Answered by OrdersReply. */
export interface GetOrders {
  readonly kind: 'getOrders';
  readonly userCode: string;
  /** 0 means 50; at most 500. */
  readonly pageSize: number;
  /** Empty for the first page. */
  readonly pageToken: string;
}

/** Answered by OrderWithHistory, or refused UNKNOWN_ORDER. */
export interface GetOrder {
  readonly kind: 'getOrder';
  readonly orderId: string;
}

/** Committed events from an op on, oldest first. Answered by EventsReply. */
export interface GetEvents {
  readonly kind: 'events';
  /** Inclusive; 0: from the beginning. */
  readonly fromOp: number;
  /** 1–1,000 events. */
  readonly limit: number;
  /** Only this user's orders. */
  readonly userCode?: string;
}

/** Open orders whose postcode is still unchecked, oldest first. Answered by UncheckedReply. */
export interface GetUnchecked {
  readonly kind: 'unchecked';
  /** 1–1,000 orders. */
  readonly limit: number;
}

/** For operators: an id with all that ever happened under it. Answered by OrderTrace. */
export interface TraceOrder {
  readonly kind: 'traceOrder';
  readonly orderId: string;
}

/** Answered by Counts. */
export interface GetCounts {
  readonly kind: 'counts';
}
