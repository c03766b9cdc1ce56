import { expect } from 'chai';
import { Admission, type AdmissionOptions } from '../../src/front-end/admission.js';
import type { AdmittedCall, Decision, EntrantKind } from '../../src/ports/front-end.js';

/** An admission with time under the test's control, and a service that answers so many calls a second in their order. */
class Rush {
  nowMs = 1_000_000;
  readonly admission: Admission;
  readonly served: number[] = [];
  readonly turnedAway: number[] = [];
  readonly #queue: { readonly call: AdmittedCall; readonly sinceMs: number }[] = [];
  #timers: { readonly atMs: number; readonly run: () => void }[] = [];
  #due = 0;
  #served = 0;

  constructor(options: Partial<AdmissionOptions> = {}) {
    const clock = { monotonicMs: () => this.nowMs };
    const after = (ms: number, run: () => void): void => void this.#timers.push({ atMs: this.nowMs + ms, run });
    this.admission = new Admission({ clock, after, ...options });
  }

  /** Enters a call; what was decided so far. */
  enter({ kind = 'call' as EntrantKind, bytes = 100, leftMs = 5_000 } = {}): {
    decision: Decision | undefined;
    readonly giveUp: () => void;
  } {
    const state: { decision: Decision | undefined } = { decision: undefined };
    const onDecision = (decision: Decision): void => {
      expect(state.decision, 'decided once').to.equal(undefined);
      state.decision = decision;
    };
    const wait = this.admission.enter({ kind, bytes, onDecision }, leftMs);
    return Object.assign(state, { giveUp: () => wait?.giveUp() });
  }

  pass(ms: number): void {
    this.nowMs += ms;
    const due = this.#timers.filter(({ atMs }) => atMs <= this.nowMs);
    this.#timers = this.#timers.filter((timer) => !due.includes(timer));
    for (const { run } of due) run();
  }

  /** Offers calls at a rate for a while, to a service with another one; 0 serves nothing. */
  offer(perSecond: number, servedPerSecond: number, forMs: number, leftMs = 5_000): void {
    for (let passed = 0; passed < forMs; passed++) {
      this.pass(1);
      for (this.#due += perSecond / 1_000; this.#due >= 1; this.#due--) this.#offerOne(leftMs);
      this.#served = this.#queue.length === 0 ? 0 : this.#served + servedPerSecond / 1_000;
      for (; this.#served >= 1; this.#served--) {
        const next = this.#queue.shift();
        next?.call.answered();
        if (next !== undefined) this.served.push(this.nowMs - next.sinceMs);
      }
    }
  }

  #offerOne(leftMs: number): void {
    const sinceMs = this.nowMs;
    const onDecision = (decision: Decision): void => {
      if ('reason' in decision) {
        this.turnedAway.push(decision.retryDelayMs ?? NaN);
        return;
      }
      decision.forwarded();
      this.#queue.push({ call: decision, sinceMs });
    };
    this.admission.enter({ kind: 'call', bytes: 100, onDecision }, leftMs);
  }

  reset(): void {
    this.served.length = 0;
    this.turnedAway.length = 0;
  }
}

const isIn = (decision: Decision | undefined): decision is AdmittedCall =>
  decision !== undefined && !('reason' in decision);
const reasonOf = (decision: Decision | undefined): string | undefined =>
  decision !== undefined && 'reason' in decision ? decision.reason : undefined;

describe('admission', () => {
  it('calls: turned away beyond the maximum, with what to do, and let in again when one leaves', () => {
    const rush = new Rush({ insideMax: 2, waitingMax: 0 });
    const [first, second, third] = [rush.enter(), rush.enter(), rush.enter()];
    expect([first, second].every(({ decision }) => isIn(decision))).to.equal(true);
    expect(third.decision).to.include({ reason: 'OVERLOADED', retryDelayMs: 200 });
    expect(third.decision)
      .to.have.property('message')
      .that.matches(/nothing was done\. Wait 200 ms, then try again/);
    if (isIn(first.decision)) first.decision.leave();
    expect(isIn(rush.enter().decision)).to.equal(true);
    expect(rush.admission.inside).to.equal(2);
  });

  it('bytes: turned away beyond the maximum; one large call alone is let in', () => {
    const rush = new Rush({ bytesMax: 1_000 });
    const large = rush.enter({ bytes: 5_000 });
    expect(isIn(large.decision)).to.equal(true);
    expect(reasonOf(rush.enter({ bytes: 1 }).decision)).to.equal('OVERLOADED');
    if (isIn(large.decision)) large.decision.leave();
    expect(isIn(rush.enter({ bytes: 600 }).decision)).to.equal(true);
    expect(reasonOf(rush.enter({ bytes: 600 }).decision)).to.equal('OVERLOADED');
  });

  it('leaving: counts once, however often it is said', () => {
    const rush = new Rush();
    const { decision } = rush.enter();
    if (!isIn(decision)) throw new Error('there is room');
    decision.forwarded();
    decision.answered();
    decision.leave();
    decision.answered();
    expect(rush.admission.inside).to.equal(0);
    expect(isIn(rush.enter({ bytes: 100 }).decision)).to.equal(true);
    expect(rush.admission.inside).to.equal(1);
  });

  it('a crowd that is answered in time: nobody waits or is turned away', () => {
    const rush = new Rush();
    rush.offer(3_900, 4_000, 5_000);
    expect(rush.admission.inside).to.be.below(512);
    expect(rush.turnedAway).to.have.length(0);
    expect(rush.admission.waiting).to.equal(0);
  });

  it('three times what is served: all that can be is served, within 2 s, and as much is inside as is answered in half a second', () => {
    const rush = new Rush();
    rush.offer(12_000, 4_000, 5_000);
    rush.reset();
    rush.offer(12_000, 4_000, 10_000);
    expect(rush.served.length).to.be.within(39_900, 40_100);
    expect(Math.max(...rush.served)).to.be.below(2_000);
    expect(rush.admission.inside).to.be.within(1_900, 2_100);
    expect(rush.admission.waiting).to.be.at.most(2_048);
    expect(rush.turnedAway.length).to.be.within(79_000, 81_000);
    // Two are turned away for one that is answered.
    expect(rush.turnedAway.every((ms) => ms >= 300 && ms <= 500)).to.equal(true);
  });

  it('a slow machine: fewer are let in, and what is let in is answered in half of its time', () => {
    const rush = new Rush();
    rush.offer(600, 200, 10_000);
    rush.reset();
    rush.offer(600, 200, 10_000);
    expect(rush.served.length).to.be.within(1_990, 2_010);
    expect(Math.max(...rush.served)).to.be.below(3_000);
  });

  it('short deadlines: who would wait for longer than half of the time gets no place', () => {
    const rush = new Rush();
    // 512 inside are 1 s of work.
    rush.offer(1_500, 500, 5_000);
    rush.offer(500, 500, 6_000);
    // As much comes as is served: what is inside stays, and its wait is over the target.
    expect(rush.admission.inside).to.be.above(400);
    const [short, long] = [rush.enter({ leftMs: 800 }), rush.enter({ leftMs: 10_000 })];
    rush.offer(0, 500, 230);
    expect(reasonOf(short.decision)).to.equal('OVERLOADED');
    expect(reasonOf(long.decision)).to.equal(undefined);
    rush.offer(0, 5_000, 300);
    expect(isIn(long.decision)).to.equal(true);
  });

  it('a crowd that came together is turned away piece by piece', () => {
    const rush = new Rush();
    let turnedAway = 0;
    for (let customer = 0; customer < 8_000; customer++)
      rush.admission.enter(
        {
          kind: 'call',
          bytes: 100,
          onDecision: (decision) => {
            if ('reason' in decision) turnedAway++;
          },
        },
        5_000,
      );
    expect(rush.admission.inside).to.equal(512);
    for (let passed = 0; passed < 1_000; passed += 20) rush.pass(20);
    const pieces: number[] = [];
    for (let passed = 0; passed < 5_000; passed += 20) {
      const before = turnedAway;
      rush.pass(20);
      pieces.push(turnedAway - before);
    }
    expect(Math.max(...pieces)).to.equal(64);
    expect(rush.admission.waiting).to.equal(0);
    expect(turnedAway).to.equal(8_000 - 512);
  });

  it('after a flood: everybody is let in again', () => {
    const rush = new Rush();
    rush.offer(12_000, 4_000, 5_000);
    rush.offer(100, 4_000, 4_000);
    rush.reset();
    rush.offer(3_000, 4_000, 3_000);
    expect(rush.turnedAway).to.have.length(0);
    expect(rush.served.length).to.be.at.least(8_990);
  });

  it('no primary for a second: nobody is turned away for the wait, neither then nor after it', () => {
    const rush = new Rush();
    rush.offer(1_000, 4_000, 2_000);
    rush.offer(1_000, 0, 1_000);
    rush.offer(1_000, 4_000, 3_000);
    expect(rush.turnedAway).to.have.length(0);
  });

  it('slow disks or networks (each answer takes 1 s, any number at a time): 512 are let in all the same', () => {
    const rush = new Rush();
    const inside: { call: AdmittedCall; untilMs: number }[] = [];
    let served = 0;
    for (let passed = 0; passed < 20_000; passed++) {
      rush.pass(1);
      if (passed % 2 === 0)
        rush.admission.enter(
          {
            kind: 'call',
            bytes: 100,
            onDecision: (decision) => {
              if (!isIn(decision)) return;
              decision.forwarded();
              inside.push({ call: decision, untilMs: rush.nowMs + 1_000 });
            },
          },
          5_000,
        );
      while ((inside[0]?.untilMs ?? Infinity) <= rush.nowMs) {
        inside.shift()?.call.answered();
        served++;
      }
    }
    expect(served, 'all of 500 a second').to.be.at.least(9_400);
  });

  it('waiting: in their order, and who gives up leaves the queue', () => {
    const rush = new Rush();
    rush.offer(12_000, 4_000, 5_000);
    // All that wait are let in or turned away first.
    rush.offer(0, 4_000, 1_500);
    const inside = Array.from({ length: rush.admission.inside + 5_000 }, () => rush.enter());
    const waiting = inside.filter(({ decision }) => decision === undefined);
    const [gone, next] = waiting;
    if (gone === undefined || next === undefined) throw new Error('more came than are let in');
    const before = rush.admission.waiting;
    gone.giveUp();
    expect(rush.admission.waiting).to.equal(before - 1);
    const first = inside.find(({ decision }) => isIn(decision))?.decision;
    if (!isIn(first)) throw new Error('some were let in');
    first.leave();
    expect(isIn(next.decision)).to.equal(true);
    expect(gone.decision).to.equal(undefined);
  });

  it('refusals: one object for as long as the same is said, so that its status is made once', () => {
    const rush = new Rush({ insideMax: 1, waitingMax: 0 });
    rush.enter();
    expect(rush.enter().decision).to.equal(rush.enter().decision);
  });

  it('kinds: calls beside orders that took all places have some at once, then every second one that is free; the other way round too', () => {
    for (const [first, second] of [
      ['order', 'call'],
      ['call', 'order'],
    ] as const) {
      const rush = new Rush();
      const early = Array.from({ length: 2_000 }, () => rush.enter({ kind: first }));
      const letIn = (of: { decision: Decision | undefined }[]): AdmittedCall[] =>
        of.map(({ decision }) => decision).filter(isIn);
      expect(letIn(early), `${first}s that took all places`).to.have.length(512);
      const late = Array.from({ length: 500 }, () => rush.enter({ kind: second }));
      expect(letIn(late), `${second}s let in at once`).to.have.length(64);
      // The places over the limit are not given again; then both lines have a free place by turns.
      for (const one of letIn(early).slice(0, 64)) one.leave();
      const before = { early: letIn(early).length, late: letIn(late).length };
      for (const one of letIn(early).slice(64, 364)) one.leave();
      expect(letIn(early).length - before.early, `${first}s let in of 300`).to.equal(150);
      expect(letIn(late).length - before.late, `${second}s let in of 300`).to.equal(150);
      expect(rush.admission.inside).to.equal(512);
    }
  });

  it('kinds: an order waits for half of its time, a call for a quarter and 1 s at most', () => {
    const rush = new Rush({ insideMax: 1 });
    const inside = [rush.enter({ kind: 'call' }), rush.enter({ kind: 'order' })];
    expect(inside.map(({ decision }) => isIn(decision))).to.deep.equal([true, true]);
    const [call, order, short] = [
      rush.enter({ kind: 'call', leftMs: 10_000 }),
      rush.enter({ kind: 'order', leftMs: 10_000 }),
      // Not kept back by those with more time before it.
      rush.enter({ kind: 'order', leftMs: 400 }),
    ];
    const at = (ms: number): (string | undefined)[] => {
      while (rush.nowMs < 1_000_000 + ms) rush.pass(20);
      return [call, order, short].map(({ decision }) => reasonOf(decision));
    };
    expect(at(180)).to.deep.equal([undefined, undefined, undefined]);
    expect(at(220)).to.deep.equal([undefined, undefined, 'OVERLOADED']);
    expect(at(980)).to.deep.equal([undefined, undefined, 'OVERLOADED']);
    expect(at(4_980)).to.deep.equal(['OVERLOADED', undefined, 'OVERLOADED']);
    expect(at(5_020)).to.deep.equal(['OVERLOADED', 'OVERLOADED', 'OVERLOADED']);
  });

  it('kinds: the bytes of one are not taken from the other', () => {
    const rush = new Rush({ bytesMax: 1_000, insideMax: 1 });
    rush.enter({ kind: 'order', bytes: 900 });
    expect(reasonOf(rush.enter({ kind: 'order', bytes: 200 }).decision)).to.equal('OVERLOADED');
    const call = rush.enter({ kind: 'call', bytes: 900 });
    expect(isIn(call.decision)).to.equal(true);
  });

  it('whoever is let in and leaves at once makes room for the next, however many do', () => {
    const rush = new Rush({ insideMax: 1, waitingMax: 50_000 });
    const first = rush.enter();
    let left = 0;
    for (let index = 0; index < 50_000; index++)
      rush.admission.enter(
        {
          kind: 'call',
          bytes: 1,
          onDecision: (decision) => {
            if (!isIn(decision)) return;
            left++;
            decision.leave();
          },
        },
        5_000,
      );
    if (isIn(first.decision)) first.decision.leave();
    expect([left, rush.admission.inside, rush.admission.waiting]).to.deep.equal([50_000, 0, 0]);
  });
});
