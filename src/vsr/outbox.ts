import { op, view, type ReplicaIndex } from '../base/numbers.js';
import type { OutboxItem } from '../base/service.js';
import { hearsPrimary } from './health.js';
import type { SubmitOutbox } from './message.js';
import { actsAsPrimary, isBackup, notice, primaryOf, send, type Step } from './state.js';
import { executeSalvaged } from './writes.js';

/** Heartbeats between two attempts to get the outbox executed. */
const SUBMIT_EVERY = 5;
/** Items in one message. */
const SUBMIT_MAX = 100;

/** On a tick: items that are committed by now leave the outbox; the others are submitted to the primary (design 5). */
export function emptyOutbox(step: Step): void {
  const { state, now } = step;
  if (state.outbox.length === 0 || state.transition !== undefined) return;
  if (now.nowMs - state.outboxSentMs < SUBMIT_EVERY * state.config.heartbeatMs) return;
  state.outboxSentMs = now.nowMs;
  const settled = state.outbox.filter(
    (item) => state.services.get(item.service)?.hasCommitted(item.requestId) === true,
  );
  if (settled.length > 0) {
    state.outbox = state.outbox.filter((item) => !settled.includes(item));
    const requestIds = settled.map((item) => item.requestId);
    step.effects.push({ kind: 'settleOutbox', requestIds });
    notice(step, { kind: 'outboxSettled', requestIds });
  }
  const items = state.outbox.slice(0, SUBMIT_MAX);
  if (items.length === 0) return;
  if (actsAsPrimary(state)) executeSalvaged(step, items);
  else if (isBackup(state) && hearsPrimary(state, now.nowMs))
    send(step, primaryOf(state, state.view), {
      kind: 'submitOutbox',
      view: state.view,
      items: items.map((item) => JSON.stringify(item)),
    });
}

/** Primary: executes what a backup had kept. Each id is looked up first, so that repeats do nothing. */
export function onSubmitOutbox(step: Step, _from: ReplicaIndex, message: SubmitOutbox): string | undefined {
  if (message.view !== step.state.view) return 'of another view';
  if (!actsAsPrimary(step.state)) return 'not the acting primary';
  const items: OutboxItem[] = [];
  for (const text of message.items) {
    const item = readItem(text);
    if (item === undefined) return 'an item is not sound';
    items.push(item);
  }
  executeSalvaged(step, items);
  return undefined;
}

function readItem(text: string): OutboxItem | undefined {
  try {
    const raw = JSON.parse(text) as Record<string, unknown>;
    const { requestId, service, update, timeMs } = raw;
    if (typeof requestId !== 'string' || typeof service !== 'string' || typeof update !== 'string') return undefined;
    if (!isWhole(timeMs) || !isWhole(raw.view) || !isWhole(raw.op)) return undefined;
    return { requestId, service, update, timeMs, view: view(raw.view), op: op(raw.op) };
  } catch {
    return undefined;
  }
}

const isWhole = (value: unknown): value is number => Number.isSafeInteger(value) && (value as number) >= 0;
