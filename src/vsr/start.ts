import { assert } from '../base/assert.js';
import { op } from '../base/numbers.js';
import type { Service, Table } from '../base/service.js';
import { applyCommitted } from './commit.js';
import type { Effect } from './effect.js';
import type { Now, Started } from './event.js';
import { UNHEALTHY_AFTER } from './health.js';
import { holdItems } from './held-items.js';
import { emptyLog, lastOp, pushEntry } from './log.js';
import { beginRecovery } from './recovery.js';
import { newState, notice, primaryOf, type CoreConfig, type State, type Step } from './state.js';

/**
 * A replica after its process began (rule 6): from what its folder holds. Nothing is sent before the first tick. Returns the
 * state and what is to be done at once.
 */
export function start(
  config: CoreConfig,
  services: ReadonlyMap<string, Service>,
  receipts: Table,
  started: Started,
  now: Now,
): { state: State; effects: Effect[] } {
  const state = newState(config, services, receipts);
  const step: Step = { state, now, effects: [] };
  state.lastTickMs = now.nowMs;
  state.heardMs.fill(now.nowMs);
  state.primaryHeardMs = now.nowMs;
  switch (started.kind) {
    case 'empty':
      for (const service of services.values()) service.restore('');
      break;
    case 'damaged':
      state.view = started.view;
      holdItems(state, started.outbox);
      beginRecovery(step, started.why, true);
      break;
    case 'intact':
      takeUp(step, started);
      break;
  }
  return { state, effects: step.effects };
}

function takeUp(step: Step, started: Extract<Started, { kind: 'intact' }>): void {
  const { state, now } = step;
  const { base, snapshots } = started.checkpoint;
  for (const [name, service] of state.services) service.restore(snapshots[name] ?? '');
  state.clusterId = started.clusterId;
  state.view = started.view;
  state.logView = started.logView;
  holdItems(state, started.outbox);
  state.log = emptyLog(base);
  for (const entry of started.entries) pushEntry(state.log, entry);
  state.durable = lastOp(state.log);
  state.applied = base.op;
  state.commit = op(Math.max(base.op, started.commit));
  state.checkpoints = { older: base.op, newest: base.op, isUnderWay: false };
  assert(state.commit <= lastOp(state.log), 'what is known to be committed is in the log');
  applyCommitted(step);
  // What is applied again was told when it was committed.
  step.effects.length = 0;
  if (started.isRecovering) {
    beginRecovery(step, 'it was recovering when it stopped', false);
    return;
  }
  if (state.logView < state.view) {
    state.status = 'view-change';
    state.viewChangeDeadlineMs = now.nowMs + UNHEALTHY_AFTER * state.config.heartbeatMs;
    return;
  }
  state.status = 'normal';
  // Where the view began is not on disk; no later than here. Nobody may take less than that from this replica (rule 2 b).
  state.start = lastOp(state.log);
  if (primaryOf(state, state.view) !== state.config.self) return;
  // What it told others in this view before the restart is not all known here: it never acts as its primary again (rule 2).
  const why = `${state.config.replicaIds[state.config.self] ?? ''} has restarted`;
  state.resigned = { view: state.view, why };
  state.suspects = { why };
  notice(step, { kind: 'resigned', view: state.view, why });
}
