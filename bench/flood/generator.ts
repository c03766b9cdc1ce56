import { build, type Histogram } from 'hdr-histogram-js';
import { randomFillSync } from 'node:crypto';
import { performance } from 'node:perf_hooks';
import { setTimeout as sleep } from 'node:timers/promises';
import { FoodOrdering } from '../contract.js';
import { orderRequest } from '../order.js';
import { callTemplate, type CallTemplate } from '../../test/support/http2-frames.js';
import type { FloodOrder, FloodResult } from './protocol.js';
import { RawConnection } from '../../test/support/raw-connection.js';

/*
 * The flood, a process of its own: takes FloodOrders over IPC, one at a time, and answers each with a FloodResult.
 */

/** Calls without an answer at most, for the generator's own sake; what would exceed it in open mode is not sent. */
const IN_FLIGHT_MAX = 100_000;
/** Time that each order has, ms. */
const TIMEOUT_MS = 5_000;
/** Open mode sends what is due this often, ms. */
const TURN_MS = 2;
const OK = 0;
/** Answers that are still due after the measurement are waited for at most so long, ms. */
const END_MS_MAX = 8_000;

const { path, requestSerialize } = FoodOrdering.service.MakeOrder;

const histogram = (): Histogram =>
  build({ lowestDiscernibleValue: 1, highestTrackableValue: 60_000_000, numberOfSignificantValueDigits: 3 });

/** A customer's order as bytes; each order writes an id of its own at `idAt` of the request. */
interface Ready {
  readonly template: CallTemplate;
  readonly idAt: number;
}

class Flood {
  readonly #connections: readonly RawConnection[];
  readonly #templates: readonly Ready[];
  readonly #acknowledgedMicros = histogram();
  readonly #refusedMicros = histogram();
  readonly #ended: Record<string, number> = {};
  #isMeasuring = false;
  #isOver = false;
  #sent = 0;
  #offered = 0;
  #acknowledged = 0;
  #inFlight = 0;
  #inFlightMax = 0;

  constructor(readonly order: FloodOrder) {
    this.#connections = Array.from({ length: order.connections }, () => new RawConnection(order.address));
    this.#templates = Array.from({ length: 100 }, (_, index) => {
      const request = orderRequest(index);
      const bytes = requestSerialize(request);
      return {
        template: callTemplate(path, order.address, `${TIMEOUT_MS}m`, bytes),
        idAt: bytes.indexOf(request.order_id ?? '', 0, 'latin1'),
      };
    });
  }

  async run(): Promise<FloodResult> {
    const { mode, load, warmUpMs, measureMs } = this.order;
    const timer = mode === 'open' ? this.#keepSending(load) : undefined;
    if (mode === 'closed') for (let customer = 0; customer < load; customer++) this.#send();
    await sleep(warmUpMs);
    this.#isMeasuring = true;
    const began = performance.now();
    await sleep(measureMs);
    this.#isMeasuring = false;
    const elapsedMs = performance.now() - began;
    this.#isOver = true;
    clearInterval(timer);
    for (const until = performance.now() + END_MS_MAX; this.#inFlight > 0 && performance.now() < until;)
      await sleep(10);
    for (const connection of this.#connections) connection.close();
    const micros = (of: Histogram, percentile: number): number => of.getValueAtPercentile(percentile) / 1000;
    return {
      elapsedMs,
      offered: this.#offered,
      ended: this.#ended,
      acknowledged: this.#acknowledged,
      p50: micros(this.#acknowledgedMicros, 50),
      p99: micros(this.#acknowledgedMicros, 99),
      max: this.#acknowledgedMicros.maxValue / 1000,
      refusedP50: micros(this.#refusedMicros, 50),
      refusedP99: micros(this.#refusedMicros, 99),
      inFlightMax: this.#inFlightMax,
    };
  }

  /** By the clock, not by counting turns: what a late turn missed it makes up for. */
  #keepSending(perSecond: number): NodeJS.Timeout {
    const began = performance.now();
    let due = 0;
    return setInterval(() => {
      const until = Math.floor(((performance.now() - began) * perSecond) / 1000);
      for (; due < until; due++) if (this.#inFlight < IN_FLIGHT_MAX) this.#send();
    }, TURN_MS);
  }

  #send(): void {
    const number = this.#sent++;
    const connection = this.#connections[number % this.#connections.length] as RawConnection;
    const { template, idAt } = this.#templates[number % this.#templates.length] as Ready;
    const began = performance.now();
    if (this.#isMeasuring) this.#offered++;
    this.#inFlight++;
    this.#inFlightMax = Math.max(this.#inFlightMax, this.#inFlight);
    connection.call(template, nextId(), idAt, began + TIMEOUT_MS, (status) => {
      this.#inFlight--;
      if (status === OK) this.#acknowledged++;
      if (this.#isMeasuring) {
        this.#ended[status] = (this.#ended[status] ?? 0) + 1;
        const micros = Math.round((performance.now() - began) * 1000);
        (status === OK ? this.#acknowledgedMicros : this.#refusedMicros).recordValue(micros);
      }
      // Not within this turn: a broken connection would answer for ever.
      if (!this.#isOver && this.order.mode === 'closed') setImmediate(() => this.#send());
    });
  }
}

const random = Buffer.alloc(16 * 1024);
let used = random.length;

/** A random UUID, cheaply. */
function nextId(): string {
  if (used === random.length) {
    randomFillSync(random);
    used = 0;
  }
  const hex = random.subarray(used, used + 16).toString('hex');
  used += 16;
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-4${hex.slice(13, 16)}-a${hex.slice(17, 20)}-${hex.slice(20)}`;
}

process.on('disconnect', () => process.exit(0));
process.on('message', (order: FloodOrder) => {
  void new Flood(order).run().then((result) => process.send?.(result));
});
