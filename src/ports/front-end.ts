import type { Refusal } from '../base/refusal.js';
import type { ForwardedCall, PostcodeFinding } from './request-links.js';

/** A customer's call as the router takes it. */
export interface RoutedCall extends ForwardedCall {
  /**
   * `primary`: writes and linearizable reads. `any`: reads that every replica may answer. `isWrite` decides what a silent
   * replica means: the outcome of a write is unknown.
   */
  readonly target: 'primary' | 'any';
  readonly isWrite: boolean;
  /** Whether one replica may take it where no majority can be reached (MakeOrder, `whenAlone: "keep-ordering"`); default false. */
  readonly mayBeTakenAlone?: boolean;
}

/** What the customer is told. */
export type RoutedReply =
  { readonly kind: 'ok'; readonly payload: Uint8Array } | { readonly kind: 'refused'; readonly refusal: Refusal };

/** Brings each call to the replica that can answer it, whatever happens to replicas meanwhile. */
export interface CallRouter {
  /** `done` is called once, perhaps at once, at the call's deadline at the latest. Returns what gives the call up without an answer. */
  route(call: RoutedCall, done: (reply: RoutedReply) => void): () => void;
  close(): void;
}

/** Judges postcodes as people type them: never throws, never waits longer than allowed. */
export interface PostcodeGate {
  /** What can be said without asking anybody; `undefined` where it takes a `check`. */
  known(postCode: string): PostcodeFinding | undefined;
  /** `deadlineMs`: wall-clock ms since 1970. */
  check(postCode: string, deadlineMs: number): Promise<PostcodeFinding>;
}
