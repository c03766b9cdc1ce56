import type { Conditions } from './conditions.js';
import type { Prng } from './prng.js';
import type { Schedule } from './schedule.js';

interface Stall {
  readonly from: number;
  readonly to: number;
  /** What is sent before this is late. */
  readonly untilMs: number;
  readonly byMs: number;
}

/** How unkind the links are. */
export type LinkConditions = Pick<Conditions, 'replicas' | 'loss' | 'duplication' | 'delayMs' | 'straggling'>;

/** Links between replicas: each direction can be cut, and has a delay of its own. */
export class Network {
  readonly #cut: boolean[][];
  readonly #slowness: number[][];
  #stalls: Stall[] = [];
  #isKind = false;

  constructor(
    private readonly prng: Prng,
    private readonly conditions: LinkConditions,
    private readonly schedule: Schedule,
  ) {
    const { replicas } = conditions;
    this.#cut = square(replicas, () => false);
    this.#slowness = square(replicas, () => prng.pick([0.2, 1, 1, 3]));
  }

  /** Delays in ms after which copies of one message arrive: none when it is lost. */
  delays(from: number, to: number): number[] {
    const { prng, conditions } = this;
    if (this.#isKind) return [0.1 + prng.unit() * 2];
    if (this.#cut[from]?.[to] === true || prng.chance(conditions.loss)) return [];
    const copies = prng.chance(conditions.duplication) ? 2 : 1;
    return Array.from({ length: copies }, () => {
      const usual = this.#stalledMs(from, to) + prng.unit() * conditions.delayMs * (this.#slowness[from]?.[to] ?? 1);
      return prng.chance(conditions.straggling) ? usual + prng.unit() * prng.pick([50, 400, 3_000]) : usual;
    });
  }

  /** Mends all links and perhaps cuts others, in one direction or both. */
  cutSome(): void {
    const { prng, conditions } = this;
    this.#mend();
    if (prng.chance(0.3)) return;
    const count = conditions.replicas;
    for (let links = prng.between(1, count); links > 0; links--) {
      const from = prng.between(0, count - 1);
      const to = prng.between(0, count - 1);
      this.#setCut(from, to);
      if (prng.chance(0.6)) this.#setCut(to, from);
    }
  }

  /** What is sent on some link in the next moments arrives later than what is sent after it: a reordered burst. */
  stallSome(): void {
    const { prng, conditions, schedule } = this;
    const from = prng.between(0, conditions.replicas - 1);
    const to = prng.between(0, conditions.replicas - 1);
    const untilMs = schedule.nowMs + prng.between(5, 150);
    this.#stalls = this.#stalls.filter((stall) => stall.untilMs > schedule.nowMs);
    this.#stalls.push({ from, to, untilMs, byMs: prng.pick([20, 100, 300, 1_000]) });
  }

  /** Cuts these links and mends all others. */
  setCuts(links: readonly (readonly [from: number, to: number])[]): void {
    if (this.#isKind) return;
    this.#mend();
    for (const [from, to] of links) this.#setCut(from, to);
  }

  /** What is sent on this link in the next `forMs` arrives `byMs` late. */
  stall({ link: [from, to], forMs, byMs }: { link: readonly [number, number]; forMs: number; byMs: number }): void {
    this.#stalls.push({ from, to, untilMs: this.schedule.nowMs + forMs, byMs });
  }

  /** Everything that one replica sends in the next moments arrives late. */
  holdBack(from: number, forMs: number, byMs: number): void {
    const untilMs = this.schedule.nowMs + forMs;
    for (let to = 0; to < this.conditions.replicas; to++) this.#stalls.unshift({ from, to, untilMs, byMs });
  }

  #stalledMs(from: number, to: number): number {
    const { nowMs } = this.schedule;
    const stall = this.#stalls.find((one) => one.from === from && one.to === to && nowMs < one.untilMs);
    return 0.1 + (stall?.byMs ?? 0);
  }

  /** One replica hears nobody, or is heard by nobody, or both. */
  isolate(one: number): void {
    const { prng, conditions } = this;
    this.#mend();
    const how = prng.between(0, 2);
    for (let other = 0; other < conditions.replicas; other++) {
      if (how !== 0) this.#setCut(one, other);
      if (how !== 1) this.#setCut(other, one);
    }
  }

  /** From now on nothing is lost, doubled or late. */
  heal(): void {
    this.#mend();
    this.#isKind = true;
  }

  #mend(): void {
    for (const row of this.#cut) row.fill(false);
  }

  #setCut(from: number, to: number): void {
    const row = this.#cut[from];
    if (row !== undefined) row[to] = true;
  }
}

const square = <T>(size: number, make: () => T): T[][] =>
  Array.from({ length: size }, () => Array.from({ length: size }, make));
