import { assertNever } from '../../base/assert.js';
import type { FieldProblem } from '../../base/field-problem.js';
import { isUuid, isUuidV7 } from '../uuid.js';
import * as limits from './limits.js';
import { isOrderStatus } from './order-status.js';
import { isPostcodeVerdict } from './postcode-verdict.js';
import type { Contact, MenuItem, OrderingQuery, OrderingRequest, OrderLine } from './requests.js';
import { textProblem, type TextRule } from './text.js';

/**
 * The gate of every request, at the front end and at the replica alike: the first thing that is wrong, or `undefined`.
 * Behind it the service takes the request as valid. `requestId` is order_id for an order, request_id otherwise.
 */
export function requestProblem(requestId: string, request: OrderingRequest): FieldProblem | undefined {
  switch (request.kind) {
    case 'makeOrder':
      if (requestId !== request.orderId) return field('order_id', 'differs from the id of the request', 'send one id');
      return (
        uuid('order_id', request.orderId) ??
        text('user_code', request.userCode, { min: 1, max: limits.USER_CODE_LENGTH_MAX }) ??
        linesProblem(request.lines) ??
        text('post_code', request.postCode, { min: 1, max: limits.POST_CODE_LENGTH_MAX }) ??
        (isPostcodeVerdict(request.postcodeVerdict)
          ? undefined
          : field('postcode_verdict', 'is not known', 'send valid, malformed, unknown, terminated or unchecked')) ??
        (request.contact === undefined ? undefined : contactProblem(request.contact)) ??
        text('notes', request.notes, { max: limits.NOTES_LENGTH_MAX })
      );
    case 'updateOrderStatus':
      return (
        requestIdProblem(requestId) ??
        uuid('order_id', request.orderId) ??
        (isOrderStatus(request.status)
          ? undefined
          : field('status', 'is not known', 'send accepted, preparing, ready, delivered, rejected or cancelled')) ??
        text('reason', request.reason, { max: limits.REASON_LENGTH_MAX })
      );
    case 'cancelOrder':
      return (
        requestIdProblem(requestId) ??
        uuid('order_id', request.orderId) ??
        (request.userCode === undefined
          ? undefined
          : text('user_code', request.userCode, { min: 1, max: limits.USER_CODE_LENGTH_MAX }))
      );
    case 'setMenu':
      return (
        requestIdProblem(requestId) ??
        menuProblem(request.items) ??
        (request.expectedVersion === undefined
          ? undefined
          : whole('expected_version', request.expectedVersion, 1, Number.MAX_SAFE_INTEGER))
      );
    case 'setMotd':
      return requestIdProblem(requestId) ?? motdProblem(request.motd);
    case 'recheckPostcode':
      return (
        requestIdProblem(requestId) ??
        uuid('order_id', request.orderId) ??
        (isPostcodeVerdict(request.verdict) && (request.verdict as string) !== 'unchecked'
          ? undefined
          : field('verdict', 'is not the outcome of a check', 'send valid, malformed, unknown or terminated'))
      );
    default:
      return assertNever(request);
  }
}

/** The gate of every query: the first thing that is wrong, or `undefined`. Page tokens are judged by the query itself. */
export function queryProblem(query: OrderingQuery): FieldProblem | undefined {
  switch (query.kind) {
    case 'getMenu':
    case 'getMotd':
    case 'counts':
      return undefined;
    case 'getOrders':
      return (
        text('user_code', query.userCode, { min: 1, max: limits.USER_CODE_LENGTH_MAX }) ??
        whole('page_size', query.pageSize, 0, limits.PAGE_SIZE_MAX)
      );
    case 'getOrder':
    case 'traceOrder':
      return uuid('order_id', query.orderId);
    case 'events':
      return (
        whole('from_op', query.fromOp, 0, Number.MAX_SAFE_INTEGER) ??
        whole('limit', query.limit, 1, limits.BATCH_MAX) ??
        (query.userCode === undefined
          ? undefined
          : text('user_code', query.userCode, { min: 1, max: limits.USER_CODE_LENGTH_MAX }))
      );
    case 'unchecked':
      return whole('limit', query.limit, 1, limits.BATCH_MAX);
    default:
      return assertNever(query);
  }
}

/** What is wrong with a menu, or `undefined`. */
export function menuProblem(items: readonly MenuItem[]): FieldProblem | undefined {
  if (items.length === 0) return field('items', 'is empty', 'give at least one item');
  if (items.length > limits.MENU_ITEMS_MAX)
    return field('items', `has ${items.length} entries, more than ${limits.MENU_ITEMS_MAX}`, 'shorten the menu');
  const names = new Set<string>();
  for (const [index, item] of items.entries()) {
    const problem = menuItemProblem(item, names);
    if (problem !== undefined) return { ...problem, field: `items[${index}].${problem.field}` };
    names.add(item.item);
  }
  return undefined;
}

/** What is wrong with one item of a menu that already holds `names`, or `undefined`. */
export function menuItemProblem(item: MenuItem, names: ReadonlySet<string>): FieldProblem | undefined {
  const problem =
    trimmedText('item', item.item, { min: 1, max: limits.ITEM_LENGTH_MAX }) ??
    whole('price_pence', item.pricePence, 1, limits.ITEM_PRICE_PENCE_MAX) ??
    trimmedText('category', item.category, { max: limits.CATEGORY_LENGTH_MAX }) ??
    trimmedText('description', item.description, { max: limits.DESCRIPTION_LENGTH_MAX }) ??
    allergensProblem(item.allergens) ??
    (item.stock === undefined ? undefined : whole('stock', item.stock, 0, limits.STOCK_MAX));
  if (problem !== undefined) return problem;
  return names.has(item.item) ? field('item', 'is on the menu twice', 'keep one of them') : undefined;
}

/** What is wrong with a message of the day, or `undefined`. */
export function motdProblem(motd: string): FieldProblem | undefined {
  return text('motd', motd, { max: limits.MOTD_LENGTH_MAX, newlines: true });
}

function linesProblem(lines: readonly OrderLine[]): FieldProblem | undefined {
  if (lines.length === 0) return field('lines', 'is empty', 'order at least one item');
  if (lines.length > limits.ORDER_LINES_MAX)
    return field('lines', `has ${lines.length} entries, more than ${limits.ORDER_LINES_MAX}`, 'make two orders of it');
  const items = new Set<string>();
  for (const [index, { item, quantity, pricePence }] of lines.entries()) {
    const problem =
      text('item', item, { min: 1, max: limits.ITEM_LENGTH_MAX }) ??
      whole('quantity', quantity, 1, limits.QUANTITY_MAX) ??
      whole('price_pence', pricePence, 0, limits.SHOWN_PRICE_PENCE_MAX) ??
      (items.has(item) ? field('item', 'is in the basket twice', 'add up the quantities in one line') : undefined);
    if (problem !== undefined) return { ...problem, field: `lines[${index}].${problem.field}` };
    items.add(item);
  }
  return undefined;
}

function contactProblem(contact: Contact): FieldProblem | undefined {
  return (
    text('contact.name', contact.name, { max: limits.NAME_LENGTH_MAX }) ??
    text('contact.phone', contact.phone, { max: limits.PHONE_LENGTH_MAX }) ??
    text('contact.address', contact.address, { max: limits.ADDRESS_LENGTH_MAX })
  );
}

function allergensProblem(allergens: readonly string[]): FieldProblem | undefined {
  if (allergens.length > limits.ALLERGENS_MAX)
    return field('allergens', `has ${allergens.length} entries, more than ${limits.ALLERGENS_MAX}`, 'shorten the list');
  for (const [index, allergen] of allergens.entries()) {
    const name = `allergens[${index}]`;
    const problem = trimmedText(name, allergen, { min: 1, max: limits.ALLERGEN_LENGTH_MAX });
    if (problem !== undefined) return problem;
    if (allergen.includes(';')) return field(name, 'holds a semicolon', 'list the allergens one by one');
  }
  return undefined;
}

function requestIdProblem(requestId: string): FieldProblem | undefined {
  return isUuidV7(requestId)
    ? undefined
    : field('request_id', 'is no UUIDv7 in lower case', 'make one, and use it again only to repeat this request');
}

function uuid(name: string, id: string): FieldProblem | undefined {
  return isUuid(id)
    ? undefined
    : field(name, 'is no UUID in lower case, or nil', 'make a UUID, and use it again only to repeat this order');
}

/** A menu's texts are also written by hand, where blanks around them mean nothing: they would not come back. */
function trimmedText(name: string, value: string, rule: TextRule): FieldProblem | undefined {
  const problem = text(name, value, rule);
  if (problem !== undefined || value === value.trim()) return problem;
  return field(name, 'begins or ends with white space', 'remove it');
}

function text(name: string, value: string, rule: TextRule): FieldProblem | undefined {
  const problem = textProblem(value, rule);
  return problem === undefined ? undefined : field(name, problem.problem, problem.nextStep);
}

function whole(name: string, value: number, min: number, max: number): FieldProblem | undefined {
  return Number.isInteger(value) && value >= min && value <= max
    ? undefined
    : field(name, `is not a whole number from ${min} to ${max}`, 'correct it');
}

function field(name: string, problem: string, nextStep: string): FieldProblem {
  return { field: name, problem, nextStep };
}
