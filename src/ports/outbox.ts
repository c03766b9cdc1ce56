import type { OrderView } from './ordering-client.js';

/** What waits in the outbox of a replica: acknowledged there, not known to be committed. Oldest first. */
export interface OutboxContent {
  readonly orders: readonly OrderView[];
  /** Requests of other services, and what cannot be read as an order. */
  readonly others: readonly WaitingRequest[];
}

/** A request in an outbox that is no order. */
export interface WaitingRequest {
  readonly service: string;
  readonly requestId: string;
  /** RFC 3339, ms, UTC; the primary's clock when it executed the request. */
  readonly acceptedAt: string;
}
