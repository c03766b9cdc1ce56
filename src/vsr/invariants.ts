import { assert } from '../base/assert.js';
import { lastOp } from './log.js';
import { actsAsPrimary, type State } from './state.js';

/** Highest lengths that queues in the state may reach. */
const QUEUE_MAX = 60_000;

/** What holds of every state between two steps; checked after each step of every test and simulation. */
export function invariants(state: State): void {
  assert(state.logView <= state.view, 'logView is at most the view');
  assert(
    state.commit <= lastOp(state.log) || state.transition?.installed !== undefined,
    'committed ops are in the log',
  );
  assert(state.applied <= state.commit, 'tables hold committed ops only');
  assert(state.applied <= state.durable || state.transition !== undefined, 'tables hold ops of the own disk only');
  assert(
    state.log.base.op <= state.applied || state.transition?.installed !== undefined,
    'the log reaches back to the tables',
  );
  assert(state.durable <= lastOp(state.log) || state.transition !== undefined, 'nothing beyond the log is on disk');
  assert(state.deferred.length === 0 || state.transition !== undefined, 'events wait only for a durable transition');
  assert(state.deferred.length <= QUEUE_MAX && state.reads.length <= QUEUE_MAX, 'every queue has a maximum');
  assert(state.switchover === undefined || actsAsPrimary(state), 'only an acting primary hands over');
  assert(state.outbox.length === state.outboxById.size, 'the outbox holds an id once');
  assert(state.outboxUnderWay <= state.outbox.length, 'what was submitted is in the outbox until it is settled');
  assert(state.status !== 'recovering' || state.recovery !== undefined, 'a recovering replica knows how far it is');
  assert(
    state.status !== 'view-change' || state.logView < state.view || state.transition !== undefined,
    'a view change lacks its log',
  );
}
