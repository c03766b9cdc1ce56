import type { ReplicaIndex } from '../base/numbers.js';
import { extendLog } from './append.js';
import type { Event, Now } from './event.js';
import { addFetched, ask, beginFetch, fetchedTo, noteAnswered } from './fetch.js';
import { joinFounding } from './founding.js';
import { isSound, lastOp, spliceOnto, type Splice } from './log.js';
import { dropStaged, installFetched, switchLog } from './log-switch.js';
import type { CheckpointOffer, OfferedFile } from '../base/checkpoint.js';
import type { CheckpointOffered, Chunk, NewState } from './message.js';
import { followCommit } from './normal.js';
import { takeData } from './recovery.js';
import { notice, type Fetch, type State, type Step } from './state.js';

/** A piece of log that was asked for (5.2; rules 2 and 5). */
export function onNewState(step: Step, from: ReplicaIndex, clusterId: string, message: NewState): string | undefined {
  const { state } = step;
  const { fetch } = state;
  if (fetch === undefined || fetch.nonce !== message.nonce || fetch.from !== from) return 'not asked';
  if (fetch.checkpoint !== undefined && fetch.checkpoint.state !== 'verified') return 'a checkpoint comes first';
  if (!isSound(message.suffix)) return 'the entries are not sound';
  if (state.status === 'founding') {
    state.fetch = undefined;
    joinFounding(step, clusterId, message);
    return undefined;
  }
  if (!addFetched(fetch, message.suffix)) return 'it does not continue what is in hand';
  noteAnswered(state, fetch);
  switch (fetch.purpose) {
    case 'data':
      return fetch.checkpoint === undefined ? (takeData(step, message), undefined) : finishData(step, fetch);
    case 'doViewChange':
      return finishDoViewChange(step, fetch);
    case 'normal':
      return finishNormal(step, fetch, message);
  }
}

/** Data behind a checkpoint: a recovering replica takes the checkpoint; more follows by asking again. */
function finishData(step: Step, fetch: Fetch): string | undefined {
  const { state } = step;
  if (state.recovery?.above === undefined || fetch.checkpoint === undefined) return 'not recovering';
  installFetched(
    step,
    fetch,
    fetch.checkpoint,
    { view: state.view, logView: state.logView, recovering: true },
    'recoveryViewKept',
  );
  return undefined;
}

/** The new primary has the best log of a majority in hand: the splice must end exactly as the vote said. */
function finishDoViewChange(step: Step, fetch: Fetch): string | undefined {
  const { state } = step;
  const { target } = fetch;
  if (target === undefined) return 'no vote is behind it';
  if (fetchedTo(fetch) < target.op) {
    ask(step, fetch);
    return undefined;
  }
  if (chainInHand(fetch) !== target.chain) {
    state.fetch = undefined;
    return 'it is not the log that was voted';
  }
  if (fetch.checkpoint !== undefined)
    installFetched(
      step,
      fetch,
      fetch.checkpoint,
      { view: state.view, logView: state.view, recovering: false },
      'becomePrimary',
    );
  else switchLog(step, state.view, whole(state, fetch), 'becomePrimary');
  return undefined;
}

function finishNormal(step: Step, fetch: Fetch, message: NewState): string | undefined {
  const { state } = step;
  if (message.logView !== message.view) return 'not the log of a view that stands';
  if (state.status === 'recovering' ? message.view <= fetch.view : message.view !== state.view)
    return 'of another view';
  const isOwnView = state.status === 'normal' && state.logView === message.view;
  if (isOvertaken(state, fetch, isOwnView)) {
    dropStaged(step);
    state.fetch = undefined;
    return 'the own log has overtaken the checkpoint';
  }
  if (isOwnView && fetch.checkpoint === undefined) {
    state.fetch = undefined;
    const known = lastOp(state.log) - fetch.after;
    if (known < 0 || state.isDiskFull) return 'the own log was cut by a full disk';
    dropStaged(step);
    extendLog(step, fetch.entries.slice(known));
    followCommit(step, message.commit);
    if (lastOp(state.log) < message.op) beginFetch(step, 'normal', state.view, fetch.from, lastOp(state.log));
    return undefined;
  }
  if (!isSettled(state)) return 'appends are on their way to disk';
  if (fetchedTo(fetch) < message.start) {
    ask(step, fetch);
    return undefined;
  }
  if (!isOwnView) state.start = message.start;
  notice(step, { kind: 'stateTransfer', from: fetch.from, op: fetchedTo(fetch), target: message.op });
  const promises = { view: message.view, logView: message.view, recovering: false };
  if (fetch.checkpoint !== undefined) installFetched(step, fetch, fetch.checkpoint, promises, 'joinView');
  else switchLog(step, message.view, whole(state, fetch), 'joinView');
  return undefined;
}

/** A recovering replica switches logs only when its disk is at rest: a full disk may still drop what is on its way. */
const isSettled = (state: State): boolean => state.status !== 'recovering' || state.durable === lastOp(state.log);

/**
 * While a checkpoint was copied the log may have come another way. Within its logView it is never made shorter (rule 2 a): what
 * the piece in hand lacks may have been counted on this disk.
 */
const isOvertaken = (state: State, { checkpoint }: Fetch, isOwnView: boolean): boolean =>
  checkpoint !== undefined && checkpoint.offer.head.base.op <= (isOwnView ? lastOp(state.log) : state.commit);

const chainInHand = (fetch: Fetch): string => fetch.entries.at(-1)?.chain ?? fetch.afterChain;

/** The splice that makes the own log what was fetched; the fetch began inside the own log. */
function whole(state: State, fetch: Fetch): Splice {
  const { after, afterChain, entries } = fetch;
  return spliceOnto(state.log, { after, afterChain, entries }) ?? { from: (after + 1) as Splice['from'], entries };
}

/** The log no longer reaches back far enough: the checkpoint comes first, then the log after it. */
export function onCheckpointOffered(step: Step, from: ReplicaIndex, message: CheckpointOffered): string | undefined {
  const { state } = step;
  const { fetch } = state;
  if (fetch === undefined || fetch.nonce !== message.nonce || fetch.from !== from) return 'not asked';
  // A verified one may have become too old while the log after it was asked for.
  if (fetch.checkpoint !== undefined && fetch.checkpoint.state !== 'verified') return 'one is on its way already';
  if (state.status === 'founding') return 'the folder has been wiped; it recovers first';
  const { base } = message.offer.head;
  if (base.op <= fetch.after) return 'it brings nothing new';
  const { offer } = message;
  keepStaged(step, offer);
  fetch.checkpoint = { offer, fileIndex: 0, offset: stagedOf(state, offer.files[0]), state: 'copying' };
  fetch.entries.length = 0;
  fetch.after = base.op;
  fetch.afterChain = base.chain;
  noteAnswered(state, fetch);
  advance(step, fetch);
  return undefined;
}

/**
 * Of an older copy, broken off or overtaken, the growing files stay: the new checkpoint's begin with them. Under load a checkpoint
 * may be gone before all of it was copied; each time less is missing. What is wrong in them fails the verification.
 */
function keepStaged({ state, effects }: Step, { files }: CheckpointOffer): void {
  const { staged } = state;
  const kept = new Map<string, number>();
  for (const { name, length, grows } of files) {
    const bytes = Math.min(staged.get(name) ?? 0, length);
    if (grows && bytes > 0) kept.set(name, bytes);
  }
  staged.clear();
  for (const [name, bytes] of kept) staged.set(name, bytes);
  effects.push({ kind: 'beginStaging', kept });
}

const stagedOf = (state: State, file: OfferedFile | undefined): number =>
  file === undefined ? 0 : (state.staged.get(file.name) ?? 0);

/** A piece of a checkpoint's file. */
export function onChunk(step: Step, from: ReplicaIndex, message: Chunk): string | undefined {
  const { state } = step;
  const { fetch } = state;
  if (fetch === undefined || fetch.nonce !== message.nonce || fetch.from !== from) return 'not asked';
  const { checkpoint } = fetch;
  if (checkpoint === undefined || checkpoint.state !== 'copying') return 'no checkpoint is being copied';
  if (message.isGone) {
    state.fetch = undefined;
    return 'the checkpoint is gone; a newer one goes on with what is staged';
  }
  const file = checkpoint.offer.files[checkpoint.fileIndex];
  if (message.checkpoint !== checkpoint.offer.head.base.op || message.file !== file?.name) return 'of another file';
  if (message.offset !== checkpoint.offset || message.bytes.length === 0) return 'not the next piece';
  step.effects.push({ kind: 'stageChunk', file: message.file, offset: message.offset, bytes: message.bytes });
  checkpoint.offset += message.bytes.length;
  if (file.grows) state.staged.set(file.name, checkpoint.offset);
  noteAnswered(state, fetch);
  advance(step, fetch);
  return undefined;
}

/** Goes on with the next piece or file; verifies when all are here. */
function advance(step: Step, fetch: Fetch): void {
  const { checkpoint } = fetch;
  if (checkpoint === undefined) return;
  for (;;) {
    const file = checkpoint.offer.files[checkpoint.fileIndex];
    if (file === undefined || checkpoint.offset < file.length) break;
    checkpoint.fileIndex++;
    checkpoint.offset = stagedOf(step.state, checkpoint.offer.files[checkpoint.fileIndex]);
  }
  if (checkpoint.fileIndex >= checkpoint.offer.files.length) {
    checkpoint.state = 'verifying';
    step.effects.push({ kind: 'verifyStaged', offer: checkpoint.offer, nonce: fetch.nonce });
  } else ask(step, fetch);
}

/** Lengths and hashes of what was staged are those of the offer, or all begins anew. */
export function onCheckpointVerified(
  step: Step,
  { nonce, isValid, snapshots }: Omit<Extract<Event, { kind: 'checkpointVerified' }>, keyof Now>,
): void {
  const { state } = step;
  const { fetch } = state;
  if (fetch?.nonce !== nonce || fetch.checkpoint === undefined) return;
  if (!isValid) {
    dropStaged(step);
    state.fetch = undefined;
    if (state.recovery !== undefined) state.recovery.source = undefined;
    return;
  }
  const { offer } = fetch.checkpoint;
  if (snapshots !== undefined) fetch.checkpoint.offer = { ...offer, head: { ...offer.head, snapshots } };
  fetch.checkpoint.state = 'verified';
  ask(step, fetch);
}
