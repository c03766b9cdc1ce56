import type { ReplicaIndex } from '../base/numbers.js';
import type { Refusal } from '../base/refusal.js';
import type { RoutedCall, RoutedReply } from '../ports/front-end.js';

/** An attempt at one replica that has no reply yet. */
export interface Attempt {
  /** Gives it up. */
  readonly forget: () => void;
  readonly sentMs: number;
  readonly isRelayed: boolean;
  /** The replica is asked to take the order alone. */
  readonly isAlone: boolean;
}

/** One call on its way: what was tried, what waits, what is known. Times are monotonic, ms. */
export class CallOnItsWay {
  /** Attempts without a reply, by replica. */
  readonly attempts = new Map<ReplicaIndex, Attempt>();
  /** Replicas that were asked in this round. */
  readonly tried = new Set<ReplicaIndex>();
  /** Whether some attempt broke off that may have been executed. */
  mayBeDone = false;
  /** Whether a relay was asked for in this round: one is enough to know. */
  isRelayTried = false;
  /** The last refusal that was no answer to the call itself. */
  lastRefusal: Refusal | undefined;
  /** When another replica is asked as well. */
  hedgeAtMs = Infinity;
  isSettled = false;
  /** Times that a replica was asked. */
  asks = 0;
  // Made when first needed, which nearly every call never does: at tens of thousands a second they are what the collector works for.
  #refusals: Map<ReplicaIndex, Refusal> | undefined;
  #aloneTried: Set<ReplicaIndex> | undefined;

  constructor(
    readonly call: RoutedCall,
    /** When the customer gets an answer, whatever it is. */
    readonly endMs: number,
    readonly begunMs: number,
    readonly done: (reply: RoutedReply) => void,
  ) {}

  /** What replicas refused with in this round because they cannot serve anybody. */
  get refusals(): Map<ReplicaIndex, Refusal> {
    return (this.#refusals ??= new Map());
  }

  /** Replicas that were asked in this round to take the order alone. */
  get aloneTried(): Set<ReplicaIndex> {
    return (this.#aloneTried ??= new Set());
  }

  /** Everyone may be asked again, but those who have not answered yet. */
  beginRound(): void {
    this.tried.clear();
    for (const replica of this.attempts.keys()) this.tried.add(replica);
    this.#refusals = undefined;
    this.isRelayTried = false;
    this.#aloneTried = undefined;
  }

  /** Whether its outcome at the replicas is not known: it may be done, now or later. */
  get isUncertain(): boolean {
    return this.call.isWrite && (this.mayBeDone || this.attempts.size > 0);
  }

  forgetAttempts(): void {
    for (const { forget } of this.attempts.values()) forget();
    this.attempts.clear();
  }
}
