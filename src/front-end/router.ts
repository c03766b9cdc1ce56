import { replicaIndex, type ReplicaIndex } from '../base/numbers.js';
import type { Refusal } from '../base/refusal.js';
import type { Clock } from '../ports/machine.js';
import type { CallRouter, RoutedCall, RoutedReply } from '../ports/front-end.js';
import type { ForwardedReply, RequestLinks } from '../ports/request-links.js';
import { ReaderChoice } from './reader-choice.js';
import { CallOnItsWay } from './routed-call.js';
import * as refusals from './router-refusals.js';

/** Settings of a router. */
export interface RouterOptions {
  readonly links: RequestLinks;
  readonly clock: Clock;
  /** How the replicas are called in refusals, in the order of the links. Default: by their number, from 1. */
  readonly replicaIds?: readonly string[];
  /** Runs a function once after some ms; returns what cancels it. Default: setTimeout. */
  readonly after?: (ms: number, run: () => void) => () => void;
  /** Calls in flight at most; more are refused OVERLOADED. Default 20,000. */
  readonly callsMax?: number;
  /** A replica that is silent for this long is taken for hung and others are asked as well, ms. Default 300. */
  readonly hedgeMs?: number;
}

const CALLS_MAX = 20_000;
const HEDGE_MS = 300;
/** While a replica stays silent the others are asked again this often, ms. */
const HEDGE_AGAIN_MS = 100;
/** Others are asked as well for a call that may wait at the replica when it has waited for so long, ms. */
const WAIT_HEDGE_MS = 1000;
/** A replica that has too much to do is asked again this much later, ms. */
const OVERLOADED_AGAIN_MS = 200;
/** Calls for which others are asked in one sweep at most: a few are enough to find a new primary. */
const HEDGES_PER_SWEEP_MAX = 32;
/** Deadlines and silent replicas are looked for this often, ms. */
const SWEEP_MS = 20;
/** Waits between two looks for a primary, ms. */
const PROBE_MS = { first: 5, max: 20 } as const;
/** Calls that look for a primary at the same time; the others wait for what these find. */
const PROBES_MAX = 16;
/** No parked call is sent again so shortly before its customer is answered, ms. */
const LAST_LOOK_MS = 20;
/** Replicas that speak of a view change are given this long before an order is taken alone beside them, ms. */
const VIEW_CHANGE_MS = 1_000;
/** The customer is answered this long before the deadline, so that the answer arrives; a tenth of short deadlines. */
const ANSWER_EARLY_MS = 50;
/**
 * So long before the deadline, ms, or a fifth of a shorter one, it is told that the only replica that may answer does not: nothing is
 * lost by it, and told too late its name would not reach the customer at all.
 */
const ONE_SILENT_EARLY_MS = 1000;

const timeout = (ms: number, run: () => void): (() => void) => {
  const timer = setTimeout(run, ms);
  return () => clearTimeout(timer);
};

/**
 * Routes calls over links (design 3): the replica that last served as primary, then the hint, then the configured order. Reads that any
 * replica may answer go to the backups, by load.
 * What breaks off is sent again with the same bytes, so with the same id, until the call's deadline.
 */
export class Router implements CallRouter {
  readonly #links: RequestLinks;
  readonly #clock: Clock;
  readonly #replicaIds: readonly string[];
  readonly #after: NonNullable<RouterOptions['after']>;
  readonly #callsMax: number;
  readonly #hedgeMs: number;
  readonly #replicas: readonly ReplicaIndex[];
  readonly #calls = new Set<CallOnItsWay>();
  /** Calls whose round found nobody: they wait for the next look. */
  readonly #parked = new Set<CallOnItsWay>();
  /** When each replica last answered a call as only a primary can, monotonic ms. */
  readonly #servedMs = new Map<ReplicaIndex, number>();
  readonly #readers: ReaderChoice;
  readonly #endListening: () => void;
  #primary: ReplicaIndex | undefined;
  #retries = 0;
  #probeMs: number = PROBE_MS.first;
  #cancelProbe: (() => void) | undefined;
  #cancelSweep: (() => void) | undefined;

  constructor({ links, clock, after = timeout, callsMax = CALLS_MAX, hedgeMs = HEDGE_MS, replicaIds }: RouterOptions) {
    this.#links = links;
    this.#clock = clock;
    this.#after = after;
    this.#callsMax = callsMax;
    this.#hedgeMs = hedgeMs;
    this.#replicas = Array.from({ length: links.count }, (_, index) => replicaIndex(index));
    this.#replicaIds = replicaIds ?? this.#replicas.map((replica) => String(replica + 1));
    this.#readers = new ReaderChoice(this.#replicas);
    this.#endListening = links.onChange((_, isUp) => {
      if (isUp && this.#parked.size > 0) this.#planProbe(0);
    });
  }

  /** Calls under way. */
  get callsInFlight(): number {
    return this.#calls.size;
  }

  /** Calls that found no replica to ask and wait for the next look. */
  get callsParked(): number {
    return this.#parked.size;
  }

  /** Times that a call was sent to a replica again, or to another one, since the process began. */
  get retries(): number {
    return this.#retries;
  }

  route(call: RoutedCall, done: (reply: RoutedReply) => void): () => void {
    if (this.#calls.size >= this.#callsMax) {
      done({ kind: 'refused', refusal: refusals.overloaded(this.#callsMax) });
      return () => undefined;
    }
    const leftMs = call.deadlineWallMs - this.#clock.wallMs();
    if (leftMs <= 0) {
      done({ kind: 'refused', refusal: refusals.NO_PRIMARY });
      return () => undefined;
    }
    const now = this.#clock.monotonicMs();
    const endMs = now + leftMs - earlyMs(call, leftMs);
    const way = new CallOnItsWay(call, endMs, now, done);
    this.#calls.add(way);
    this.#planSweep();
    const isSearchUnderWay = this.#primary === undefined && this.#parked.size > PROBES_MAX;
    if (call.target === 'primary' && isSearchUnderWay) this.#park(way);
    else this.#askNext(way);
    return () => this.#settle(way, undefined);
  }

  close(): void {
    this.#endListening();
    this.#cancelProbe?.();
    for (const way of this.#calls) {
      this.#refuse(way, way.isUncertain ? refusals.OUTCOME_UNKNOWN : refusals.STOPPING);
    }
    this.#cancelSweep?.();
  }

  /** Asks the best replica that was not asked in this round; ends the round when there is none. */
  #askNext(way: CallOnItsWay): void {
    const { target } = way.call;
    if (typeof target === 'number') {
      if (!this.#links.isUp(target)) return this.#awaitLink(way, target);
      return way.tried.has(target) ? this.#endRound(way) : this.#ask(way, target);
    }
    const primary = way.call.target === 'primary' ? this.#primary : undefined;
    if (primary !== undefined && !way.tried.has(primary) && this.#links.isUp(primary)) {
      return this.#ask(way, primary);
    }
    const mayBeAsked = (replica: ReplicaIndex): boolean => !way.tried.has(replica) && this.#links.isUp(replica);
    const next =
      way.call.target === 'any'
        ? this.#readers.best(mayBeAsked, this.#primary, this.#clock.monotonicMs())
        : this.#replicas.find(mayBeAsked);
    if (next === undefined) return this.#endRound(way);
    this.#ask(way, next);
  }

  /** The way to the only replica that may answer is down: it may come back in a moment, as after a start. */
  #awaitLink(way: CallOnItsWay, replica: ReplicaIndex): void {
    if (this.#clock.monotonicMs() - way.begunMs >= this.#hedgeMs) this.#refuse(way, this.#unreachable(replica));
  }

  #ask(way: CallOnItsWay, replica: ReplicaIndex, { isRelayed = false, isAlone = false } = {}): void {
    if (++way.asks > 1) this.#retries++;
    const now = this.#clock.monotonicMs();
    if (way.attempts.size === 0) way.hedgeAtMs = now + (way.call.mayWait === true ? WAIT_HEDGE_MS : this.#hedgeMs);
    way.tried.add(replica);
    if (way.call.target === 'any') this.#readers.asked(replica);
    const forget = this.#links.send(replica, way.call, { isRelayWanted: isRelayed, isAlone }, (reply) => {
      this.#onReply(way, replica, reply);
    });
    way.attempts.set(replica, { forget, sentMs: now, isRelayed, isAlone });
  }

  #onReply(way: CallOnItsWay, replica: ReplicaIndex, reply: ForwardedReply): void {
    const attempt = way.attempts.get(replica);
    if (way.isSettled || attempt === undefined) return;
    way.attempts.delete(replica);
    if (way.call.target === 'any') this.#readers.answered(replica);
    if (attempt.isAlone) return this.#onAloneReply(way, replica, reply);
    const now = this.#clock.monotonicMs();
    // A late answer says who was primary, not who is.
    const isFresh = !attempt.isRelayed && now - attempt.sentMs < this.#hedgeMs;
    const actsAsPrimary = way.call.target === 'primary' && (isFresh || this.#primary === undefined);
    switch (reply.kind) {
      case 'ok':
        if (way.call.target === 'primary' && !attempt.isRelayed) this.#servedMs.set(replica, now);
        if (actsAsPrimary && !attempt.isRelayed) this.#becomesPrimary(replica);
        return this.#settle(way, reply);
      case 'refused':
        if (refusals.isAnsweredElsewhere(reply.refusal)) return this.#onElsewhere(way, replica, reply);
        if (actsAsPrimary && !attempt.isRelayed && refusals.isOfPrimary(reply.refusal)) this.#becomesPrimary(replica);
        // It did not look whether it knows the id: what became of an attempt before is as open as it was.
        if (reply.refusal.reason === 'OVERLOADED' && way.isUncertain) return this.#askLater(way);
        return this.#refuse(way, reply.refusal);
      case 'dropped':
      case 'linkDown': {
        const wasSent = reply.kind === 'dropped' || reply.isSent;
        way.mayBeDone ||= wasSent;
        this.#isNotPrimary(replica);
        // Where it was sent something has just broken: a moment later there is more to find.
        return wasSent ? this.#endRound(way) : this.#askNext(way);
      }
    }
  }

  /** The replica cannot serve anybody: the hint, the way round through this replica, or the next one. */
  #onElsewhere(way: CallOnItsWay, replica: ReplicaIndex, reply: ForwardedReply & { kind: 'refused' }): void {
    way.refusals.set(replica, reply.refusal);
    way.lastRefusal = reply.refusal;
    if (way.call.target === 'any') return this.#askNext(way);
    // Nobody else may answer: it is told what the replica says.
    if (way.call.target !== 'primary') return this.#refuse(way, reply.refusal);
    this.#isNotPrimary(replica);
    const hint = reply.refusal.reason === 'NO_PRIMARY' ? reply.primary : undefined;
    if (hint === undefined || hint === replica) return this.#askNext(way);
    if (this.#links.isUp(hint)) {
      if (way.tried.has(hint)) return this.#askNext(way);
      return this.#ask(way, hint);
    }
    if (way.isRelayTried) return this.#askNext(way);
    way.isRelayTried = true;
    this.#ask(way, replica, { isRelayed: true });
  }

  /** A replica was asked to take the order alone. Whatever it says, it is no primary. */
  #onAloneReply(way: CallOnItsWay, replica: ReplicaIndex, reply: ForwardedReply): void {
    switch (reply.kind) {
      case 'ok':
        this.#settle(way, reply);
        // Whoever waits for the same need not look for a primary first.
        for (const parked of Array.from(this.#parked))
          if (parked.call.mayBeTakenAlone === true) this.#askAt(parked, replica);
        return;
      case 'refused': {
        const { refusal } = reply;
        // There may be a primary in a moment, or the replica is in no state to take orders.
        if (refusals.isAnsweredElsewhere(refusal) && refusal.reason !== 'NO_QUORUM') return this.#askAlone(way);
        const isOpen = way.isUncertain && refusals.isOfOneReplica(refusal);
        return this.#refuse(way, isOpen ? refusals.NO_QUORUM_NOW_UNCERTAIN : refusal);
      }
      case 'dropped':
      case 'linkDown':
        way.mayBeDone ||= reply.kind === 'dropped' || reply.isSent;
        return this.#endRound(way);
    }
  }

  #askAt(way: CallOnItsWay, replica: ReplicaIndex): void {
    this.#parked.delete(way);
    way.beginRound();
    way.aloneTried.add(replica);
    this.#ask(way, replica, { isAlone: true });
  }

  /** Asks the next replica that has lost its majority to take the order alone; waits where none is left in this round. */
  #askAlone(way: CallOnItsWay): void {
    const next = this.#replicas.find(
      (replica) =>
        way.refusals.get(replica)?.reason === 'NO_QUORUM' &&
        !way.aloneTried.has(replica) &&
        !way.attempts.has(replica) &&
        this.#links.isUp(replica),
    );
    if (next === undefined) {
      if (way.attempts.size === 0) this.#park(way);
      return;
    }
    way.aloneTried.add(next);
    this.#ask(way, next, { isAlone: true });
  }

  /** The replica is there and has too much to do: the sweep asks again. */
  #askLater(way: CallOnItsWay): void {
    if (way.attempts.size === 0) way.hedgeAtMs = this.#clock.monotonicMs() + OVERLOADED_AGAIN_MS;
  }

  #endRound(way: CallOnItsWay): void {
    // The sweep asks the only one again.
    if (typeof way.call.target === 'number') return;
    const now = this.#clock.monotonicMs();
    // A replica that has been silent for long is no more reachable than one whose connection broke.
    for (const { sentMs } of way.attempts.values()) if (now - sentMs < this.#hedgeMs) return;
    const reachable = this.#replicas.filter((replica) => this.#links.isUp(replica) && !way.attempts.has(replica));
    // Who recovers belongs to no quorum until the others have taken it in: it neither confirms nor denies.
    const told = reachable
      .map((replica) => way.refusals.get(replica))
      .filter((one) => one === undefined || !refusals.isOfRecovering(one));
    const [first] = told;
    if (first !== undefined && told.every((one) => one?.reason === 'NO_QUORUM')) return this.#noQuorum(way, first);
    // Some may be about to elect a primary: then the order need not wait for a confirmation.
    const isNobodyLeft = told.every((one) => one !== undefined && refusals.isAnsweredElsewhere(one));
    if (way.call.mayBeTakenAlone === true && isNobodyLeft && now - way.begunMs >= VIEW_CHANGE_MS)
      return this.#askAlone(way);
    if (way.attempts.size === 0) this.#park(way);
  }

  /** Everyone who can be reached says so: waiting would only use up the customers' time. Orders may be taken alone (decision 3). */
  #noQuorum(found: CallOnItsWay, refusal: Refusal): void {
    if (found.call.mayBeTakenAlone === true) this.#askAlone(found);
    const alike = [...this.#parked].filter(({ call }) => call.target === found.call.target);
    for (const way of [found, ...alike]) {
      if (way.call.mayBeTakenAlone === true) continue;
      this.#refuse(way, way.isUncertain ? refusals.NO_QUORUM_NOW_UNCERTAIN : refusal);
    }
  }

  #park(way: CallOnItsWay): void {
    this.#parked.add(way);
    this.#planProbe(this.#probeMs);
  }

  #planProbe(ms: number): void {
    if (ms === 0) this.#cancelProbe?.();
    else if (this.#cancelProbe !== undefined) return;
    this.#cancelProbe = this.#after(ms, () => {
      this.#cancelProbe = undefined;
      this.#probe();
    });
  }

  #probe(): void {
    this.#probeMs = Math.min(this.#probeMs * 2, PROBE_MS.max);
    const now = this.#clock.monotonicMs();
    // What was asked in the last moment would only make the outcome unknown.
    const inTime = [...this.#parked].filter(({ endMs }) => endMs - now > LAST_LOOK_MS);
    for (const way of inTime.slice(0, PROBES_MAX)) this.#resume(way);
    if (this.#parked.size > 0) this.#planProbe(this.#probeMs);
  }

  #resume(way: CallOnItsWay): void {
    this.#parked.delete(way);
    if (way.isSettled) return;
    way.beginRound();
    this.#askNext(way);
  }

  #becomesPrimary(replica: ReplicaIndex): void {
    this.#probeMs = PROBE_MS.first;
    if (this.#primary === replica && this.#parked.size === 0) return;
    const isNew = this.#primary !== replica;
    this.#primary = replica;
    for (const way of Array.from(this.#parked)) this.#resume(way);
    if (!isNew) return;
    // Whoever waits for a replica that is no longer primary asks the new one too: with the same id it is done once.
    for (const way of this.#calls) {
      if (way.call.target === 'primary' && way.attempts.size > 0 && !way.attempts.has(replica)) {
        this.#ask(way, replica);
      }
    }
  }

  #isNotPrimary(replica: ReplicaIndex): void {
    if (this.#primary === replica) this.#primary = undefined;
  }

  #planSweep(): void {
    this.#cancelSweep ??= this.#after(SWEEP_MS, () => {
      this.#cancelSweep = undefined;
      this.#sweep();
      if (this.#calls.size > 0) this.#planSweep();
    });
  }

  #sweep(): void {
    const now = this.#clock.monotonicMs();
    let hedges = 0;
    for (const way of this.#calls) {
      if (now >= way.endMs) {
        this.#refuse(way, this.#atDeadline(way));
      } else if (typeof way.call.target === 'number') {
        if (way.attempts.size > 0) continue;
        way.beginRound();
        this.#askNext(way);
      } else if (way.call.mayWait === true) {
        if (now >= way.hedgeAtMs && !this.#parked.has(way)) this.#hedgeWait(way, now);
      } else if (now >= way.hedgeAtMs && !this.#parked.has(way) && hedges < HEDGES_PER_SWEEP_MAX) {
        if (this.#isBusy(way, now)) continue;
        hedges++;
        way.hedgeAtMs = now + HEDGE_AGAIN_MS;
        this.#noteSilence(way, now);
        way.beginRound();
        this.#askNext(way);
      }
    }
  }

  /** A replica lets the call wait, or hangs. These do not count as hedges: many may wait, and orders must not stand behind them. */
  #hedgeWait(way: CallOnItsWay, now: number): void {
    way.hedgeAtMs = now + WAIT_HEDGE_MS;
    if (this.#replicas.every((replica) => way.attempts.has(replica) || !this.#links.isUp(replica))) return;
    way.beginRound();
    this.#askNext(way);
  }

  #noteSilence({ call, attempts }: CallOnItsWay, now: number): void {
    if (call.target !== 'any') return;
    for (const [replica, { sentMs }] of attempts)
      if (now - sentMs >= this.#hedgeMs) this.#readers.wasSilent(replica, now);
  }

  /**
   * Whether a replica that was asked has just served others as primary: it is not hung, and the call waits its turn. To ask around
   * for each that waits long would add to the load that makes them wait.
   */
  #isBusy({ attempts }: CallOnItsWay, now: number): boolean {
    for (const replica of attempts.keys()) {
      const servedMs = this.#servedMs.get(replica);
      if (servedMs !== undefined && now - servedMs < this.#hedgeMs) return true;
    }
    return false;
  }

  #atDeadline(way: CallOnItsWay): Refusal {
    const { target } = way.call;
    return typeof target === 'number' ? this.#unreachable(target) : atDeadline(way);
  }

  /** Of the one replica that was to answer. */
  #unreachable(replica: ReplicaIndex): Refusal {
    return refusals.unreachable(this.#replicaIds[replica] ?? '', this.#links.isUp(replica));
  }

  #refuse(way: CallOnItsWay, refusal: Refusal): void {
    this.#settle(way, { kind: 'refused', refusal });
  }

  #settle(way: CallOnItsWay, reply: RoutedReply | undefined): void {
    if (way.isSettled) return;
    way.isSettled = true;
    if (way.call.target === 'any') for (const replica of way.attempts.keys()) this.#readers.givenUp(replica);
    way.forgetAttempts();
    this.#calls.delete(way);
    this.#parked.delete(way);
    if (reply !== undefined) way.done(reply);
  }
}

/** How long before its deadline a call is answered, ms. */
const earlyMs = ({ target }: RoutedCall, leftMs: number): number =>
  typeof target === 'number' ? Math.min(ONE_SILENT_EARLY_MS, leftMs / 5) : Math.min(ANSWER_EARLY_MS, leftMs / 10);

function atDeadline(way: CallOnItsWay): Refusal {
  if (way.isUncertain) return refusals.OUTCOME_UNKNOWN;
  const { lastRefusal } = way;
  const isTelling =
    lastRefusal !== undefined && lastRefusal.reason !== 'NO_PRIMARY' && lastRefusal.reason !== 'STOPPING';
  if (isTelling) return lastRefusal;
  return way.call.isWrite ? refusals.NO_PRIMARY : refusals.NO_ANSWER;
}
