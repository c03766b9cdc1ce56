import type { ReplicaIndex } from '../base/numbers.js';
import type { Refusal } from '../base/refusal.js';

/** What a front end found out about the postcode of an order. */
export interface PostcodeFinding {
  readonly verdict: 'valid' | 'malformed' | 'unknown' | 'terminated' | 'unchecked';
  /** Upper case, one space; as given where malformed. */
  readonly normalised: string;
  /** For people; empty where valid. */
  readonly reason: string;
}

/** A customer's call on its way to a replica: the bytes as they came, and what the front end knows besides. */
export interface ForwardedCall {
  /** Name of the method in the proto, such as `MakeOrder`. */
  readonly method: string;
  /** The serialized request. */
  readonly payload: Uint8Array;
  /** When nobody waits any longer, wall-clock ms since 1970. */
  readonly deadlineWallMs: number;
  /** MakeOrder only. */
  readonly postcode?: PostcodeFinding;
  /** Whether the caller presented the staff token, or needs none. */
  readonly isStaff: boolean;
}

/** How a call goes to a replica. */
export interface ForwardOptions {
  /** The replica, if not the primary, shall relay the call to it: the sender has no way there itself. One hop at most. */
  readonly isRelayWanted: boolean;
  /** MakeOrder: nobody who can be reached has a majority, and the replica shall take the order alone (decision 3); default false. */
  readonly isAlone?: boolean;
}

/** What became of a call at a replica. */
export type ForwardedReply =
  /** The serialized response. */
  | { readonly kind: 'ok'; readonly payload: Uint8Array }
  /** `primary` is where to ask instead, where known. WRITE_CONCERN_NOT_MET comes as a refusal too. */
  | { readonly kind: 'refused'; readonly refusal: Refusal; readonly primary: ReplicaIndex | undefined }
  /** The view was left: it may or may not be done. Ask again with the same bytes. */
  | { readonly kind: 'dropped' }
  /** The connection broke, or there was none: it may or may not be done. `isSent` is false when it surely is not. */
  | { readonly kind: 'linkDown'; readonly isSent: boolean };

/** The ways from a front end to the replicas. */
export interface RequestLinks {
  /** Number of replicas, in the order of the configuration. */
  readonly count: number;
  isUp(replica: ReplicaIndex): boolean;
  /**
   * Sends a call; calls of one turn of the event loop leave as one batch. `done` is called at most once, never before
   * `send` has returned; not at all when the replica stays silent. Returns what forgets the call.
   */
  send(
    replica: ReplicaIndex,
    call: ForwardedCall,
    options: ForwardOptions,
    done: (reply: ForwardedReply) => void,
  ): () => void;
  /** Tells when a way opens or breaks. Returns what ends the telling. */
  onChange(listener: (replica: ReplicaIndex, isUp: boolean) => void): () => void;
  close(): void;
}
