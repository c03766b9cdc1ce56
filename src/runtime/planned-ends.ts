import type { PlannedEnd } from '../ports/calls.js';

/** Heartbeats, and ms at least, for which a promise to a peer holds: by then it has ended, which everybody hears. */
const PROMISED_FOR = 20;
const PROMISED_MS_MIN = 5_000;

/** What a peer said to the wish to end; `refusal` undefined: it agrees. */
export interface PeerConsent {
  readonly id: string;
  readonly refusal: string | undefined;
}

/** What planned ends are made of. */
export interface PlannedEndsOptions {
  readonly self: string;
  readonly heartbeatMs: number;
  /** More than half of all. */
  readonly majority: number;
  readonly nowMs: () => number;
  /** Asks the peers; those that do not answer are missing. */
  readonly ask: (end: PlannedEnd) => Promise<readonly PeerConsent[]>;
}

/**
 * Replicas that end on request, one at a time. Above all two must not throw their copies away at the same moment, each seeing
 * the other one well: a majority has forgotten then, and nobody recovers any more. So whoever forgets needs a majority of all, itself
 * not counted, that promises it to nobody else for a while and does not forget itself: two such majorities have a replica in common.
 */
export class PlannedEnds {
  #isEnding = false;
  #promised: { readonly to: string; readonly untilMs: number } | undefined;

  constructor(private readonly options: PlannedEndsOptions) {}

  /** A peer wants to end: why not, for people; undefined when this replica agrees, and then keeps to it. */
  agree({ from }: PlannedEnd): string | undefined {
    const { self, heartbeatMs, nowMs } = this.options;
    const why = this.#isEnding ? `${self} is about to end itself` : this.#promisedToOther(from);
    if (why !== undefined) return why;
    this.#promised = { to: from, untilMs: nowMs() + Math.max(PROMISED_MS_MIN, PROMISED_FOR * heartbeatMs) };
    return undefined;
  }

  /** The peer has ended, and is a member again. */
  isBack(id: string): void {
    if (this.#promised?.to === id) this.#promised = undefined;
  }

  /** This replica wants to end: why not, for people with what to do; undefined when it must, now. */
  async begin(forgets: boolean, why: string): Promise<string | undefined> {
    const { self, majority } = this.options;
    const other = this.#isEnding ? `${self} is about to end already` : this.#promisedToOther(self);
    if (other !== undefined) return oneAtATime(other);
    this.#isEnding = true;
    const answers = await this.options.ask({ from: self, forgets, why });
    const refused = answers.find(({ refusal }) => refusal !== undefined);
    if (refused?.refusal === undefined && (!forgets || answers.length >= majority)) return undefined;
    this.#isEnding = false;
    if (refused?.refusal !== undefined) return oneAtATime(refused.refusal);
    return `only ${answers.length} of the others agreed in time, and ${majority} must: see 'just-hungry status', then try again.`;
  }

  /** What was begun is not done after all. */
  giveUp(): void {
    this.#isEnding = false;
  }

  #promisedToOther(id: string): string | undefined {
    const promised = this.#promised;
    if (promised === undefined || promised.to === id || this.options.nowMs() >= promised.untilMs) return undefined;
    return `${promised.to} is being started again or copied anew`;
  }
}

const oneAtATime = (why: string): string =>
  `${why}: one replica at a time. Try again when 'just-hungry status' shows all of them level.`;
