/** A guest on the list, as the proto's `Guest`. */
export interface Guest {
  readonly number: number;
  readonly name: string;
  readonly party: number;
}

/** A guest who joined or was seated, as the proto's `Event`. */
export interface GuestEvent {
  readonly op: number;
  readonly kind: 'joined' | 'seated';
  readonly guest: Guest;
}

/** What the service is asked to do. */
export type WaitingListRequest =
  { readonly kind: 'join'; readonly name: string; readonly party: number } | { readonly kind: 'seat' };

/** What it answers: who joined or was seated; null: nobody waited. */
export interface WaitingListReply {
  readonly guest: Guest | null;
}

/** What it is asked of its committed state. */
export type WaitingListQuery = { readonly kind: 'list' } | { readonly kind: 'events'; readonly fromOp: number };
