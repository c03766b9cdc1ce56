import type { OutboxItem } from '../../base/service.js';
import { PAIRS_MAX } from './limits.js';
import { readUpdate, type Update } from './updates.js';

/** The update in an outbox item, or what is wrong with it, for people and without its texts. */
export type OutboxUpdate =
  { readonly update: Update; readonly problem?: undefined } | { readonly update?: undefined; readonly problem: string };

/** Reads the update in an outbox item. No chain vouches for it: it may come of a file that was written by hand, or of a peer. */
export function outboxUpdate({ update: text }: OutboxItem): OutboxUpdate {
  const update = readUpdate(text);
  if (update === undefined) return { problem: 'its update is none of the tuple space' };
  if (!/^[0-9a-f]{32}$/.test(update.content)) return { problem: 'its content is no hash' };
  if (update.kind === 'delete') return { update };
  const places = [...update.notUsed, ...update.pairs.map(([index]) => index)];
  if (new Set(places).size !== places.length || places.some((place) => place >= PAIRS_MAX))
    return { problem: 'its pairs do not come of one list' };
  return { update };
}
