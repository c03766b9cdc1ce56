import type { OpNumber, View } from './numbers.js';
import type { Refusal } from './refusal.js';
import type { OutboxItem, QueryAnswer, ServiceQuery, ServiceReply, ServiceRequest } from './service-calls.js';

/**
 * What a service adds to take requests at a replica that has lost the majority (`whenAlone: "keep-ordering"`, decision 3). What is
 * taken goes to the outbox, not to the log, and is executed by `Service.executeSalvaged` when there is a primary again.
 */
export interface AloneService {
  /**
   * Judges a request on committed state, changing nothing. Its id is looked up before anything else: in committed state, then in
   * what is held. Nothing is pinned to the id of a request that is refused here: others may know more.
   */
  execute(request: ServiceRequest, context: AloneContext): AloneExecution;

  /** The outbox holds this item, durably: `query` shows it from now on. */
  hold(item: OutboxItem): void;

  /** The outbox no longer holds the item of this id. */
  release(requestId: string): void;

  /** As `Service.query`, with what is held shown among it as unconfirmed. */
  query(query: ServiceQuery): QueryAnswer;

  /** Why a request has to wait until something that is held here is confirmed; `undefined` when it is about nothing of that. */
  whyUnconfirmed(request: ServiceRequest): Refusal | undefined;

  /** What became of an item; `undefined` while nothing is committed under its id. */
  settlement(item: OutboxItem): Settlement | undefined;
}

/** What `AloneService.execute` may know of the world. */
export interface AloneContext {
  readonly view: View;
  /** Time at which it is taken, ms since 1970: at least that of the last entry of the own log. */
  readonly timeMs: number;
  /** What the outbox holds, or is about to hold, under the request's id. */
  readonly held: OutboxItem | undefined;
}

/** What `AloneService.execute` decides. */
export type AloneExecution =
  /** To be acknowledged with `reply` when `item` is in the outbox. */
  | { readonly kind: 'taken'; readonly item: OutboxItem; readonly reply: ServiceReply }
  /** What is held under this id answers it. */
  | { readonly kind: 'held'; readonly reply: ServiceReply }
  /** Committed at `op`. */
  | { readonly kind: 'known'; readonly op: OpNumber; readonly reply: ServiceReply }
  | { readonly kind: 'refused'; readonly refusal: Refusal };

/** What became of an outbox item: carried out, refused by the state it met, or not needed as its id stands for something else. */
export type Settlement = 'executed' | 'rejected' | 'otherKept';
