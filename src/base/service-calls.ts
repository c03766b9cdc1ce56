import type { OpNumber, View } from './numbers.js';
import type { Refusal } from './refusal.js';

/** A request as the gate let it in: validated, typed by the service, identified by the caller. */
export interface ServiceRequest {
  /** order_id or request_id: canonical lower-case UUID. */
  readonly requestId: string;
  /** The service's own request, one of its union. */
  readonly body: unknown;
  /** Disks that must hold it before it is acknowledged: 1 … N. `majority` is resolved by the gate. */
  readonly copiesNeeded: number;
}

/** A reply: the service's own answer, or a refusal that was decided on replicated state. */
export type ServiceReply =
  { readonly kind: 'done'; readonly body: unknown } | { readonly kind: 'refused'; readonly refusal: Refusal };

/** A read as the gate let it in. */
export interface ServiceQuery {
  /** The service's own query, one of its union. */
  readonly body: unknown;
}

/** What a query answers on committed state. */
export type QueryAnswer =
  | {
      readonly kind: 'done';
      readonly body: unknown;
      /** About how many bytes were read for it, where they can be many: a replica answers few such reads in one go. */
      readonly bytes?: number;
    }
  | { readonly kind: 'refused'; readonly refusal: Refusal };

/** An acknowledged request that is not known to be committed; a row of outbox.csv. */
export interface OutboxItem {
  readonly requestId: string;
  readonly service: string;
  /** The update as the entry held it. */
  readonly update: string;
  readonly timeMs: number;
  /** Where it stood when it was cut off; op 0 of one that was taken alone and never stood in a log. */
  readonly view: View;
  readonly op: OpNumber;
}
