import { status } from '@grpc/grpc-js';
import type { RefusalReason } from '../base/refusal.js';

/**
 * What a caller can do about a refusal. `never`: another call would be answered alike. `corrected`: after correcting the
 * request, with a new id if it had reached the primary. `newId`: the id is spent; decide anew and take another one.
 * `sameId`: the same call again, with the same id, is safe and may succeed.
 */
export type Retry = 'never' | 'corrected' | 'newId' | 'sameId';

/** How one reason appears in gRPC. */
export interface StatusRow {
  readonly status: status;
  readonly retry: Retry;
  /** Least wait before the next attempt, ms; told as RetryInfo. */
  readonly retryDelayMs?: number;
}

/** Every reason of a refusal: its gRPC status, and whether and how to try again. */
export const STATUS_TABLE = {
  INVALID_FIELD: { status: status.INVALID_ARGUMENT, retry: 'corrected' },
  MESSAGE_TOO_LARGE: { status: status.RESOURCE_EXHAUSTED, retry: 'corrected' },
  UNKNOWN_ITEM: { status: status.NOT_FOUND, retry: 'newId' },
  UNKNOWN_ORDER: { status: status.NOT_FOUND, retry: 'newId' },
  ID_REUSED: { status: status.ALREADY_EXISTS, retry: 'newId' },
  REQUEST_TOO_OLD: { status: status.FAILED_PRECONDITION, retry: 'newId' },
  REQUEST_IN_FUTURE: { status: status.FAILED_PRECONDITION, retry: 'newId' },
  PRICE_CHANGED: { status: status.FAILED_PRECONDITION, retry: 'newId' },
  SOLD_OUT: { status: status.FAILED_PRECONDITION, retry: 'newId' },
  ORDER_CLOSED: { status: status.FAILED_PRECONDITION, retry: 'never' },
  INVALID_TRANSITION: { status: status.FAILED_PRECONDITION, retry: 'newId' },
  MENU_VERSION_CHANGED: { status: status.FAILED_PRECONDITION, retry: 'newId' },
  POSTCODE_MALFORMED: { status: status.FAILED_PRECONDITION, retry: 'newId' },
  POSTCODE_UNKNOWN: { status: status.FAILED_PRECONDITION, retry: 'newId' },
  POSTCODE_TERMINATED: { status: status.FAILED_PRECONDITION, retry: 'newId' },
  POSTCODE_UNCHECKED: { status: status.FAILED_PRECONDITION, retry: 'newId' },
  UNKNOWN_RECORD: { status: status.NOT_FOUND, retry: 'corrected' },
  FIELD_NOT_UPDATABLE: { status: status.FAILED_PRECONDITION, retry: 'corrected' },
  RECORD_VERSION_CHANGED: { status: status.FAILED_PRECONDITION, retry: 'newId' },
  RECORD_TOO_LARGE: { status: status.FAILED_PRECONDITION, retry: 'newId' },
  TOKEN_MISSING: { status: status.UNAUTHENTICATED, retry: 'corrected' },
  TOKEN_WRONG: { status: status.PERMISSION_DENIED, retry: 'corrected' },
  NO_QUORUM: { status: status.UNAVAILABLE, retry: 'sameId' },
  NO_PRIMARY: { status: status.UNAVAILABLE, retry: 'sameId' },
  REPLICA_UNREACHABLE: { status: status.UNAVAILABLE, retry: 'sameId' },
  NOT_FOUNDED: { status: status.UNAVAILABLE, retry: 'sameId' },
  UNCONFIRMED: { status: status.UNAVAILABLE, retry: 'sameId' },
  DAMAGED: { status: status.UNAVAILABLE, retry: 'sameId' },
  OVERLOADED: { status: status.RESOURCE_EXHAUSTED, retry: 'sameId', retryDelayMs: 200 },
  RATE_LIMITED: { status: status.RESOURCE_EXHAUSTED, retry: 'sameId', retryDelayMs: 1_000 },
  WRITE_CONCERN_NOT_MET: { status: status.DEADLINE_EXCEEDED, retry: 'sameId' },
  OUTCOME_UNKNOWN: { status: status.DEADLINE_EXCEEDED, retry: 'sameId' },
  STOPPING: { status: status.UNAVAILABLE, retry: 'sameId' },
  INTERNAL: { status: status.INTERNAL, retry: 'sameId' },
  CHAOS_OFF: { status: status.FAILED_PRECONDITION, retry: 'never' },
  INJECTED_FAULT: { status: status.UNAVAILABLE, retry: 'sameId' },
} as const satisfies Record<RefusalReason, StatusRow>;

/** The row of a reason. */
export function statusRow(reason: RefusalReason): StatusRow {
  return STATUS_TABLE[reason];
}
