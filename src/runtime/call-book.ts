import type { Outcome } from '../vsr/effect.js';
import type { Token } from '../vsr/event.js';

/** How long after its deadline a call that got no answer is forgotten, in ms. */
const GRACE_MS = 1_000;

/** Callers who wait for an outcome, by token. */
export class CallBook {
  readonly #calls = new Map<Token, { readonly done: (outcome: Outcome) => void; readonly deadlineMs: number }>();
  #last: Token = 0;

  /** Calls that wait. */
  get size(): number {
    return this.#calls.size;
  }

  enter(done: (outcome: Outcome) => void, deadlineMs: number): Token {
    const token = ++this.#last;
    this.#calls.set(token, { done, deadlineMs });
    return token;
  }

  /** Hands the outcome to its caller, once. */
  settle(token: Token, outcome: Outcome): void {
    const call = this.#calls.get(token);
    if (call === undefined) return;
    this.#calls.delete(token);
    call.done(outcome);
  }

  /** Forgets callers who no longer wait: the core drops expired calls without a word. */
  forgetExpired(nowMs: number): void {
    for (const [token, call] of this.#calls) if (call.deadlineMs + GRACE_MS < nowMs) this.#calls.delete(token);
  }
}
