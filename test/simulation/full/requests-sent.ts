import { majorityOf } from '../../../src/base/numbers.js';
import type { Prng } from '../prng.js';
import type { Asked } from './workload.js';

/** Requests that callers remember, to repeat them. */
const PAST_MAX = 300;
/** Chance that a request is one that was sent before. */
const AGAIN = 0.4;

/** What callers have sent, and will send again under the same ids. */
export class RequestsSent<Body> {
  readonly #past: Asked<Body>[] = [];

  constructor(private readonly prng: Prng) {}

  /** Mostly nothing: then a new request is due, which `add` remembers; else one that was sent before. */
  drawPast(): Asked<Body> | undefined {
    return this.#past.length > 0 && this.prng.chance(AGAIN) ? this.prng.pick(this.#past) : undefined;
  }

  /** Remembers a new request; returns it. */
  add(asked: Asked<Body>): Asked<Body> {
    this.#past.push(asked);
    if (this.#past.length > PAST_MAX) this.#past.shift();
    return asked;
  }
}

/** Disks that a caller asks for: any number that makes a difference. */
export function drawCopies(prng: Prng, replicas: number): number {
  const majority = majorityOf(replicas);
  return prng.pick([1, 1, majority, majority, majority, replicas]);
}

/** A UUID; the time inside one of version 7 is `wallMs`. */
export function drawUuid(prng: Prng, version: 4 | 7, wallMs: number): string {
  const hex = [prng.u32(), prng.u32(), prng.u32(), prng.u32()]
    .map((part) => part.toString(16).padStart(8, '0'))
    .join('');
  const head = version === 7 ? wallMs.toString(16).padStart(12, '0') : hex.slice(0, 12);
  return `${head.slice(0, 8)}-${head.slice(8)}-${version}${hex.slice(13, 16)}-8${hex.slice(17, 20)}-${hex.slice(20)}`;
}
