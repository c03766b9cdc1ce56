import type {
  ConsistencyName,
  OrderEventView,
  OrderStatusName,
  PostcodeVerdictName,
} from '../ports/ordering-client.js';
import type { OrderEventKind } from '../services/ordering/replies.js';

/*
 * Enums have three spellings: the proto's (ORDER_STATUS_PLACED), the domain's and JSON's (placed). They meet here only.
 */

/** Statuses as the proto spells them. */
export const WIRE_STATUS = {
  placed: 'ORDER_STATUS_PLACED',
  accepted: 'ORDER_STATUS_ACCEPTED',
  preparing: 'ORDER_STATUS_PREPARING',
  ready: 'ORDER_STATUS_READY',
  delivered: 'ORDER_STATUS_DELIVERED',
  rejected: 'ORDER_STATUS_REJECTED',
  cancelled: 'ORDER_STATUS_CANCELLED',
} as const satisfies Record<OrderStatusName, string>;

/** Verdicts as the proto spells them. */
export const WIRE_VERDICT = {
  valid: 'POSTCODE_VERDICT_VALID',
  malformed: 'POSTCODE_VERDICT_MALFORMED',
  unknown: 'POSTCODE_VERDICT_UNKNOWN',
  terminated: 'POSTCODE_VERDICT_TERMINATED',
  unchecked: 'POSTCODE_VERDICT_UNCHECKED',
} as const satisfies Record<PostcodeVerdictName, string>;

/** Consistencies as the proto spells them. */
export const WIRE_CONSISTENCY = {
  linearizable: 'CONSISTENCY_LINEARIZABLE',
  session: 'CONSISTENCY_SESSION',
  any: 'CONSISTENCY_ANY',
} as const satisfies Record<ConsistencyName, string>;

/** Kinds of events as the proto spells them. */
export const WIRE_EVENT_KIND = {
  placed: 'KIND_PLACED',
  statusChanged: 'KIND_STATUS_CHANGED',
  postcodeChecked: 'KIND_POSTCODE_CHECKED',
} as const satisfies Record<OrderEventKind, string>;

const JSON_EVENT_KIND = {
  placed: 'placed',
  statusChanged: 'status_changed',
  postcodeChecked: 'postcode_checked',
} as const satisfies Record<OrderEventKind, OrderEventView['kind']>;

function inverse<Name extends string>(table: Readonly<Record<Name, string>>): ReadonlyMap<unknown, Name> {
  return new Map((Object.keys(table) as Name[]).map((name) => [table[name], name]));
}

const statusByWire = inverse<OrderStatusName>(WIRE_STATUS);
const verdictByWire = inverse<PostcodeVerdictName>(WIRE_VERDICT);
const consistencyByWire = inverse<ConsistencyName>(WIRE_CONSISTENCY);
const eventKindByWire = inverse<OrderEventKind>(WIRE_EVENT_KIND);

/** The status of a wire value; `undefined` for unspecified and unknown ones. */
export const statusOfWire = (value: unknown): OrderStatusName | undefined => statusByWire.get(value);
/** The verdict of a wire value; `undefined` for unspecified and unknown ones. */
export const verdictOfWire = (value: unknown): PostcodeVerdictName | undefined => verdictByWire.get(value);
/** The consistency of a wire value, unspecified being linearizable; `undefined` for unknown ones. */
export const consistencyOfWire = (value: unknown): ConsistencyName | undefined =>
  value === 'CONSISTENCY_UNSPECIFIED' ? 'linearizable' : consistencyByWire.get(value);
/** The JSON spelling of an event's kind; `undefined` for unspecified and unknown ones. */
export function eventKindOfWire(value: unknown): OrderEventView['kind'] | undefined {
  const kind = eventKindByWire.get(value);
  return kind === undefined ? undefined : JSON_EVENT_KIND[kind];
}
