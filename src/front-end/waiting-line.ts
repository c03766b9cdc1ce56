import type { Entrant, Wait } from '../ports/front-end.js';

/**
 * One kind of entrants: how many are inside with how many bytes, and those that wait, in their order. A linked list, as a Set that
 * is emptied at its front is slow to look into: it keeps the holes.
 */
export class WaitingLine {
  /** Let in and not left. */
  inside = 0;
  /** Of those inside and those waiting. */
  bytes = 0;
  /** How many wait. */
  waiting = 0;
  first: WaitingEntrant | undefined;
  last: WaitingEntrant | undefined;

  /** Adds one at the end. */
  add(entrant: Entrant, untilMs: number, deadlineMs: number): WaitingEntrant {
    const added = new WaitingEntrant(this, entrant, untilMs, deadlineMs);
    added.previous = this.last;
    if (this.last === undefined) this.first = added;
    else this.last.next = added;
    this.last = added;
    this.waiting++;
    return added;
  }

  /** Takes one out that is in; its bytes are the caller's business. */
  remove(one: WaitingEntrant): void {
    if (one.previous === undefined) this.first = one.next;
    else one.previous.next = one.next;
    if (one.next === undefined) this.last = one.previous;
    else one.next.previous = one.previous;
    one.previous = undefined;
    one.next = undefined;
    one.isWaiting = false;
    this.waiting--;
  }
}

/** One that waits; times are monotonic, ms. */
export class WaitingEntrant implements Wait {
  previous: WaitingEntrant | undefined;
  next: WaitingEntrant | undefined;
  isWaiting = true;

  constructor(
    readonly line: WaitingLine,
    readonly entrant: Entrant,
    readonly untilMs: number,
    readonly deadlineMs: number,
  ) {}

  giveUp(): void {
    if (!this.isWaiting) return;
    this.line.remove(this);
    this.line.bytes -= this.entrant.bytes;
  }
}
