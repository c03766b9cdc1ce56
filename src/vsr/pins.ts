import { minOp, type OpNumber, type ReplicaIndex } from '../base/numbers.js';
import { lastOp } from './log.js';
import type { State, Step } from './state.js';
import { opBeforeBytes } from './stretch-bytes.js';

/** How long after its last question an asker is waited for, ms: between copy and log it fsyncs and reads all it has copied. */
const PIN_MS = 30_000;
/** Ops, and bytes of their rows, that are kept in memory for askers at most, beyond those that are kept anyway. */
const PINNED_OPS_MAX = 200_000;
const PINNED_BYTES_MAX = 128 << 20;

/** A peer was given everything up to `op`, by entries or by the offer of a checkpoint. */
export function pin({ state, now }: Step, peer: ReplicaIndex, op: OpNumber): void {
  state.pins.set(peer, { op, untilMs: now.nowMs + PIN_MS });
}

/** A peer goes on copying what it was offered. */
export function keepPin(step: Step, peer: ReplicaIndex): void {
  const pinned = step.state.pins.get(peer);
  if (pinned !== undefined) pin(step, peer, pinned.op);
}

/**
 * The op up to which the log in memory may be forgotten, `wanted` at most. A log that was cut while a peer installed a checkpoint
 * before it would send that peer back to copying, under load again and again.
 */
export function unpinned({ state, now }: Step, wanted: OpNumber): OpNumber {
  let free = wanted;
  const last = lastPinnable(state);
  for (const [peer, { op, untilMs }] of state.pins) {
    if (untilMs < now.nowMs || op < last) state.pins.delete(peer);
    else free = minOp(free, op);
  }
  return free;
}

const lastPinnable = ({ log, pins }: State): number =>
  pins.size === 0 ? 0 : Math.max(lastOp(log) - PINNED_OPS_MAX, opBeforeBytes(log, PINNED_BYTES_MAX));
