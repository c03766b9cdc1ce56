import type { ReplicaIndex } from '../base/numbers.js';
import type { Refusal } from '../base/refusal.js';
import type { ForwardedCall, PostcodeFinding } from './request-links.js';

/** A customer's call as the router takes it. */
export interface RoutedCall extends ForwardedCall {
  /**
   * `primary`: writes and linearizable reads. `any`: reads that every replica may answer. A replica: reads that no other shall
   * answer. `isWrite` decides what a silent replica means: the outcome of a write is unknown.
   */
  readonly target: 'primary' | 'any' | ReplicaIndex;
  readonly isWrite: boolean;
  /** Whether the replica may let it wait for what is still to come, so that its silence means little; default false. */
  readonly mayWait?: boolean;
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

/** How often each user code is served. */
export interface UserLimit {
  /** Counts a call or an order of this user; the refusal (RATE_LIMITED) of one too many. Without a user code: `undefined`. */
  refusal(userCode: string | undefined): Refusal | undefined;
}

/** A unary call, or an order of a stream: neither kind takes all places from the other. */
export type EntrantKind = 'call' | 'order';

/** What asks to be let in. */
export interface Entrant {
  readonly kind: EntrantKind;
  /** What is held in memory for its request, about. */
  readonly bytes: number;
  /** Told once what was decided, unless it gave up before. */
  onDecision(decision: Decision): void;
}

/** Lets calls and orders in while there is room and time for them, and turns the others away (decision 6). */
export interface CallAdmission {
  /**
   * Decides about an entrant that has so many ms left: at once, or later; then it returns the wait. A call waits a moment; an order
   * for half of its time, which holds its stream back. The same refusal is given many times: what is made of it can be kept.
   */
  enter(entrant: Entrant, leftMs: number): Wait | undefined;
}

/** One that waits to be let in. */
export interface Wait {
  /** It is not to be decided any more; no effect when it has been. */
  giveUp(): void;
}

/** Let in, or the refusal (OVERLOADED, with `retryDelayMs`) of a call with which nothing was done. */
export type Decision = AdmittedCall | Refusal;

/** A call that was let in. It must leave, by `answered` or `leave`; what is said after that is ignored. */
export interface AdmittedCall {
  /** It goes on to the replicas now: the wait for them is what is measured. */
  forwarded(): void;
  /** The replicas have answered it, and it leaves. */
  answered(): void;
  /** It leaves for any other reason: refused, out of time, given up. */
  leave(): void;
}

/** Judges postcodes as people type them: never throws, never waits longer than allowed. */
export interface PostcodeGate {
  /** What can be said without asking anybody; `undefined` where it takes a `check`. */
  known(postCode: string): PostcodeFinding | undefined;
  /** `deadlineMs`: wall-clock ms since 1970. */
  check(postCode: string, deadlineMs: number): Promise<PostcodeFinding>;
}
