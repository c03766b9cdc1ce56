import { assertNever } from '../../../base/assert.js';
import type { SequentialModel } from './sequential-model.js';

/** One order as a read shows it. */
export interface ShownOrder {
  readonly id: string;
  readonly status: string;
}

/** Something that a customer asks, with the answer; `undefined` where the outcome of a write is unknown. */
export type OrderingAct =
  /** `refused`: by the state of the restaurant. The id is spent, the order never appears. */
  | { readonly kind: 'make'; readonly id: string; readonly answer: 'ordered' | 'refused' | undefined }
  /** `closed`: it is there, and cannot be cancelled any more. */
  | {
      readonly kind: 'cancel';
      readonly id: string;
      readonly answer: 'cancelled' | 'closed' | 'noSuchOrder' | undefined;
    }
  /** All orders of the user, newest first. */
  | { readonly kind: 'list'; readonly shows: readonly ShownOrder[] }
  /** One order's status; `undefined`: there is no such order. */
  | { readonly kind: 'get'; readonly id: string; readonly shows: string | undefined };

/** Every id that was ever judged, oldest first; refused ones are not shown. */
export type OrdersOfUser = readonly { readonly id: string; readonly status: 'placed' | 'cancelled' | 'refused' }[];

/** The orders of one user, of which nobody but the user changes anything. Each id is made at most once. */
export const ordersOfUser: SequentialModel<OrdersOfUser, OrderingAct> = {
  initial: [],
  step(state, act) {
    switch (act.kind) {
      case 'make':
        if (state.some(({ id }) => id === act.id)) return act.answer === undefined ? state : undefined;
        return [...state, { id: act.id, status: act.answer === 'refused' ? 'refused' : 'placed' }];
      case 'cancel':
        return cancelled(state, act);
      case 'list':
        return isShown(state, act.shows) ? state : undefined;
      case 'get':
        return shown(state).find(({ id }) => id === act.id)?.status === act.shows ? state : undefined;
      default:
        return assertNever(act);
    }
  },
  isRead: ({ kind }) => kind === 'list' || kind === 'get',
  keyOf: (state) => state.map(({ id, status }) => `${id} ${status}`).join(', '),
};

function cancelled(state: OrdersOfUser, act: OrderingAct & { kind: 'cancel' }): OrdersOfUser | undefined {
  const found = shown(state).find(({ id }) => id === act.id);
  const isPlaced = found?.status === 'placed';
  const answer = found === undefined ? 'noSuchOrder' : isPlaced ? 'cancelled' : 'closed';
  if (act.answer !== undefined && act.answer !== answer) return undefined;
  return isPlaced ? state.map((one) => (one === found ? { ...one, status: 'cancelled' } : one)) : state;
}

const shown = (state: OrdersOfUser): OrdersOfUser => state.filter(({ status }) => status !== 'refused');

function isShown(state: OrdersOfUser, shows: readonly ShownOrder[]): boolean {
  const expected = shown(state);
  return (
    expected.length === shows.length &&
    shows.every(({ id, status }, index) => {
      const one = expected[expected.length - 1 - index];
      return one?.id === id && one.status === status;
    })
  );
}
