import { lastOp } from './log.js';
import { mayExecute } from './founding.js';
import { healthOf, heardCount, UNHEALTHY_AFTER } from './health.js';
import type { Now } from './event.js';
import type { ReplicaIndex } from '../base/numbers.js';
import { whyReadOnly } from './quorum-loss.js';
import { beginRound } from './rounds.js';
import { actsAsPrimary, notice, primaryOf, type State, type Step } from './state.js';
import { handOver } from './suspicion.js';

/** Ops by which the next primary may lack the log when it is asked for: more takes longer than customers should wait. */
const LAG_OPS_MAX = 5_000;
/** Heartbeats that the drain may take; then the old primary goes on. No longer than a failover. */
const DRAIN_WITHIN = UNHEALTHY_AFTER;

/** Why this replica cannot hand its office to `to` now, for people, with what to do; undefined when it can. */
export function whyNoSwitchover(state: State, now: Now, to: ReplicaIndex): string | undefined {
  const idOf = (index: number): string => state.config.replicaIds[index] ?? `replica number ${index}`;
  const target = idOf(to);
  if (!actsAsPrimary(state)) return `${idOf(state.config.self)} is not the primary (any more); ask again.`;
  if (!mayExecute(state)) return 'the cluster is not founded yet: start all replicas first.';
  if (to === state.config.self) return `${target} is the primary already.`;
  if (state.switchover !== undefined) return `a switchover to ${idOf(state.switchover.to)} is under way already.`;
  if (heardCount(state, now.nowMs) < state.config.quorum)
    return `too few replicas are there. ${whyReadOnly({ state, now })}`;
  if (healthOf(state, to, now.nowMs) !== 'healthy')
    return `${target} has not been heard for a while: start it, or name another one.`;
  if (state.diverged.has(to))
    return `${target} holds another log than its primary: run 'just-hungry resync ${target}' first, or name another one.`;
  const lag = lastOp(state.log) - (state.acked[to] ?? 0);
  if (lag > LAG_OPS_MAX)
    return `${target} lacks ${lag} ops: wait until 'just-hungry status' shows it level, or name another one.`;
  return undefined;
}

/**
 * Primary, told to hand over to `to` (rule 3): from here on it executes nothing new, so that the log comes to rest; what is
 * under way is finished and answered. A round of heartbeats shows that `to` is a member now: what it had on disk before says nothing of that.
 */
export function onSwitchOver(step: Step, to: ReplicaIndex, why: string): void {
  const { state, now } = step;
  const refused = whyNoSwitchover(state, now, to);
  if (refused !== undefined) {
    notice(step, { kind: 'switchoverGivenUp', to, why: refused });
    return;
  }
  beginRound(step);
  const giveUpMs = now.nowMs + DRAIN_WITHIN * state.config.heartbeatMs;
  state.switchover = { to, why, round: state.round, giveUpMs };
}

/** At the end of a step: leaves office when the log is at rest and the next primary has all of it, or goes on when that takes too long. */
export function goOnSwitchingOver(step: Step): void {
  const { state, now } = step;
  const { switchover } = state;
  if (switchover === undefined) return;
  const { to, why, round, giveUpMs } = switchover;
  const end = lastOp(state.log);
  const isTargetThere = (state.roundAnswered[to] ?? 0) >= round && state.acked[to] === end;
  if (isTargetThere && state.commit === end && state.durable === end) {
    state.switchover = undefined;
    handOver(step, state.view, to, why);
    return;
  }
  if (now.nowMs < giveUpMs) return;
  state.switchover = undefined;
  const target = state.config.replicaIds[to] ?? '';
  const lacks = end - (state.acked[to] ?? 0);
  const missing = isTargetThere
    ? 'what was under way did not reach a majority'
    : lacks > 0
      ? `${target} did not get the last ${lacks} ops onto its disk`
      : `${target} did not answer`;
  notice(step, {
    kind: 'switchoverGivenUp',
    to,
    why: `${missing} within ${DRAIN_WITHIN} heartbeats; ${state.config.replicaIds[primaryOf(state, state.view)] ?? ''} goes on as primary.`,
  });
}
