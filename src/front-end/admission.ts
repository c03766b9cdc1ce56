import { assert } from '../base/assert.js';
import { refusal, type Refusal } from '../base/refusal.js';
import type { Clock } from '../ports/machine.js';
import type { AdmittedCall, CallAdmission, Entrant, EntrantKind, Wait } from '../ports/front-end.js';
import { WaitJudge } from './wait-judge.js';
import { type WaitingEntrant, WaitingLine } from './waiting-line.js';

/** Settings of an admission. */
export interface AdmissionOptions {
  readonly clock: Pick<Clock, 'monotonicMs'>;
  /** Runs a function once after some ms. Default: setTimeout. */
  readonly after?: (ms: number, run: () => void) => void;
  /** Calls and orders let in at most. Default 8,192. */
  readonly insideMax?: number;
  /** Calls that wait at most. Default 2,048. Orders of streams that wait are bounded by their bytes, and by what a stream holds. */
  readonly waitingMax?: number;
  /** Bytes of the requests of calls at most, and as many of orders. Default 32 MiB. */
  readonly bytesMax?: number;
}

const INSIDE_MAX = 8_192;
const WAITING_MAX = 2_048;
const BYTES_MAX = 32 * 1024 * 1024;
/**
 * A call waits this long for a place, ms, and a quarter of its time at most; then it is turned away. Some get one meanwhile, and
 * who comes back at once, whatever it is told, does so once a second: refusing takes a third of what an order takes.
 */
const HOLD_MS = 1_000;
/** An order of a stream waits for this part of its time, which holds the stream back; the rest is for its answer, or for coming back. */
const HOLD_PART_OF_ORDER = 1 / 2;
/** Those that have waited long enough are looked for this often, ms. */
const SWEEP_MS = 20;
/**
 * … and so many are turned away in one go: a crowd that came together would else fill a whole turn of the event loop, come back
 * together, and the answers to those inside would wait behind it each time. An order costs a quarter of what a call costs.
 */
const TURNED_AWAY_PER_SWEEP: Readonly<Record<EntrantKind, number>> = { call: 64, order: 256 };
/** Entrants that are let in whatever time they have left. */
const FREE_OF_DEADLINE = 64;
/** Places that one kind has whatever the other takes: calls beside streams that took all places, and the other way round. */
const PLACES_OF_EACH_KIND = 64;
/** With deadlines too short for a place, so many are passed over in looking for one that has the time. */
const PASSED_OVER_MAX = 64;

const timeout = (ms: number, run: () => void): void => {
  // A process that ends need not wait for it: whoever waits for a place is cut off with his connection.
  setTimeout(run, ms).unref();
};

/**
 * Which calls, and orders of streams, a front end takes (decision 6), by number and bytes, and by time: only as many are let in as
 * are answered in time (WaitJudge). The others wait for a place, calls and orders in a line of their own each, and are turned away
 * when none came. Places that become free go to both lines by turns. What was not let in has not been looked at, let alone sent
 * anywhere.
 */
export class Admission implements CallAdmission {
  readonly #clock: Pick<Clock, 'monotonicMs'>;
  readonly #after: NonNullable<AdmissionOptions['after']>;
  readonly #insideMax: number;
  readonly #waitingMax: number;
  readonly #bytesMax: number;
  readonly #judge: WaitJudge;
  readonly #lines: Readonly<Record<EntrantKind, WaitingLine>> = { call: new WaitingLine(), order: new WaitingLine() };
  /** Whose turn it is. */
  #next: EntrantKind = 'call';
  #isLettingIn = false;
  #isSweepPlanned = false;
  /** One object for as long as customers are told the same: its status is made once. */
  #refusal: Refusal;

  constructor(options: AdmissionOptions) {
    const { clock, after = timeout } = options;
    this.#clock = clock;
    this.#after = after;
    this.#insideMax = options.insideMax ?? INSIDE_MAX;
    this.#waitingMax = options.waitingMax ?? WAITING_MAX;
    this.#bytesMax = options.bytesMax ?? BYTES_MAX;
    this.#judge = new WaitJudge(clock.monotonicMs());
    this.#refusal = turnedAway(this.#judge.retryMs);
  }

  /** Calls and orders let in that have not left. */
  get inside(): number {
    return this.#lines.call.inside + this.#lines.order.inside;
  }

  /** Calls and orders that wait for a place. */
  get waiting(): number {
    return this.#lines.call.waiting + this.#lines.order.waiting;
  }

  enter(entrant: Entrant, leftMs: number): Wait | undefined {
    const now = this.#clock.monotonicMs();
    this.#judge.look(now);
    const { kind, bytes } = entrant;
    const line = this.#lines[kind];
    // One alone may be larger than all together.
    if (line.bytes > 0 && line.bytes + bytes > this.#bytesMax) return this.#turnAway(entrant);
    if (line.waiting === 0 && this.#hasRoom(kind) && this.#isInTime(now + leftMs, now)) {
      line.bytes += bytes;
      this.#letIn(entrant);
      return undefined;
    }
    if (kind === 'call' && line.waiting >= this.#waitingMax) return this.#turnAway(entrant);
    line.bytes += bytes;
    const holdMs = kind === 'call' ? Math.min(HOLD_MS, leftMs / 4) : leftMs * HOLD_PART_OF_ORDER;
    const wait = line.add(entrant, now + holdMs, now + leftMs);
    this.#planSweep();
    return wait;
  }

  /** Whether one more of this kind may be inside. */
  #hasRoom(kind: EntrantKind): boolean {
    const places = Math.min(this.#judge.callsMax, this.#insideMax);
    const { [kind]: own, [otherThan(kind)]: other } = this.#lines;
    return own.inside < Math.max(places - other.inside, Math.min(places, PLACES_OF_EACH_KIND));
  }

  /** Whether one with this deadline would be answered in half of the time it has left. */
  #isInTime(deadlineMs: number, now: number): boolean {
    const { inside } = this;
    return inside < FREE_OF_DEADLINE || this.#judge.waitMs(inside) <= (deadlineMs - now) / 2;
  }

  #letIn(entrant: Entrant): void {
    const line = this.#lines[entrant.kind];
    line.inside++;
    entrant.onDecision(new Place(this.#clock, this.#judge, line, entrant.bytes, this.#onLeft));
  }

  /** For all places the same function. */
  readonly #onLeft = (): void => this.#letInWaiting();

  #letInWaiting(): void {
    // Who is refused at the gate leaves at once: the loop below goes on with the place, not another one inside it.
    if (this.#isLettingIn || this.waiting === 0) return;
    this.#isLettingIn = true;
    const now = this.#clock.monotonicMs();
    while (this.#letInFirst(this.#next, now) || this.#letInFirst(otherThan(this.#next), now));
    this.#isLettingIn = false;
  }

  /** Lets in the first of a line that has the time; then it is the other line's turn. */
  #letInFirst(kind: EntrantKind, now: number): boolean {
    if (!this.#hasRoom(kind)) return false;
    const line = this.#lines[kind];
    let one = line.first;
    for (let passedOver = 0; one !== undefined && !this.#isInTime(one.deadlineMs, now); passedOver++)
      one = passedOver < PASSED_OVER_MAX ? one.next : undefined;
    if (one === undefined) return false;
    line.remove(one);
    this.#next = otherThan(kind);
    this.#letIn(one.entrant);
    return true;
  }

  #turnAway(entrant: Entrant): undefined {
    this.#judge.turnedAway();
    if (this.#refusal.retryDelayMs !== this.#judge.retryMs) this.#refusal = turnedAway(this.#judge.retryMs);
    entrant.onDecision(this.#refusal);
  }

  #planSweep(): void {
    if (this.#isSweepPlanned) return;
    this.#isSweepPlanned = true;
    this.#after(SWEEP_MS, () => {
      this.#isSweepPlanned = false;
      this.#sweep();
      if (this.waiting > 0) this.#planSweep();
    });
  }

  #sweep(): void {
    const now = this.#clock.monotonicMs();
    this.#judge.look(now);
    this.#letInWaiting();
    for (const kind of ['call', 'order'] as const) {
      // Gathered first: whoever is told may take others out of the line.
      for (const one of expired(this.#lines[kind], now, TURNED_AWAY_PER_SWEEP[kind])) {
        if (!one.isWaiting) continue;
        one.giveUp();
        this.#turnAway(one.entrant);
      }
    }
  }
}

/** The first of those that have waited long enough, `max` of them at most. */
function expired(line: WaitingLine, now: number, max: number): WaitingEntrant[] {
  const found: WaitingEntrant[] = [];
  for (let one = line.first; one !== undefined && found.length < max; one = one.next)
    if (one.untilMs <= now) found.push(one);
  return found;
}

/** One that was let in; methods, not closures: there is one for each order. */
class Place implements AdmittedCall {
  #forwardedMs: number | undefined;
  #isInside = true;

  constructor(
    readonly clock: Pick<Clock, 'monotonicMs'>,
    readonly judge: WaitJudge,
    readonly line: WaitingLine,
    readonly bytes: number,
    readonly onLeft: () => void,
  ) {}

  forwarded(): void {
    assert(this.#forwardedMs === undefined, 'a call is forwarded once');
    this.#forwardedMs = this.clock.monotonicMs();
  }

  answered(): void {
    if (this.#isInside && this.#forwardedMs !== undefined)
      this.judge.answered(this.clock.monotonicMs() - this.#forwardedMs);
    this.leave();
  }

  leave(): void {
    if (!this.#isInside) return;
    this.#isInside = false;
    this.line.inside--;
    this.line.bytes -= this.bytes;
    this.onLeft();
  }
}

function otherThan(kind: EntrantKind): EntrantKind {
  return kind === 'call' ? 'order' : 'call';
}

function turnedAway(retryDelayMs: number): Refusal {
  const message = `Too many calls are under way at this front end; nothing was done. Wait ${retryDelayMs} ms, then try again with the same id.`;
  return { ...refusal('OVERLOADED', message), retryDelayMs };
}
