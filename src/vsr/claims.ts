import type { Chain } from '../base/entry.js';
import {
  maxOp,
  minOp,
  op as opNumber,
  view as makeView,
  type OpNumber,
  type ReplicaIndex,
  type View,
} from '../base/numbers.js';
import { chainAt } from './log.js';
import type { Claimed, Differs, Message } from './message.js';
import { isBackup, notice, primaryOf, send, type Claim, type State, type Step } from './state.js';

/*
 * A disk can be rolled back (a folder restored from a copy, a virtual machine set back): everything on it is sound, and what
 * was promised since is forgotten. Nobody can see that from the folder alone, but the others remember what they were told (rule
 * 6), and chains differ where logs do.
 */

/** What a message says of its sender's disk; the log's place only where it says that. */
interface Statement {
  readonly view: View;
  readonly log: { readonly logView: View; readonly op: OpNumber } | undefined;
}

/**
 * Remembers what a peer says it has on disk. One that says less than before is reminded; whether the message was only late
 * is for the peer to judge, which knows its own disk.
 */
export function noteClaim(step: Step, from: ReplicaIndex, message: Message, proven: View): void {
  const { state, now } = step;
  const said = statementOf(message, proven);
  const before = state.claims[from];
  if (before === undefined) {
    state.claims[from] = {
      view: said.view,
      logView: said.log?.logView ?? makeView(0),
      op: said.log?.op ?? opNumber(0),
    };
    return;
  }
  if (isLess(said, before) && now.nowMs - (state.remindedMs[from] ?? -Infinity) >= state.config.heartbeatMs) {
    state.remindedMs[from] = now.nowMs;
    send(step, from, { kind: 'claimed', view: before.view, logView: before.logView, op: before.op });
  }
  if (said.view > before.view) before.view = said.view;
  const { log } = said;
  if (log === undefined || !isBehind(before, log)) return;
  before.logView = log.logView;
  before.op = log.op;
}

function statementOf(message: Message, view: View): Statement {
  switch (message.kind) {
    case 'prepareOk':
    case 'heartbeatOk':
      // Before the switch to the view's log (op 0) nothing is said of a log.
      return { view, log: message.op === 0 ? undefined : { logView: message.view, op: message.op } };
    case 'doViewChange':
      return { view, log: { logView: message.logView, op: message.op } };
    default:
      return { view, log: undefined };
  }
}

const isBehind = (one: Pick<Claim, 'logView' | 'op'>, other: Pick<Claim, 'logView' | 'op'>): boolean =>
  one.logView < other.logView || (one.logView === other.logView && one.op < other.op);

const isLess = ({ view, log }: Statement, before: Claim): boolean =>
  view < before.view || (log !== undefined && isBehind(log, before));

/** A peer reminds this replica of what it said: a disk that holds less has been set back, and its promises are forgotten. */
export function onClaimed(step: Step, from: ReplicaIndex, message: Claimed): string | undefined {
  const { state } = step;
  if (state.status !== 'normal' && state.status !== 'view-change') return 'not a member of a view';
  const own = { logView: state.logView, op: state.durable };
  if (state.view >= message.view && !isBehind(own, message)) return 'the own disk holds as much';
  const { view, logView, op } = message;
  const who = state.config.replicaIds[from];
  distrust(
    step,
    `${who} was told of view ${view} and of op ${op} in the log of view ${logView}; the disk holds view ${state.view}, ` +
      `op ${state.durable} in the log of view ${state.logView}: it has been set back`,
  );
  return undefined;
}

/**
 * Primary: whether what a backup has at `op` is this log's entry. One that differs is not counted, and the operator told. Who is
 * wrong the majority says: with the primary, the backup is told so; against it, the primary gives its own folder up.
 */
export function isOfThisLog(step: Step, from: ReplicaIndex, op: OpNumber, chain: Chain): boolean {
  const { state } = step;
  const own = chainAt(state.log, op);
  if (own === undefined) return true;
  if (own === chain) {
    noteAgreed(state, from, op);
    return true;
  }
  const isKnown = state.diverged.has(from);
  tellDiverged(step, from, op);
  // Who agrees further down only says nothing of this op: its word may have come late, or it may be about to differ too.
  const agreeing = 1 + [...state.agreed.values()].filter((upTo) => upTo >= op).length;
  // Whoever agreed did so before this; who is with the primary now shows in the next round.
  state.agreed.clear();
  if (state.diverged.size >= state.majority)
    distrust(
      step,
      `a majority of the others holds something else at op ${op}: the own disk or memory has been changed`,
    );
  else if (isKnown && agreeing >= state.majority)
    send(step, from, { kind: 'differs', view: state.view, op, chain: own, ofMajority: true });
  return false;
}

/** A backup's log is this one up to `op`. One that differs further up differs still: the message may be from before. */
function noteAgreed({ diverged, agreed }: State, from: ReplicaIndex, op: OpNumber): void {
  if (op < (diverged.get(from) ?? 0)) return;
  diverged.delete(from);
  agreed.set(from, maxOp(op, agreed.get(from) ?? op));
}

/** Backup: whether the log of the own disk is the primary's at its commit number, as far as both reach. */
export function isPrimarysLog({ state }: Step, commit: OpNumber, chain: Chain): boolean {
  const own = commit <= state.durable ? chainAt(state.log, commit) : undefined;
  return own === undefined || own === chain;
}

/**
 * Another replica holds something else at `op`. A backup is told so by its primary when a majority does: the own folder is given
 * up. The word of one, in answer to a request for state, is none against the own disk: where that one is wrong, this folder may be
 * the second of two that hold what was committed. A replica without the log of its view is told so when it asks for what follows its commit number: then there are two
 * histories (disks were set back, or more were lost than is survived). Nothing is taken over what is committed here: this
 * folder may be the only one that has it.
 */
export function onDiffers(step: Step, from: ReplicaIndex, message: Differs): string | undefined {
  const { state } = step;
  const { view, op, chain } = message;
  const own = chainAt(state.log, op);
  if (view !== state.view || own === undefined || own === chain) return 'the own log is the same';
  if (state.status === 'view-change' && op <= state.commit) {
    tellDiverged(step, from, op);
    return undefined;
  }
  // It may be the primary that is wrong: it finds out from what this replica and the others acknowledge, and then one of us is told.
  if (message.ofMajority !== true) return 'only a majority is believed against the own disk';
  if (!isBackup(state) || primaryOf(state, view) !== from) return 'not from the primary of the own view';
  distrust(step, `a majority holds something else than the own log at op ${op}: the disk has been changed or set back`);
  return undefined;
}

function tellDiverged(step: Step, peer: ReplicaIndex, op: OpNumber): void {
  const { diverged } = step.state;
  if (!diverged.has(peer)) notice(step, { kind: 'diverged', peer, op });
  diverged.set(peer, minOp(op, diverged.get(peer) ?? op));
}

/** The folder is sound and yet wrong: the process ends, and the next one believes nothing of it (rule 7). */
function distrust(step: Step, why: string): void {
  step.effects.push({ kind: 'distrust', why });
}

/** A new primary knows of no differences yet. */
export function forgetDifferences(state: State): void {
  state.diverged.clear();
  state.agreed.clear();
}
