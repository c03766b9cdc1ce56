import { maxOp, minOp, type OpNumber, type ReplicaIndex } from '../base/numbers.js';
import { present } from '../base/assert.js';
import { chainFollows, GENESIS_CHAIN, type Chain } from '../base/entry.js';
import { extendLog } from './append.js';
import { advanceCommit, applyCommitted, raiseCommit } from './commit.js';
import { foundedByAll } from './founding.js';
import { catchUp, catchUpTail } from './fetch.js';
import { chainAt, lastChain, lastOp } from './log.js';
import { isOfThisLog } from './claims.js';
import type { Prepare, PrepareOk } from './message.js';
import { releaseReads } from './reads.js';
import { actsAsPrimary, isBackup, primaryOf, send, type State, type Step } from './state.js';

/** 4.1, step 4: a backup adds the entries in order; prepareOk follows when they are on its disk. */
export function onPrepare(step: Step, from: ReplicaIndex, message: Prepare): string | undefined {
  const { state } = step;
  const ignored = whyNotFromPrimary(state, from, message.view);
  if (ignored !== undefined) return ignored;
  state.primaryHeardMs = step.now.nowMs;
  if (state.logView < state.view || state.status === 'recovering') {
    catchUp(step, from);
    return undefined;
  }
  if (!isBackup(state)) return 'not a backup in its normal case';
  if (state.isDiskFull) return 'the disk is full';
  const first = message.entries[0];
  if (first === undefined) return 'no entries';
  if (first.op > lastOp(state.log) + 1) {
    catchUpTail(step, from);
    return undefined;
  }
  const fresh = message.entries.slice(lastOp(state.log) + 1 - first.op);
  let chain = lastChain(state.log);
  let at = lastOp(state.log);
  for (const entry of fresh) {
    if (entry.op !== at + 1 || !chainFollows(entry, chain)) return `the chain does not follow at op ${entry.op}`;
    at = entry.op;
    chain = entry.chain;
  }
  extendLog(step, fresh);
  followCommit(step, message.commit);
  return undefined;
}

/** Primary: what a backup's disk holds of this view's log (4.1, step 5). */
export function onPrepareOk(step: Step, from: ReplicaIndex, message: PrepareOk): string | undefined {
  const { state } = step;
  if (message.view !== state.view) return 'of another view';
  if (!actsAsPrimary(state)) return 'not the acting primary';
  if (message.op > lastOp(state.log)) return 'beyond the own log';
  if (!isOfThisLog(step, from, message.op, message.chain)) return 'of another log';
  countAck(step, from, message.op);
  return undefined;
}

/** Primary: counts that `from` has this view's log up to `op` on disk. */
export function countAck(step: Step, from: ReplicaIndex, op: OpNumber): void {
  const { state } = step;
  if (op <= (state.acked[from] ?? 0)) return;
  state.acked[from] = op;
  advanceCommit(step);
  foundedByAll(step);
}

/** The own journal holds everything up to `op`. Says so to the primary only while in its view's normal case. */
export function onAppended(step: Step, op: OpNumber): void {
  const { state } = step;
  state.durable = maxOp(state.durable, minOp(op, lastOp(state.log)));
  // From the moment a replica decides to leave a view it sends and counts nothing for it (rule 1).
  if (state.transition !== undefined) return;
  if (actsAsPrimary(state)) {
    applyCommitted(step);
    advanceCommit(step);
    foundedByAll(step);
    return;
  }
  if (isBackup(state)) acknowledge(step);
  if (state.status === 'normal' || state.status === 'recovering') applyCommitted(step);
  releaseReads(step);
}

/** Tells the primary what the own disk holds of the view's log. */
export function acknowledge(step: Step): void {
  const { state } = step;
  send(step, primaryOf(state, state.view), { kind: 'prepareOk', view: state.view, ...onDisk(state, true) });
}

/** What the own disk holds of the view's log: nothing before the switch to it. */
export function onDisk({ log, durable }: State, hasLog: boolean): { op: OpNumber; chain: Chain } {
  if (!hasLog) return { op: 0 as OpNumber, chain: GENESIS_CHAIN };
  return { op: durable, chain: present(chainAt(log, durable), 'the log reaches back to what is durable') };
}

/** Backup with logView = view: follows the primary's commit number. */
export function followCommit(step: Step, commit: OpNumber): void {
  if (commit <= step.state.commit) return;
  raiseCommit(step, commit);
  releaseReads(step);
}

/** Why a message that only the primary of its view sends is ignored, or undefined. */
export function whyNotFromPrimary(state: State, from: ReplicaIndex, view: Prepare['view']): string | undefined {
  if (primaryOf(state, view) !== from) return 'not from the primary of its view';
  if (state.status === 'founding') return 'nothing is founded here';
  if (state.status === 'recovering') {
    if (state.recovery?.above === undefined) return 'still asking where the others are';
    return view > state.recovery.above ? undefined : 'of a view that this recovering replica may not join';
  }
  return view === state.view ? undefined : 'of another view';
}
