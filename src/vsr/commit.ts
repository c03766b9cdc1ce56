import { assert, present } from '../base/assert.js';
import { maxOp, minOp, nextOp, type OpNumber } from '../base/numbers.js';
import type { Entry } from '../base/entry.js';
import type { Service } from '../base/service.js';
import { UnknownServiceError } from '../base/unknown-service.js';
import { CORE, decodeCoreUpdate } from './core-entries.js';
import { heldForFounding } from './founding.js';
import { entryAt, lastOp } from './log.js';
import { releaseReads } from './reads.js';
import { appendReceipt } from './receipts.js';
import { releaseReplies } from './replies.js';
import { actsAsPrimary, notice, reachedBy, type State, type Step } from './state.js';

/** Primary: commits what a majority has on disk, oneself included only after the own fsync (4.1, step 5; rule 2). */
export function advanceCommit(step: Step): void {
  const { state } = step;
  assert(actsAsPrimary(state), 'only an acting primary counts prepareOks');
  state.acked[state.config.self] = state.durable;
  const reached = heldForFounding(state, reachedBy(state.acked, state.majority) as OpNumber);
  const before = state.commit;
  if (reached > before) raiseCommit(step, reached);
  releaseReplies(step, before);
  // Reads may wait for the tables alone; they are cheap to look at when none waits.
  releaseReads(step);
}

/** Raises the commit number to `to` (within the log) and applies what the own disk holds of it. */
export function raiseCommit(step: Step, to: OpNumber): void {
  const { state } = step;
  state.commit = maxOp(state.commit, minOp(to, lastOp(state.log)));
  applyCommitted(step);
}

/** Lets services and tables follow min(commit, own durable op) (rule 12). */
export function applyCommitted(step: Step): void {
  const { state } = step;
  const target = minOp(state.commit, state.durable);
  while (state.applied < target) {
    const at = nextOp(state.applied);
    apply(step, present(entryAt(state.log, at), `committed op ${at} is in the log`));
    state.applied = at;
  }
}

function apply(step: Step, entry: Entry): void {
  const { state } = step;
  appendReceipt(state.receipts, entry);
  if (entry.service === CORE) applyCore(step, entry);
  else serviceOf(state, entry).commit(entry);
}

function applyCore(step: Step, entry: Entry): void {
  const update = decodeCoreUpdate(entry.update);
  if (update.kind === 'founded') return;
  const replaced: string[] = [];
  // A version that did not know a service yet has founded nothing for it: it begins empty.
  for (const [name, service] of step.state.services) replaced.push(...service.found(update.seeds[name] ?? '', entry));
  notice(step, { kind: 'founded', clusterId: update.clusterId, replaced });
}

/** Adds uncommitted entries to the speculative state, so that a new primary executes on all of its log (rule 4). */
export function speculateUncommitted(state: State): void {
  for (let at = nextOp(state.applied); at <= lastOp(state.log); at = nextOp(at)) {
    const entry = present(entryAt(state.log, at), `op ${at} is in the log`);
    if (entry.service !== CORE) serviceOf(state, entry).speculate(entry);
  }
}

/** Forgets the speculative state of all services. */
export function dropSpeculation(state: State): void {
  for (const service of state.services.values()) service.dropSpeculation();
}

function serviceOf(state: State, { service, op }: Entry): Service {
  const found = state.services.get(service);
  if (found === undefined) throw new UnknownServiceError(service, `op ${op}`);
  return found;
}
