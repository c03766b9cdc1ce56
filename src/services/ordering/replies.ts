import type { Refusal } from '../../base/refusal.js';
import type { OrderStatus } from './order-status.js';
import type { PostcodeVerdict } from './postcode-verdict.js';
import type { Contact, MenuItem, OrderingQuery, OrderingRequest, OrderLine } from './requests.js';

/** An order. */
export interface Order {
  readonly orderId: string;
  readonly userCode: string;
  readonly lines: readonly OrderLine[];
  readonly totalPence: number;
  readonly postCode: string;
  readonly postcodeCheck: PostcodeVerdict;
  /** Absent: none given. */
  readonly contact?: Contact;
  readonly notes: string;
  /** RFC 3339, ms, UTC: the primary's clock when it took the order. */
  readonly placedAt: string;
  readonly status: OrderStatus;
  /** Op at which it was placed; 0 while it waits in an outbox. */
  readonly op: number;
  /** Why it was rejected or cancelled; empty otherwise. */
  readonly reason: string;
  /** It waits in the outbox of one replica; absent: it is part of the log. */
  readonly unconfirmed?: true;
}

/** One step in the history of an order. */
export interface StatusChange {
  readonly status: OrderStatus;
  /** RFC 3339, ms, UTC. */
  readonly at: string;
  readonly op: number;
  readonly reason: string;
}

/** What happened to an order at an op. */
export type OrderEventKind = 'placed' | 'statusChanged' | 'postcodeChecked';

/** A committed event; one per op. `order` is as it is after the event. */
export interface OrderEvent {
  readonly op: number;
  /** RFC 3339, ms, UTC. */
  readonly time: string;
  readonly kind: OrderEventKind;
  readonly order: Order;
}

/** Reply to makeOrder, updateOrderStatus, cancelOrder, recheckPostcode: the order as that request left it. */
export interface OrderReply {
  readonly order: Order;
}

/** Reply to setMenu. */
export interface SetMenuReply {
  readonly menuVersion: number;
}

/** Reply to setMotd. */
export interface SetMotdReply {
  readonly motdVersion: number;
}

/** Reply to getMenu: items in the order of menu.csv. */
export interface MenuReply {
  readonly items: readonly MenuItem[];
  readonly menuVersion: number;
}

/** Reply to getMotd. */
export interface MotdReply {
  readonly motd: string;
  readonly motdVersion: number;
}

/** Reply to getOrders. `nextPageToken` is empty on the last page. */
export interface OrdersReply {
  readonly orders: readonly Order[];
  readonly nextPageToken: string;
}

/** Reply to getOrder: the order as it is now, its history oldest first. */
export interface OrderWithHistory {
  readonly order: Order;
  readonly history: readonly StatusChange[];
}

/** Reply to events. `nextOp` is where to go on: everything below it was looked at. */
export interface EventsReply {
  readonly events: readonly OrderEvent[];
  readonly nextOp: number;
}

/** Reply to unchecked. */
export interface UncheckedReply {
  readonly orders: readonly Order[];
}

/** One row of order-status.csv: a status, or (`postcodeCheck`) what became known of the postcode. */
export interface TraceStep {
  readonly op: number;
  /** RFC 3339, ms, UTC. */
  readonly at: string;
  readonly status: OrderStatus;
  readonly postcodeCheck: PostcodeVerdict;
  readonly reason: string;
  readonly requestId: string;
}

/** Reply to traceOrder: nothing in it when the id is not known. */
export interface OrderTrace {
  /** As it is now. */
  readonly order?: Order;
  /** From its placing on. */
  readonly steps: readonly TraceStep[];
  /** The id was spent by a refusal. */
  readonly refused?: { readonly op: number; readonly refusal: Refusal };
}

/** Reply to counts, of committed state. */
export interface Counts {
  readonly orders: number;
  readonly ordersByStatus: Readonly<Record<OrderStatus, number>>;
  readonly users: number;
  /** Changes after the placing, checks of postcodes included. */
  readonly changes: number;
  readonly refusals: number;
  /** Requests in the request table. */
  readonly requests: number;
  /** Open orders whose postcode is unchecked. */
  readonly unchecked: number;
  readonly menuItems: number;
  readonly menuVersion: number;
  readonly motdVersion: number;
  /** Op of the last committed entry of this service. */
  readonly op: number;
}

/** The reply's body by the request's kind. */
export interface ReplyOf extends Record<OrderingRequest['kind'], object> {
  makeOrder: OrderReply;
  updateOrderStatus: OrderReply;
  cancelOrder: OrderReply;
  recheckPostcode: OrderReply;
  setMenu: SetMenuReply;
  setMotd: SetMotdReply;
}

/** The answer's body by the query's kind. */
export interface AnswerOf extends Record<OrderingQuery['kind'], object> {
  getMenu: MenuReply;
  getMotd: MotdReply;
  getOrders: OrdersReply;
  getOrder: OrderWithHistory;
  events: EventsReply;
  unchecked: UncheckedReply;
  counts: Counts;
  traceOrder: OrderTrace;
}
