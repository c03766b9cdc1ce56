/**
 * Why a call was not done. `reason` is what machines match (google.rpc.ErrorInfo.reason); `message` says what happened
 * and what to do next, for people; `details` are short facts for programs (ErrorInfo.metadata), such as the right price.
 */
export interface Refusal {
  readonly reason: RefusalReason;
  readonly message: string;
  readonly details?: Readonly<Record<string, string>>;
  /** Least wait before the next attempt, ms; where not given, the one of src/net/status-table.ts, if any. */
  readonly retryDelayMs?: number;
}

/** Every reason a call can be refused for. src/net/status-table.ts maps each to its gRPC status. */
export const REFUSAL_REASONS = [
  // the request itself
  'INVALID_FIELD',
  'MESSAGE_TOO_LARGE',
  'UNKNOWN_ITEM',
  'UNKNOWN_ORDER',
  'ID_REUSED',
  'REQUEST_TOO_OLD',
  'REQUEST_IN_FUTURE',
  // the state of the restaurant
  'PRICE_CHANGED',
  'SOLD_OUT',
  'ORDER_CLOSED',
  'INVALID_TRANSITION',
  'MENU_VERSION_CHANGED',
  'POSTCODE_MALFORMED',
  'POSTCODE_UNKNOWN',
  'POSTCODE_TERMINATED',
  'POSTCODE_UNCHECKED',
  // the state of a record
  'UNKNOWN_RECORD',
  'FIELD_NOT_UPDATABLE',
  'RECORD_VERSION_CHANGED',
  'RECORD_TOO_LARGE',
  // who asks
  'TOKEN_MISSING',
  'TOKEN_WRONG',
  // the state of the cluster
  'NO_QUORUM',
  'NO_PRIMARY',
  'REPLICA_UNREACHABLE',
  'NOT_FOUNDED',
  'UNCONFIRMED',
  'DAMAGED',
  'OVERLOADED',
  'RATE_LIMITED',
  'WRITE_CONCERN_NOT_MET',
  'OUTCOME_UNKNOWN',
  'STOPPING',
  'INTERNAL',
  // faults on purpose
  'CHAOS_OFF',
  'INJECTED_FAULT',
] as const;

/** One of `REFUSAL_REASONS`. */
export type RefusalReason = (typeof REFUSAL_REASONS)[number];

/** Makes a refusal. */
export function refusal(reason: RefusalReason, message: string, details?: Readonly<Record<string, string>>): Refusal {
  return details === undefined ? { reason, message } : { reason, message, details };
}
