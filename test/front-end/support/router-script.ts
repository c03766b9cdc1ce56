import { expect } from 'chai';
import { replicaIndex, type ReplicaIndex } from '../../../src/base/numbers.js';
import { refusal, type RefusalReason } from '../../../src/base/refusal.js';
import { Router, type RouterOptions } from '../../../src/front-end/router.js';
import type { RoutedCall, RoutedReply } from '../../../src/ports/front-end.js';
import type { ForwardedCall, ForwardedReply, RequestLinks } from '../../../src/ports/request-links.js';

/** A send that the script answers when it wants to. */
export interface Sent {
  readonly replica: ReplicaIndex;
  readonly call: ForwardedCall;
  readonly isRelayWanted: boolean;
  readonly isAlone: boolean;
  readonly atMs: number;
  isForgotten: boolean;
  answer(reply: ForwardedReply): void;
}

/** Done. */
export const ok: ForwardedReply = { kind: 'ok', payload: Buffer.from('done') };
/** A refusal with this reason; `primary`: the hint. */
export const refused = (reason: RefusalReason, primary?: number): ForwardedReply => ({
  kind: 'refused',
  refusal: refusal(reason, reason),
  primary: primary === undefined ? undefined : replicaIndex(primary),
});
/** The view was left. */
export const dropped: ForwardedReply = { kind: 'dropped' };
/** The connection broke after the call was sent. */
export const linkDown: ForwardedReply = { kind: 'linkDown', isSent: true };

/** Time, links and what was sent, all under the test's control. */
export class Script {
  nowMs = 0;
  readonly up = new Set([0, 1, 2]);
  readonly sent: Sent[] = [];
  readonly router: Router;
  #timers: { atMs: number; run: () => void }[] = [];
  #listeners = new Set<(replica: ReplicaIndex, isUp: boolean) => void>();
  /** Answers at once (in the next moment), where given. */
  react: ((sent: Sent) => ForwardedReply | undefined) | undefined;

  constructor(options: Partial<RouterOptions> = {}) {
    const links: RequestLinks = {
      count: 3,
      isUp: (replica) => this.up.has(replica),
      send: (replica, call, { isRelayWanted, isAlone = false }, done) => {
        const sent: Sent = {
          replica,
          call,
          isRelayWanted,
          isAlone,
          atMs: this.nowMs,
          isForgotten: false,
          answer: (reply) => {
            if (!sent.isForgotten) done(reply);
          },
        };
        this.sent.push(sent);
        const reply = this.react?.(sent);
        if (reply !== undefined) this.#after(1, () => sent.answer(reply));
        return () => void (sent.isForgotten = true);
      },
      onChange: (listener) => {
        this.#listeners.add(listener);
        return () => void this.#listeners.delete(listener);
      },
      close: () => undefined,
    };
    const clock = { monotonicMs: () => this.nowMs, wallMs: () => 1e12 + this.nowMs };
    this.router = new Router({ links, clock, after: (ms, run) => this.#after(ms, run), ...options });
  }

  #after(ms: number, run: () => void): () => void {
    const timer = { atMs: this.nowMs + ms, run };
    this.#timers.push(timer);
    return () => void (this.#timers = this.#timers.filter((other) => other !== timer));
  }

  /** Lets time pass, timers firing in order. */
  pass(ms: number): void {
    const endMs = this.nowMs + ms;
    for (;;) {
      const [next] = this.#timers.filter(({ atMs }) => atMs <= endMs).toSorted((a, b) => a.atMs - b.atMs);
      if (next === undefined) break;
      this.#timers = this.#timers.filter((other) => other !== next);
      this.nowMs = Math.max(this.nowMs, next.atMs);
      next.run();
    }
    this.nowMs = endMs;
  }

  link(replica: number, isUp: boolean): void {
    if (isUp) this.up.add(replica);
    else this.up.delete(replica);
    for (const listener of this.#listeners) listener(replicaIndex(replica), isUp);
  }

  call(changes: Partial<RoutedCall> & { forMs?: number } = {}): { reply: RoutedReply | undefined; giveUp: () => void } {
    const { forMs = 5000, ...rest } = changes;
    const call: RoutedCall = {
      method: 'MakeOrder',
      payload: Buffer.from('order'),
      deadlineWallMs: 1e12 + this.nowMs + forMs,
      isStaff: false,
      target: 'primary',
      isWrite: true,
      ...rest,
    };
    const state: { reply: RoutedReply | undefined; giveUp: () => void } = { reply: undefined, giveUp: () => undefined };
    state.giveUp = this.router.route(call, (reply) => {
      expect(state.reply, 'answered once').to.equal(undefined);
      state.reply = reply;
    });
    return state;
  }

  /** The last send, answered. */
  answerLast(reply: ForwardedReply): void {
    this.sent.at(-1)?.answer(reply);
  }

  get asked(): number[] {
    return this.sent.map(({ replica }) => replica);
  }
}

/** Why a call was refused, or what it is instead. */
export const reasonOf = (reply: RoutedReply | undefined): string | undefined =>
  reply?.kind === 'refused' ? reply.refusal.reason : reply?.kind;
