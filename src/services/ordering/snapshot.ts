import { DamagedFileError } from '../../base/service.js';
import type { RequestTableSnapshot } from '../request-table.js';
import type { CommittedState, RememberedAnswer } from './committed-state.js';
import type { Reservations } from './order-index.js';
import type { MenuItem } from './requests.js';
import { isMenuItem } from './updates.js';

/** Layout of a snapshot. A new layout takes the next number. */
const FORMAT = 1;

/** What no append-only table holds, as a checkpoint keeps it. */
export interface Snapshot {
  readonly format: typeof FORMAT;
  /** Op of the last entry in it. */
  readonly op: number;
  readonly menuVersion: number;
  /** The menu with its stock. */
  readonly menu: readonly MenuItem[];
  readonly motdVersion: number;
  readonly motd: string;
  readonly requests: RequestTableSnapshot<RememberedAnswer>;
  readonly reservations: Reservations;
  /** What the tables must hold. */
  readonly orders: number;
  readonly changes: number;
  readonly refusals: number;
}

/** The snapshot of committed state as text: the same on every replica at the same op. */
export function encodeSnapshot(state: CommittedState): string {
  const snapshot: Snapshot = {
    format: FORMAT,
    op: state.op,
    menuVersion: state.menuVersion,
    menu: state.menu.items(),
    motdVersion: state.motdVersion,
    motd: state.motd,
    requests: state.requests.snapshot(),
    reservations: state.orders.index.reservations(),
    orders: state.orders.index.count,
    changes: state.orders.changes.count,
    refusals: state.refusals.count,
  };
  return JSON.stringify(snapshot);
}

/** Reads a snapshot. Throws DamagedFileError when it is none. */
export function decodeSnapshot(text: string): Snapshot {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    value = undefined;
  }
  if (!isSnapshot(value)) throw new DamagedFileError('checkpoint', 'the snapshot of ordering cannot be read');
  return value;
}

function isSnapshot(value: unknown): value is Snapshot {
  if (typeof value !== 'object' || value === null) return false;
  const { format, op, menuVersion, menu, motdVersion, motd, requests, reservations, ...counts } = value as Snapshot;
  return (
    format === FORMAT &&
    [op, menuVersion, motdVersion, counts.orders, counts.changes, counts.refusals].every(Number.isSafeInteger) &&
    Array.isArray(menu) &&
    menu.every(isMenuItem) &&
    typeof motd === 'string' &&
    Array.isArray(requests?.requests) &&
    Number.isSafeInteger(requests.horizonMs) &&
    Array.isArray(reservations?.all) &&
    Array.isArray(reservations.some)
  );
}
