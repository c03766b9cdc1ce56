import type { Entry } from '../base/entry.js';
import type { OpNumber } from '../base/numbers.js';
import { refusal, type Refusal } from '../base/refusal.js';
import type { Execution, OutboxItem } from '../base/service.js';
import type { WriteRequest } from './event.js';
import { addEntry, nextHead, shipEntries } from './append.js';
import { notFounded } from './core-entries.js';
import { mayExecute } from './founding.js';
import { heardCount } from './health.js';
import { entryAt, lastOp } from './log.js';
import { noQuorum } from './quorum-loss.js';
import { refuse, whyNotPrimary } from './refuse.js';
import { awaitDisks } from './replies.js';
import { actsAsPrimary, type State, type Step } from './state.js';

const UNCOMMITTED_BYTES_MAX = 64 << 20;

/** Executes writes (4.1, steps 1–3): one batch becomes one append and one prepare to each backup. */
export function onWrites(step: Step, requests: readonly WriteRequest[]): void {
  const { state, now } = step;
  const closed = whyClosed(step);
  const entries: Entry[] = [];
  for (const { token, service: name, request, deadlineMs } of requests) {
    // Nobody waits for it any more, and it must not happen behind the caller's back (rule 12).
    if (deadlineMs <= now.nowMs) continue;
    const service = state.services.get(name);
    // It is about an order of the own outbox, of which the log knows nothing yet: it may not be told that there is none.
    const mayTell = closed === undefined || closed.reason === 'NO_QUORUM';
    const unconfirmed = mayTell ? service?.alone?.whyUnconfirmed(request) : undefined;
    if (unconfirmed !== undefined) {
      refuse(step, token, unconfirmed);
    } else if (closed !== undefined) {
      refuse(step, token, closed);
    } else if (service === undefined) {
      refuse(step, token, refusal('INVALID_FIELD', `This cluster does not serve ${name}.`));
    } else if (isTooMuchUncommitted(state)) {
      refuse(step, token, refusal('OVERLOADED', 'Too much is on its way to disk; try again in a moment.'));
    } else {
      const head = nextHead(step);
      const execution = service.execute(request, { ...head, replicaCount: state.count });
      if (execution.kind === 'refused') {
        refuse(step, token, execution.refusal);
        continue;
      }
      let copiesNeeded = request.copiesNeeded;
      if (execution.kind === 'entry') {
        entries.push(record(step, name, request.requestId, execution.update));
        copiesNeeded = execution.copiesNeeded ?? copiesNeeded;
      }
      const at = execution.kind === 'known' ? execution.op : head.op;
      copiesNeeded = safeCopies(step, at, copiesNeeded);
      awaitDisks(step, at, { token, reply: execution.reply, copiesNeeded, deadlineMs });
    }
  }
  shipEntries(step, entries);
}

/**
 * Primary: executes orders from an outbox with their first id, time and prices (design 5). Returns how many can never be executed:
 * their own replica finds and tells that when it next starts.
 */
export function executeSalvaged(step: Step, items: readonly OutboxItem[]): number {
  const { state } = step;
  if (whyClosed(step) !== undefined) return 0;
  const entries: Entry[] = [];
  let unsound = 0;
  for (const item of items) {
    const service = state.services.get(item.service);
    if (service === undefined) continue;
    // The rest is submitted again.
    if (isTooMuchUncommitted(state)) break;
    const execution: Execution = service.executeSalvaged(item, { ...nextHead(step), replicaCount: state.count });
    if (execution.kind === 'entry') entries.push(record(step, item.service, item.requestId, execution.update));
    if (execution.kind === 'refused') unsound++;
  }
  shipEntries(step, entries);
  return unsound;
}

/**
 * Below a majority only what would be salvaged is acknowledged: not a repeat that asks for fewer disks than the order was
 * recorded with, and nothing that the outbox does not take (design 5). Anything else could be dropped in silence.
 */
function safeCopies({ state }: Step, at: OpNumber, copiesNeeded: number): number {
  if (copiesNeeded >= state.majority || at <= state.commit) return copiesNeeded;
  const entry = entryAt(state.log, at);
  const service = entry === undefined ? undefined : state.services.get(entry.service);
  const isKept = entry !== undefined && service?.salvage(entry, state.majority) !== undefined;
  return isKept ? copiesNeeded : state.majority;
}

function isTooMuchUncommitted({ log, logView, commit, config, bytes }: State): boolean {
  const last = lastOp(log);
  if (last - commit >= config.uncommittedOpsMax) return true;
  return bytes.uncommitted.of(log, logView, commit, last) >= (config.uncommittedBytesMax ?? UNCOMMITTED_BYTES_MAX);
}

function record(step: Step, service: string, requestId: string, update: string): Entry {
  const entry = addEntry(step, { requestId, service, update });
  step.state.services.get(service)?.speculate(entry);
  return entry;
}

/** Why no write can be executed here now, or undefined when it can. */
export function whyClosed(step: Step): Refusal | undefined {
  const { state, now } = step;
  if (!actsAsPrimary(state)) return whyNotPrimary(step);
  if (!mayExecute(state)) return notFounded;
  if (state.switchover !== undefined)
    return refusal('NO_PRIMARY', 'This replica hands over to another primary. Try again in a moment.');
  return heardCount(state, now.nowMs) < state.config.quorum ? noQuorum(step) : undefined;
}
