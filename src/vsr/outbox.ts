import type { Settlement } from '../base/alone.js';
import { op, view, type ReplicaIndex } from '../base/numbers.js';
import type { OutboxItem } from '../base/service.js';
import { hearsPrimary } from './health.js';
import { releaseItems } from './held-items.js';
import type { SubmitOutbox } from './message.js';
import { actsAsPrimary, isBackup, notice, primaryOf, send, type Step } from './state.js';
import { executeSalvaged } from './writes.js';

/** Heartbeats between two attempts to get the same items executed. */
const SUBMIT_EVERY = 5;
/** Items in one message, and bytes after which no more go with it. */
const SUBMIT_MAX = 500;
const SUBMIT_BYTES_MAX = 1 << 20;

/**
 * On a tick: items that are committed by now leave the outbox, the next ones are submitted to the primary (design 5), oldest first.
 * A batch is submitted again until all of it is settled; then the next one follows at once.
 */
export function emptyOutbox(step: Step): void {
  const { state, now } = step;
  if (state.outbox.length === 0 || state.transition !== undefined) return;
  const isDue = now.nowMs - state.outboxSentMs >= SUBMIT_EVERY * state.config.heartbeatMs;
  if (!isDue && state.outboxUnderWay === 0) return;
  settleCommitted(step);
  if (!isDue && state.outboxUnderWay > 0) return;
  state.outboxSentMs = now.nowMs;
  submitFirst(step);
}

function settleCommitted(step: Step): void {
  const { state } = step;
  const became = new Map<string, Settlement>();
  const settled = releaseItems(state, SUBMIT_MAX, (item) => {
    const service = state.services.get(item.service);
    if (service?.hasCommitted(item.requestId) !== true) return false;
    became.set(item.requestId, service.alone?.settlement(item) ?? service.settlement?.(item) ?? 'executed');
    return true;
  });
  if (settled.length === 0) return;
  state.outboxUnderWay = Math.max(0, state.outboxUnderWay - settled.length);
  const requestIds = settled.map((item) => item.requestId);
  const [otherKept, rejected] = (['otherKept', 'rejected'] as const).map((kind) =>
    requestIds.filter((id) => became.get(id) === kind),
  );
  step.effects.push({ kind: 'settleOutbox', requestIds });
  notice(step, { kind: 'outboxSettled', requestIds, otherKept: otherKept ?? [], rejected: rejected ?? [] });
}

function submitFirst(step: Step): void {
  const { state, now } = step;
  const batch = firstBatch(state.outbox);
  if (batch.length === 0) return;
  if (actsAsPrimary(state)) executeSalvaged(step, batch);
  else if (isBackup(state) && hearsPrimary(state, now.nowMs))
    send(step, primaryOf(state, state.view), {
      kind: 'submitOutbox',
      view: state.view,
      items: batch.map((item) => JSON.stringify(item)),
    });
  else return;
  state.outboxUnderWay = batch.length;
}

function firstBatch(outbox: readonly OutboxItem[]): readonly OutboxItem[] {
  let bytes = 0;
  const first = outbox.slice(0, SUBMIT_MAX);
  const end = first.findIndex(({ update }) => (bytes += update.length) > SUBMIT_BYTES_MAX);
  return end < 0 ? first : first.slice(0, Math.max(1, end));
}

/** Primary: executes what a backup had kept. Each id is looked up first, so that repeats do nothing. */
export function onSubmitOutbox(step: Step, _from: ReplicaIndex, message: SubmitOutbox): string | undefined {
  if (message.view !== step.state.view) return 'of another view';
  if (!actsAsPrimary(step.state)) return 'not the acting primary';
  // The sound ones are executed: one that never can be must not keep the others waiting.
  const items = message.items.map(readItem).filter((item) => item !== undefined);
  const unsound = message.items.length - items.length + executeSalvaged(step, items);
  return unsound === 0
    ? undefined
    : `of ${message.items.length} items ${unsound} cannot be executed: they are not sound`;
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
