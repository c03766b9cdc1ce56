import type { Clock } from '../../ports/machine.js';
import type { PostcodeGate } from '../../ports/front-end.js';
import type { UncheckedOrders } from '../../ports/unchecked-orders.js';

/** Orders looked at in one round. */
const ORDERS_PER_ROUND = 50;
/** How long one postcode may take, ms. */
const CHECK_MS = 5_000;

/** Settings of `startRechecking`. */
export interface RecheckingOptions {
  readonly orders: UncheckedOrders;
  readonly postcodes: PostcodeGate;
  readonly clock: Pick<Clock, 'wallMs'>;
  /** ms between two rounds; default 30,000. */
  readonly everyMs?: number;
}

/**
 * Checks again the postcodes of orders that were accepted while the service was down, oldest first, for ever. A round ends at the
 * first postcode that still cannot be checked. Several front ends may do it: the first record of an order counts.
 */
export function startRechecking({ orders, postcodes, clock, everyMs = 30_000 }: RecheckingOptions): { stop(): void } {
  let isStopped = false;
  let timer = setTimeout(next, everyMs);

  function next(): void {
    void round().finally(() => {
      if (!isStopped) timer = setTimeout(next, everyMs);
    });
  }

  async function round(): Promise<void> {
    // No primary just now: the next round asks again.
    const unchecked = await orders.list(ORDERS_PER_ROUND).catch(() => []);
    for (const { orderId, postCode } of unchecked) {
      if (isStopped) return;
      const { verdict } = await postcodes.check(postCode, clock.wallMs() + CHECK_MS);
      if (verdict === 'unchecked') return;
      // Closed or checked by another front end meanwhile: it must not keep the others waiting.
      await orders.record(orderId, verdict).catch(() => undefined);
    }
  }

  return {
    stop() {
      isStopped = true;
      clearTimeout(timer);
    },
  };
}
