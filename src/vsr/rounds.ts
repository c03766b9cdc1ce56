import { present } from '../base/assert.js';
import { chainAt, lastOp } from './log.js';
import { broadcast, type State, type Step } from './state.js';

/** Primary: asks all whether the view still stands and tells them what is committed. Returns the round's number. */
export function beginRound(step: Step): number {
  const { state, now } = step;
  state.round++;
  state.roundAnswered[state.config.self] = state.round;
  state.lastHeartbeatMs = now.nowMs;
  broadcast(step, {
    kind: 'heartbeat',
    view: state.view,
    start: state.start,
    commit: state.commit,
    commitChain: committedChain(state),
    op: lastOp(state.log),
    round: state.round,
  });
  return state.round;
}

const committedChain = ({ log, commit }: State): string =>
  present(chainAt(log, commit), 'the log reaches back to the commit number');
