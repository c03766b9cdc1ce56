import type { OutboxItem } from '../base/service.js';
import type { State } from './state.js';

/** The outbox holds these items from now on; an id that is there already stays as it is, as in the file. */
export function holdItems(state: State, items: readonly OutboxItem[]): void {
  for (const item of items) {
    if (state.outboxById.has(item.requestId)) continue;
    state.outbox.push(item);
    state.outboxById.set(item.requestId, item);
    state.services.get(item.service)?.alone?.hold(item);
  }
}

/** The first `count` items of the outbox that `isSettled` names leave it. Returns them. */
export function releaseItems(
  state: State,
  count: number,
  isSettled: (item: OutboxItem) => boolean,
): readonly OutboxItem[] {
  const settled = state.outbox.slice(0, count).filter(isSettled);
  if (settled.length === 0) return settled;
  for (const { requestId, service } of settled) {
    state.outboxById.delete(requestId);
    state.services.get(service)?.alone?.release(requestId);
  }
  state.outbox = state.outbox.filter(({ requestId }) => state.outboxById.has(requestId));
  return settled;
}
