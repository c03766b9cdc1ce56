import type { OrderingClient, ReadOptions } from '../ports/ordering-client.js';
import { bearerMetadata } from './bearer-token.js';
import { FailoverCaller } from './failover-caller.js';
import type { CancelOrderResponse__Output } from './generated/justhungry/v1/CancelOrderResponse.js';
import type { GetMenuResponse__Output } from './generated/justhungry/v1/GetMenuResponse.js';
import type { GetMotdResponse__Output } from './generated/justhungry/v1/GetMotdResponse.js';
import type { GetOrderResponse__Output } from './generated/justhungry/v1/GetOrderResponse.js';
import type { GetOrdersResponse__Output } from './generated/justhungry/v1/GetOrdersResponse.js';
import type { MakeOrderResponse__Output } from './generated/justhungry/v1/MakeOrderResponse.js';
import type { SetMenuResponse__Output } from './generated/justhungry/v1/SetMenuResponse.js';
import type { SetMotdResponse__Output } from './generated/justhungry/v1/SetMotdResponse.js';
import type { UpdateOrderStatusResponse__Output } from './generated/justhungry/v1/UpdateOrderStatusResponse.js';
import type { ValidatePostcodeResponse__Output } from './generated/justhungry/v1/ValidatePostcodeResponse.js';
import { makeOrderRequest } from './order-request.js';
import { makeOrders } from './order-stream-client.js';
import { watchOrders } from './order-watcher.js';
import { verdictOfWire, WIRE_CONSISTENCY, WIRE_STATUS } from './ordering-enums.js';
import { asOfView, menuItemView, orderView, receiptView, statusChangeView } from './ordering-views.js';
import { protocol } from './proto-files.js';
import { partOf } from './wire-values.js';

/** Settings of an ordering client. */
export interface OrderingClientOptions {
  /** Presented with every call that staff may make. */
  readonly staffToken?: string;
  /** Time for a call that names none, ms. Default 5,000. */
  readonly deadlineMs?: number;
  /**
   * Front ends that speak TLS, by address: a PEM text of the CAs by which one is known, or `system` for those that Node knows. The
   * others speak plain text.
   */
  readonly tlsCas?: ReadonlyMap<string, Buffer | 'system'>;
}

const DEADLINE_MS = 5000;

/** Makes a client of one or more front ends, `host:port`; nothing is sent before the first call. */
export function createOrderingClient(
  addresses: readonly string[],
  { staffToken, deadlineMs: usualMs = DEADLINE_MS, tlsCas }: OrderingClientOptions = {},
): OrderingClient {
  const caller = new FailoverCaller(addresses, tlsCas, (...of) => new protocol.FoodOrdering(...of));
  const staff = bearerMetadata(staffToken);
  const anyone = bearerMetadata(undefined);

  return {
    async getMenu(options = {}) {
      const { items, menu_version, as_of } = await caller.call<GetMenuResponse__Output>(
        (client, call, done) => client.GetMenu(wish(options), anyone, call, done),
        usualMs,
        false,
      );
      return { items: items.map(menuItemView), menu_version, as_of: asOfView(as_of) };
    },

    async getMotd(options = {}) {
      const { motd, as_of } = await caller.call<GetMotdResponse__Output>(
        (client, call, done) => client.GetMotd(wish(options), anyone, call, done),
        usualMs,
        false,
      );
      return { motd, as_of: asOfView(as_of) };
    },

    async makeOrder(order, deadlineMs = usualMs) {
      const request = makeOrderRequest(order);
      const { order: placed, receipt } = await caller.call<MakeOrderResponse__Output>(
        (client, call, done) => client.MakeOrder(request, anyone, call, done),
        deadlineMs,
        true,
      );
      return { order: orderView(placed), receipt: receiptView(receipt) };
    },

    makeOrders: (orders, { deadlineMs = usualMs, windowMax } = {}) =>
      makeOrders(caller, orders, { deadlineMs, ...(windowMax === undefined ? {} : { windowMax }) }),

    async getOrders({ user_code, page_size = 0, page_token = '', ...options }) {
      const request = { user_code, page_size, page_token, ...wish(options) };
      const { orders, next_page_token, as_of } = await caller.call<GetOrdersResponse__Output>(
        (client, call, done) => client.GetOrders(request, anyone, call, done),
        usualMs,
        false,
      );
      return { orders: orders.map(orderView), next_page_token, as_of: asOfView(as_of) };
    },

    async getOrder(orderId, options = {}) {
      const { order, history, as_of } = await caller.call<GetOrderResponse__Output>(
        (client, call, done) => client.GetOrder({ order_id: orderId, ...wish(options) }, anyone, call, done),
        usualMs,
        false,
      );
      return { order: orderView(order), history: history.map(statusChangeView), as_of: asOfView(as_of) };
    },

    async updateOrderStatus(requestId, orderId, status) {
      const request = { request_id: requestId, order_id: orderId, status: WIRE_STATUS[status] };
      const { order, receipt } = await caller.call<UpdateOrderStatusResponse__Output>(
        (client, call, done) => client.UpdateOrderStatus(request, staff, call, done),
        usualMs,
        true,
      );
      return { order: orderView(order), receipt: receiptView(receipt) };
    },

    async cancelOrder(requestId, orderId) {
      const { order, receipt } = await caller.call<CancelOrderResponse__Output>(
        (client, call, done) => client.CancelOrder({ request_id: requestId, order_id: orderId }, staff, call, done),
        usualMs,
        true,
      );
      return { order: orderView(order), receipt: receiptView(receipt) };
    },

    async setMenu(requestId, items, expectedVersion) {
      const version = expectedVersion === undefined ? {} : { expected_version: expectedVersion };
      const copied = items.map((item) => ({ ...item, allergens: [...item.allergens] }));
      const { menu_version, receipt } = await caller.call<SetMenuResponse__Output>(
        (client, call, done) => client.SetMenu({ request_id: requestId, items: copied, ...version }, staff, call, done),
        usualMs,
        true,
      );
      return { menu_version, receipt: receiptView(receipt) };
    },

    async setMotd(requestId, motd) {
      const { motd_version, receipt } = await caller.call<SetMotdResponse__Output>(
        (client, call, done) => client.SetMotd({ request_id: requestId, motd }, staff, call, done),
        usualMs,
        true,
      );
      return { motd_version, receipt: receiptView(receipt) };
    },

    async validatePostcode(postCode) {
      const { verdict, normalised, reason } = await caller.call<ValidatePostcodeResponse__Output>(
        (client, call, done) => client.ValidatePostcode({ post_code: postCode }, anyone, call, done),
        usualMs,
        false,
      );
      return { verdict: partOf(verdictOfWire(verdict), 'verdict'), normalised, reason };
    },

    watchOrders: (fromOp, userCode, signal) =>
      watchOrders(caller, userCode === undefined ? staff : anyone, fromOp, userCode, signal),

    close: () => caller.close(),
  };
}

function wish({ consistency, minOp = 0 }: ReadOptions) {
  return consistency === undefined ? { min_op: minOp } : { min_op: minOp, consistency: WIRE_CONSISTENCY[consistency] };
}
