import type { PostcodeVerdict } from './postcode-verdict.js';

/** A line as an update holds it: item, quantity, price in pence. */
export type UpdateLine = readonly [item: string, quantity: number, pricePence: number];

/** An item's stock after the update: item, portions left. */
export type StockLeft = readonly [item: string, left: number];

/** An order was placed, or, from an outbox, rejected. The order's id is the entry's request id. */
export interface OrderUpdate {
  readonly kind: 'order';
  readonly user: string;
  readonly lines: readonly UpdateLine[];
  readonly postCode: string;
  readonly check: PostcodeVerdict;
  /** Name, phone, address, notes; absent when all are empty. */
  readonly extra?: readonly [name: string, phone: string, address: string, notes: string];
  /** Absent: no limited item. */
  readonly stock?: readonly StockLeft[];
  /** Indexes of the lines whose portions were taken from limited stock; absent: none. */
  readonly limited?: readonly number[];
  /** Disks that must hold it before it is acknowledged: below a majority it may be salvaged. */
  readonly copies: number;
  /** Absent: the entry's time. */
  readonly placedMs?: number;
  /** Absent: placed. Otherwise why it was rejected. */
  readonly rejected?: string;
}
