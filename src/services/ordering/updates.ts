import { assert } from '../../base/assert.js';
import { REFUSAL_REASONS, type RefusalReason } from '../../base/refusal.js';
import { decodeOrder, encodeOrder, ORDER_TEXT } from './order-text.js';
import { isOrderStatus, type OrderStatus } from './order-status.js';
import { isPostcodeVerdict, type PostcodeVerdict } from './postcode-verdict.js';
import type { OrderUpdate, StockLeft, UpdateLine } from './order-update.js';
import type { MenuItem } from './requests.js';

export type { OrderUpdate, StockLeft, UpdateLine } from './order-update.js';

/**
 * What the primary ships: the result of a request, one of a union on `kind`, as text (order-text.ts) or compact JSON. It holds all that applying
 * needs but the entry's op, time and request id; results are absolute (stock left, version), never differences.
 */
export type Update = OrderUpdate | StatusUpdate | MenuUpdate | MotdUpdate | RefusedUpdate;

/** An order's status changed, or (`isCheck`) its postcode was checked; `status` and `check` are as they are afterwards. */
export interface StatusUpdate {
  readonly kind: 'status';
  readonly order: string;
  readonly status: OrderStatus;
  readonly check: PostcodeVerdict;
  readonly reason: string;
  readonly isCheck?: true;
  /** Stock that came back; absent: none. */
  readonly stock?: readonly StockLeft[];
}

/** The menu was replaced. `content` is the hash of what was asked. */
export interface MenuUpdate {
  readonly kind: 'menu';
  readonly version: number;
  readonly items: readonly MenuItem[];
  readonly content: string;
}

/** The message of the day was replaced. */
export interface MotdUpdate {
  readonly kind: 'motd';
  readonly version: number;
  readonly motd: string;
  readonly content: string;
}

/** A request was refused by the state it met; its id is spent (rule 9). */
export interface RefusedUpdate {
  readonly kind: 'refused';
  readonly reason: RefusalReason;
  readonly message: string;
  readonly details?: Readonly<Record<string, string>>;
  readonly content: string;
}

/** The update that was encoded last. */
let lastEncoded: { readonly text: string; readonly update: Update } | undefined;

/** The update as an entry holds it. */
export function encodeUpdate(update: Update): string {
  const text = update.kind === 'order' ? encodeOrder(update) : JSON.stringify(update);
  lastEncoded = { text, update };
  return text;
}

/** As `decodeUpdate`; the primary, which speculates every entry right after making it, need not parse its own text. */
export function updateOf(text: string): Update {
  return lastEncoded?.text === text ? lastEncoded.update : decodeUpdate(text);
}

/** Reads an update of an entry. Entries are checked by checksum and chain: another shape is a bug and asserted. */
export function decodeUpdate(text: string): Update {
  const update = readUpdate(text);
  assert(update !== undefined, 'an entry of ordering holds one of its updates');
  return update;
}

/** As `decodeUpdate`, of text that nobody has vouched for; `undefined` when it is none. */
export function readUpdate(text: string): Update | undefined {
  let value: unknown;
  try {
    if (text.startsWith(ORDER_TEXT)) return decodeOrder(text);
    value = JSON.parse(text);
  } catch {
    return undefined;
  }
  return isUpdate(value) ? value : undefined;
}

const REASONS: ReadonlySet<unknown> = new Set(REFUSAL_REASONS);

function isUpdate(value: unknown): value is Update {
  if (!isObject(value)) return false;
  switch (value['kind']) {
    case 'order':
      return isOrderUpdate(value);
    case 'status':
      return (
        isText(value['order']) &&
        isOrderStatus(value['status']) &&
        isPostcodeVerdict(value['check']) &&
        isText(value['reason']) &&
        (value['isCheck'] === undefined || value['isCheck'] === true) &&
        isListOrAbsent(value['stock'], isStockLeft)
      );
    case 'menu':
      return isWhole(value['version']) && isList(value['items'], isMenuItem) && isText(value['content']);
    case 'motd':
      return isWhole(value['version']) && isText(value['motd']) && isText(value['content']);
    case 'refused':
      return (
        REASONS.has(value['reason']) &&
        isText(value['message']) &&
        isText(value['content']) &&
        (value['details'] === undefined ||
          (isObject(value['details']) && Object.values(value['details']).every(isText)))
      );
    default:
      return false;
  }
}

function isOrderUpdate(value: Record<string, unknown>): boolean {
  const extra = value['extra'];
  return (
    isText(value['user']) &&
    isList(value['lines'], isUpdateLine) &&
    isText(value['postCode']) &&
    isPostcodeVerdict(value['check']) &&
    (extra === undefined || (isList(extra, isText) && extra.length === 4)) &&
    isListOrAbsent(value['stock'], isStockLeft) &&
    isListOrAbsent(value['limited'], isWhole) &&
    isWhole(value['copies']) &&
    (value['placedMs'] === undefined || isWhole(value['placedMs'])) &&
    (value['rejected'] === undefined || isText(value['rejected']))
  );
}

/** Whether this is an item of a menu, by its shape. */
export function isMenuItem(value: unknown): value is MenuItem {
  return (
    isObject(value) &&
    isText(value['item']) &&
    isWhole(value['pricePence']) &&
    isText(value['category']) &&
    isText(value['description']) &&
    isList(value['allergens'], isText) &&
    (value['stock'] === undefined || isWhole(value['stock']))
  );
}

function isUpdateLine(value: unknown): value is UpdateLine {
  return Array.isArray(value) && value.length === 3 && isText(value[0]) && isWhole(value[1]) && isWhole(value[2]);
}

function isStockLeft(value: unknown): value is StockLeft {
  return Array.isArray(value) && value.length === 2 && isText(value[0]) && isWhole(value[1]);
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isText(value: unknown): value is string {
  return typeof value === 'string';
}

function isWhole(value: unknown): value is number {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0;
}

function isList<T>(value: unknown, isMember: (member: unknown) => member is T): value is T[] {
  return Array.isArray(value) && value.every(isMember);
}

function isListOrAbsent<T>(value: unknown, isMember: (member: unknown) => member is T): boolean {
  return value === undefined || isList(value, isMember);
}
