import { op } from '../base/numbers.js';
import { refusal, type Refusal } from '../base/refusal.js';
import type { OutboxItem, ServiceReply } from '../base/service.js';
import { nextHead } from './append.js';
import { notFounded } from './core-entries.js';
import type { Receipt } from './effect.js';
import type { Token, WriteRequest } from './event.js';
import { heardCount, UNHEALTHY_AFTER } from './health.js';
import { holdItems } from './held-items.js';
import { refuse, whyNotPrimary } from './refuse.js';
import { receiptOf } from './replies.js';
import { actsAsPrimary, notice, type State, type Step } from './state.js';
import { whyClosed } from './writes.js';

/**
 * Heartbeats below a majority before orders are taken alone: longer than any failover, so that an order which a new primary will
 * take in a moment is not made to wait for a confirmation.
 */
const ALONE_AFTER = 10;
/** Orders that an outbox holds at most; beyond, orders are refused as OVERLOADED. */
export const OUTBOX_MAX = 20_000;

/**
 * On a tick: since when no majority has been heard. A pause of its own proves nothing about the others, who may be back: it
 * listens again for as long as a peer may be silent.
 */
export function watchMajority(step: Step): void {
  const { state, now } = step;
  if (heardCount(state, now.nowMs) >= state.majority) state.belowMajoritySinceMs = undefined;
  else {
    const creditMs = (ALONE_AFTER - UNHEALTHY_AFTER) * state.config.heartbeatMs;
    const sinceMs = state.belowMajoritySinceMs ?? now.nowMs;
    state.belowMajoritySinceMs = state.wasPaused ? Math.max(sinceMs, now.nowMs - creditMs) : sinceMs;
  }
  const isAlone = state.config.takesAlone === true && whyNotAlone(step) === undefined;
  if (isAlone === state.isAloneTold) return;
  state.isAloneTold = isAlone;
  notice(step, { kind: isAlone ? 'takingAlone' : 'noLongerAlone' });
}

/**
 * Takes orders for which there is no primary (decision 3): each is judged on committed state, kept in the outbox and acknowledged
 * when it is on disk there. Nothing goes to the log. An id that is known is answered as it stands.
 */
export function onAloneOrders(step: Step, requests: readonly WriteRequest[]): void {
  const { state, now } = step;
  const closed = whyNotAlone(step);
  const taken: OutboxItem[] = [];
  for (const { token, service: name, request, deadlineMs } of requests) {
    if (deadlineMs <= now.nowMs) continue;
    const service = state.services.get(name)?.alone;
    if (closed !== undefined) {
      refuse(step, token, closed);
      continue;
    }
    if (service === undefined) {
      refuse(step, token, refusal('NO_QUORUM', `${name} takes nothing without a majority. Nothing was done.`));
      continue;
    }
    const { requestId } = request;
    const underWay = state.takenAlone.get(requestId);
    const held = underWay?.item ?? state.outboxById.get(requestId);
    const { view, timeMs } = nextHead(step);
    const execution = service.execute(request, { view, timeMs, held });
    switch (execution.kind) {
      case 'refused':
        refuse(step, token, execution.refusal);
        break;
      case 'known':
        acknowledge(step, token, execution.reply, receiptOf(state, execution.op));
        break;
      case 'held':
        // Its first caller has not been told either: what is not on disk yet is promised to nobody.
        if (underWay === undefined) acknowledge(step, token, execution.reply, outboxReceipt(state));
        else underWay.waiting.push({ token, reply: execution.reply });
        break;
      case 'taken':
        if (state.outbox.length + state.takenAlone.size >= OUTBOX_MAX) {
          refuse(step, token, outboxIsFull());
          break;
        }
        state.takenAlone.set(requestId, { item: execution.item, waiting: [{ token, reply: execution.reply }] });
        taken.push(execution.item);
        break;
    }
  }
  if (taken.length > 0) step.effects.push({ kind: 'appendOutbox', items: taken });
}

/** The outbox on disk holds these orders: they are shown, submitted when there is a primary, and their callers are told. */
export function onOutboxAppended(step: Step, requestIds: readonly string[]): void {
  const { state } = step;
  for (const requestId of requestIds) {
    const taken = state.takenAlone.get(requestId);
    if (taken === undefined) continue;
    state.takenAlone.delete(requestId);
    holdItems(state, [taken.item]);
    for (const { token, reply } of taken.waiting) acknowledge(step, token, reply, outboxReceipt(state));
  }
  notice(step, { kind: 'takenAlone', requestIds });
}

/** There was no room. The rows may have got to the disk all the same: only the same id may be asked again. */
export function onOutboxFull(step: Step, requestIds: readonly string[]): void {
  const { state } = step;
  for (const requestId of requestIds) {
    const taken = state.takenAlone.get(requestId);
    if (taken === undefined) continue;
    state.takenAlone.delete(requestId);
    for (const { token } of taken.waiting) step.effects.push({ kind: 'reply', token, outcome: { kind: 'dropped' } });
  }
}

/**
 * Why this replica takes no order alone, or undefined when it does. It must be a member that knows its promises, in a view or on
 * the way to one (where two that cannot finish a view change would wait for ever), and must have missed a majority for long enough.
 */
export function whyNotAlone(step: Step): Refusal | undefined {
  const { state, now } = step;
  if (state.status === 'founding' || state.status === 'recovering') return whyNotPrimary(step);
  if (state.applied < 1) return notFounded;
  if (state.config.takesAlone !== true)
    return refusal('NO_QUORUM', 'Orders are closed: no majority can be reached, and this replica takes none alone.');
  // A primary that waits for more than a majority (`quorum`) has one: orders are closed then, not taken alone.
  if (actsAsPrimary(state)) return whyClosed(step) ?? mayBeSoon();
  const missedMs = state.belowMajoritySinceMs === undefined ? 0 : now.nowMs - state.belowMajoritySinceMs;
  if (state.belowMajoritySinceMs === undefined || missedMs < ALONE_AFTER * state.config.heartbeatMs) return mayBeSoon();
  if (state.isDiskFull)
    return refusal(
      'OVERLOADED',
      'The disk of the only replica in reach is full. Nothing was ordered; try again later.',
    );
  return undefined;
}

const mayBeSoon = (): Refusal =>
  refusal('NO_PRIMARY', 'There may be a primary in a moment: orders are not taken alone yet. Try again.');

/** On one disk, in no log. */
const outboxReceipt = (state: State): Receipt => ({
  op: op(0),
  view: state.view,
  copies: 1,
  committed: false,
  chain: '',
});

function acknowledge(step: Step, token: Token, reply: ServiceReply, receipt: Receipt): void {
  step.effects.push({ kind: 'reply', token, outcome: { kind: 'written', reply, receipt } });
}

function outboxIsFull(): Refusal {
  const message =
    `${OUTBOX_MAX} orders wait here for the confirmation of a majority and no more are taken. ` +
    'Nothing was ordered; try again when the other replicas are back.';
  return refusal('OVERLOADED', message);
}
