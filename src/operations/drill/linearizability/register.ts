import type { SequentialModel } from './sequential-model.js';

/** A write, or a read and what it was told. A write has no answer but that it was done. */
export type RegisterAct =
  { readonly kind: 'write'; readonly value: string } | { readonly kind: 'read'; readonly value: string };

/** One value that is replaced as a whole: the message of the day, the menu. Without `initial` the first read tells it. */
export function register(initial?: string): SequentialModel<string | undefined, RegisterAct> {
  return {
    initial,
    step: (state, { kind, value }) => (kind === 'write' || state === undefined || state === value ? value : undefined),
    isRead: ({ kind }) => kind === 'read',
    keyOf: (state) => state ?? '',
  };
}
