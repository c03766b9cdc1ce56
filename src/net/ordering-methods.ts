import type { AnswerOf, ReplyOf } from '../services/ordering/replies.js';
import type { Contact, MakeOrder } from '../services/ordering/requests.js';
import { canonicalUuid } from '../services/uuid.js';
import type { CancelOrderRequest__Output } from './generated/justhungry/v1/CancelOrderRequest.js';
import type { CancelOrderResponse } from './generated/justhungry/v1/CancelOrderResponse.js';
import type { Contact__Output } from './generated/justhungry/v1/Contact.js';
import type { GetMenuRequest__Output } from './generated/justhungry/v1/GetMenuRequest.js';
import type { GetMenuResponse } from './generated/justhungry/v1/GetMenuResponse.js';
import type { GetMotdRequest__Output } from './generated/justhungry/v1/GetMotdRequest.js';
import type { GetMotdResponse } from './generated/justhungry/v1/GetMotdResponse.js';
import type { GetOrderRequest__Output } from './generated/justhungry/v1/GetOrderRequest.js';
import type { GetOrderResponse } from './generated/justhungry/v1/GetOrderResponse.js';
import type { GetOrdersRequest__Output } from './generated/justhungry/v1/GetOrdersRequest.js';
import type { GetOrdersResponse } from './generated/justhungry/v1/GetOrdersResponse.js';
import type { MakeOrderRequest__Output } from './generated/justhungry/v1/MakeOrderRequest.js';
import type { MakeOrderResponse } from './generated/justhungry/v1/MakeOrderResponse.js';
import type { SetMenuRequest__Output } from './generated/justhungry/v1/SetMenuRequest.js';
import type { SetMenuResponse } from './generated/justhungry/v1/SetMenuResponse.js';
import type { SetMotdRequest__Output } from './generated/justhungry/v1/SetMotdRequest.js';
import type { SetMotdResponse } from './generated/justhungry/v1/SetMotdResponse.js';
import type { UpdateOrderStatusRequest__Output } from './generated/justhungry/v1/UpdateOrderStatusRequest.js';
import type { UpdateOrderStatusResponse } from './generated/justhungry/v1/UpdateOrderStatusResponse.js';
import type { AnswerPlace, GateContext } from './gate.js';
import { internalMethods } from './internal-methods.js';
import { gatedRead, gatedWrite, method, type OrderingMethod } from './method.js';
import { statusOfWire } from './ordering-enums.js';
import { wireAsOf, wireMenuItem, wireOrder, wireReceipt, wireStatusChange } from './ordering-responses.js';
import { readMakeOrderRequest } from './wire/make-order-request.js';
import { writeOrderResponse } from './wire/order-response.js';

/** An id in the form in which it is kept; one that is none stays as it is, for the gate to refuse. */
const idOf = (text: string): string => canonicalUuid(text) ?? text;

/** Nothing given at all is no contact: the tables cannot tell the two apart. */
function contactOf(wire: Contact__Output | null): { contact?: Contact } {
  if (wire === null || (wire.name === '' && wire.phone === '' && wire.address === '')) return {};
  return { contact: { name: wire.name, phone: wire.phone, address: wire.address } };
}

function makeOrderOf(request: MakeOrderRequest__Output, context: GateContext): MakeOrder {
  const finding = context.postcode ?? { verdict: 'unchecked', normalised: request.post_code, reason: '' };
  return {
    kind: 'makeOrder',
    orderId: idOf(request.order_id),
    userCode: request.user_code,
    lines: request.lines.map(({ item, quantity, price_pence }) => ({ item, quantity, pricePence: price_pence })),
    postCode: finding.verdict === 'malformed' ? request.post_code : finding.normalised,
    postcodeVerdict: finding.verdict,
    postcodeReason: finding.reason,
    unreachableAccepted: context.isUnreachableAccepted,
    ...contactOf(request.contact),
    notes: request.notes,
  };
}

const receiptOf = ({ receipt }: AnswerPlace) => ({ receipt: receipt === undefined ? null : wireReceipt(receipt) });
const asOfOf = ({ asOf, replicaId }: AnswerPlace) => ({ as_of: asOf === undefined ? null : wireAsOf(asOf, replicaId) });

const methods: readonly OrderingMethod[] = [
  method<MakeOrderRequest__Output, MakeOrderResponse, ReplyOf['makeOrder']>('write', {
    name: 'MakeOrder',
    access: 'customer',
    read: readMakeOrderRequest,
    decode(request, context) {
      const body = makeOrderOf(request, context);
      return gatedWrite(body.orderId, body, context, request.write_concern);
    },
    respond: ({ order }, { receipt }) => writeOrderResponse(order, receipt),
  }),
  method<UpdateOrderStatusRequest__Output, UpdateOrderStatusResponse, ReplyOf['updateOrderStatus']>('write', {
    name: 'UpdateOrderStatus',
    access: 'staff',
    decode({ request_id, order_id, status: wireStatus }, context) {
      // An unknown status goes on to the validation, which names the field.
      const status = statusOfWire(wireStatus) ?? ('' as 'placed');
      const body = { kind: 'updateOrderStatus', orderId: idOf(order_id), status, reason: '' } as const;
      return gatedWrite(idOf(request_id), body, context);
    },
    respond: ({ order }, { receipt }) => writeOrderResponse(order, receipt),
  }),
  method<CancelOrderRequest__Output, CancelOrderResponse, ReplyOf['cancelOrder']>('write', {
    name: 'CancelOrder',
    access: 'customer',
    decode({ request_id, order_id }, context) {
      const body = { kind: 'cancelOrder', orderId: idOf(order_id), byStaff: context.isStaff } as const;
      return gatedWrite(idOf(request_id), body, context);
    },
    respond: ({ order }, { receipt }) => writeOrderResponse(order, receipt),
  }),
  method<SetMenuRequest__Output, SetMenuResponse, ReplyOf['setMenu']>('write', {
    name: 'SetMenu',
    access: 'staff',
    decode({ request_id, items: wireItems, expected_version }, context) {
      const items = wireItems.map(({ item, price_pence, category, description, allergens, stock }) => ({
        item,
        pricePence: price_pence,
        category,
        description,
        allergens,
        ...(stock === undefined ? {} : { stock }),
      }));
      const version = expected_version === undefined ? {} : { expectedVersion: expected_version };
      return gatedWrite(idOf(request_id), { kind: 'setMenu', items, ...version }, context);
    },
    respond: ({ menuVersion }, place) => ({ menu_version: menuVersion, ...receiptOf(place) }),
  }),
  method<SetMotdRequest__Output, SetMotdResponse, ReplyOf['setMotd']>('write', {
    name: 'SetMotd',
    access: 'staff',
    decode: ({ request_id, motd }, context) => gatedWrite(idOf(request_id), { kind: 'setMotd', motd }, context),
    respond: ({ motdVersion }, place) => ({ motd_version: motdVersion, ...receiptOf(place) }),
  }),
  method<GetMenuRequest__Output, GetMenuResponse, AnswerOf['getMenu']>('read', {
    name: 'GetMenu',
    access: 'customer',
    decode: (request) => gatedRead({ kind: 'getMenu' }, request),
    respond: ({ items, menuVersion }, place) => ({
      items: items.map(wireMenuItem),
      menu_version: menuVersion,
      ...asOfOf(place),
    }),
  }),
  method<GetMotdRequest__Output, GetMotdResponse, AnswerOf['getMotd']>('read', {
    name: 'GetMotd',
    access: 'customer',
    decode: (request) => gatedRead({ kind: 'getMotd' }, request),
    respond: ({ motd }, place) => ({ motd, ...asOfOf(place) }),
  }),
  method<GetOrdersRequest__Output, GetOrdersResponse, AnswerOf['getOrders']>('read', {
    name: 'GetOrders',
    access: 'customer',
    decode(request) {
      const { user_code: userCode, page_size: pageSize, page_token: pageToken } = request;
      return gatedRead({ kind: 'getOrders', userCode, pageSize, pageToken }, request);
    },
    respond: ({ orders, nextPageToken }, place) => ({
      orders: orders.map(wireOrder),
      next_page_token: nextPageToken,
      ...asOfOf(place),
    }),
  }),
  method<GetOrderRequest__Output, GetOrderResponse, AnswerOf['getOrder']>('read', {
    name: 'GetOrder',
    access: 'customer',
    decode: (request) => gatedRead({ kind: 'getOrder', orderId: idOf(request.order_id) }, request),
    respond: ({ order, history }, place) => ({
      order: wireOrder(order),
      history: history.map(wireStatusChange),
      ...asOfOf(place),
    }),
  }),
];

/** Methods that replicas answer, by name: those of FoodOrdering, and the internal ones of front ends. */
export const orderingMethods: ReadonlyMap<string, OrderingMethod> = new Map(
  [...methods, ...internalMethods].map((entry) => [entry.name, entry]),
);
