import type { PostcodeFinding } from './request-links.js';

/** Orders that were accepted while the postcode service was down. */
export interface UncheckedOrders {
  /** The oldest open ones, at most `limit`. Rejects when no replica can answer now. */
  list(limit: number): Promise<readonly { readonly orderId: string; readonly postCode: string }[]>;
  /** Records what was found out later. Resolves also when the order needs it no more; rejects when it cannot be recorded now. */
  record(orderId: string, verdict: Exclude<PostcodeFinding['verdict'], 'unchecked'>): Promise<void>;
}
