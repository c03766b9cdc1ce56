import type { History } from './history.js';

/** When each order was first acknowledged, ms of this process, in the order of time. */
export function acknowledgements(history: History): number[] {
  const firstMs = new Map<string, number>();
  for (const { order, outcome, endMs } of history.orders)
    if (outcome.kind === 'ok') firstMs.set(order.order_id, Math.min(endMs, firstMs.get(order.order_id) ?? Infinity));
  return [...firstMs.values()].sort((a, b) => a - b);
}

/** Longest time without an acknowledged order that began after `fromMs` and before `untilMs`, or was under way at `fromMs`. */
export function longestGapMs(acknowledgedMs: readonly number[], fromMs: number, untilMs: number): number {
  let longest = 0;
  for (let at = 1; at < acknowledgedMs.length; at++) {
    const [before, after] = [acknowledgedMs[at - 1] ?? 0, acknowledgedMs[at] ?? 0];
    if (after >= fromMs && before <= untilMs) longest = Math.max(longest, after - before);
  }
  return longest;
}
