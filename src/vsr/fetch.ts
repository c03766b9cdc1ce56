import { present } from '../base/assert.js';
import type { OpNumber, ReplicaIndex, View } from '../base/numbers.js';
import { chainAt, lastOp, suffixAfter } from './log.js';
import type { GetChunk, GetState } from './message.js';
import { keepPin, pin } from './pins.js';
import { peersOf, send, type Fetch, type State, type Step } from './state.js';

/**
 * Heartbeats without an answer after which a piece is asked for again, of another replica where one may do; twice as long after each
 * fetch that was given up, up to the longest. Where everything takes long, on machines with too much to do, answers that always come
 * a moment too late would bring nobody forward.
 */
const ASK_AGAIN_AFTER = { first: 2, longest: 32 } as const;
/** Bytes of a checkpoint's file in one message, where the configuration says nothing. */
const CHUNK_BYTES_MAX = 256 * 1024;
/** Times one piece is asked for in vain before the fetch is begun anew, perhaps elsewhere. */
const ASKS_MAX = 5;

/** Backup whose log is not its view's yet: fetches that log after the own commit number (rule 2 b). */
export function catchUp(step: Step, from: ReplicaIndex): void {
  const { state } = step;
  const view =
    state.status === 'recovering' ? present(state.recovery?.above, 'the view to stay above is known') : state.view;
  const after = state.status === 'recovering' ? lastOp(state.log) : state.commit;
  beginFetch(step, 'normal', view, from, after);
}

/** Backup whose log is its view's: fetches what it misses at the end (rule 2 a). */
export function catchUpTail(step: Step, from: ReplicaIndex): void {
  beginFetch(step, 'normal', step.state.view, from, lastOp(step.state.log));
}

/** Begins to fetch state, unless the same is under way. */
export function beginFetch(
  step: Step,
  purpose: GetState['purpose'],
  view: View,
  from: ReplicaIndex,
  after: OpNumber,
  target?: { readonly op: OpNumber; readonly chain: string },
): void {
  const { state, now } = step;
  const { fetch } = state;
  // A recovering replica finishes one thing before the next, lest copying and joining undo each other.
  if (fetch !== undefined && (state.status === 'recovering' || (fetch.purpose === purpose && fetch.view === view)))
    return;
  state.fetch = {
    purpose,
    target,
    view,
    from,
    nonce: now.randomU32,
    askedAtMs: now.nowMs,
    asks: 0,
    after,
    afterChain: present(chainAt(state.log, after), `op ${after} is in the own log`),
    entries: [],
    checkpoint: undefined,
  };
  ask(step, state.fetch);
}

/** Asks for the next piece of what is being fetched. */
export function ask(step: Step, fetch: Fetch): void {
  fetch.askedAtMs = step.now.nowMs;
  const { checkpoint } = fetch;
  if (checkpoint !== undefined && checkpoint.state !== 'verified') {
    if (checkpoint.state === 'verifying') return;
    const file = checkpoint.offer.files[checkpoint.fileIndex];
    if (file === undefined) return;
    send(step, fetch.from, {
      kind: 'getChunk',
      checkpoint: checkpoint.offer.head.base.op,
      file: file.name,
      offset: checkpoint.offset,
      nonce: fetch.nonce,
    });
    return;
  }
  send(step, fetch.from, {
    kind: 'getState',
    view: fetch.view,
    purpose: fetch.purpose,
    after: fetchedTo(fetch),
    afterChain: fetch.entries.at(-1)?.chain ?? fetch.afterChain,
    nonce: fetch.nonce,
  });
}

/** The last op in hand. */
export const fetchedTo = (fetch: Fetch): OpNumber => (fetch.after + fetch.entries.length) as OpNumber;

/**
 * On a tick: asks again for what did not come. A checkpoint goes on where it stopped; a log fetch of a running view begins
 * anew with the next heartbeat; data may come from anyone.
 */
export function askAgainWhenLate(step: Step): void {
  const { state, now } = step;
  const { fetch } = state;
  if (fetch === undefined || now.nowMs - fetch.askedAtMs < patienceMs(state)) return;
  if (fetch.checkpoint?.state === 'verifying') return;
  const isWorthAsking = fetch.checkpoint !== undefined || fetch.purpose === 'doViewChange';
  if (isWorthAsking && ++fetch.asks <= ASKS_MAX) return ask(step, fetch);
  state.fetch = undefined;
  state.fetchesInVain++;
  if (state.recovery !== undefined) state.recovery.source = undefined;
}

const patienceMs = ({ config, fetchesInVain }: State): number =>
  config.heartbeatMs * Math.min(ASK_AGAIN_AFTER.first * 2 ** fetchesInVain, ASK_AGAIN_AFTER.longest);

/** What was asked for has come. */
export function noteAnswered(state: State, fetch: Fetch): void {
  fetch.asks = 0;
  state.fetchesInVain = 0;
}

/** Another replica than this one, by chance. */
export const anyPeer = ({ state, now }: Step): ReplicaIndex | undefined => {
  const peers = peersOf(state);
  return peers[now.randomU32 % peers.length];
};

/** Answers a request for state, if this replica has what is wanted (5.2, rule 5). */
export function onGetState(step: Step, from: ReplicaIndex, message: GetState): string | undefined {
  const { state } = step;
  const ignored = whyNotServed(state, message);
  if (ignored !== undefined) return ignored;
  const { log } = state;
  if (message.after < log.base.op) {
    const { view, logView, checkpoints } = state;
    pin(step, from, checkpoints.newest);
    step.effects.push({ kind: 'offerCheckpoint', to: from, view, logView, nonce: message.nonce });
    return undefined;
  }
  const chain = chainAt(log, message.after);
  if (chain !== message.afterChain) {
    if (message.purpose === 'normal' && chain !== undefined)
      send(step, from, { kind: 'differs', view: state.view, op: message.after, chain });
    return `the asker holds something else at op ${message.after}`;
  }
  if (isBehind(state, message.after)) pin(step, from, message.after);
  const isFounded = lastOp(log) >= 2;
  const isCommittedOnly = message.purpose === 'data' && isFounded;
  const end = isCommittedOnly ? state.commit : message.purpose === 'doViewChange' ? state.durable : lastOp(log);
  send(step, from, {
    kind: 'newState',
    view: state.view,
    logView: state.logView,
    start: state.start,
    commit: state.commit,
    op: end,
    suffix:
      message.after >= end
        ? { after: message.after, afterChain: message.afterChain, entries: [] }
        : suffixAfter(log, message.after, end, state.config.suffixBytesMax),
    nonce: message.nonce,
    isFounded,
  });
  return undefined;
}

/** What follows would be forgotten with the next checkpoint. */
const isBehind = ({ checkpoints }: State, after: OpNumber): boolean => after < checkpoints.newest;

function whyNotServed(state: State, message: GetState): string | undefined {
  if (state.status === 'founding') return 'the own folder is empty';
  if (message.after > lastOp(state.log)) return 'the asker is ahead';
  switch (message.purpose) {
    case 'normal':
      if (state.status !== 'normal' || state.logView !== state.view) return 'not in the normal case of a view';
      // A recovering asker names the view it must stay above; it takes the log of any later one.
      return message.view <= state.view ? undefined : 'of a later view';
    case 'doViewChange':
      if (state.status !== 'view-change' || message.view !== state.view) return 'no doViewChange was sent in this view';
      return undefined;
    case 'data':
      if (state.status === 'recovering') return 'recovering';
      if (lastOp(state.log) < 2 && (state.status !== 'normal' || state.logView !== state.view)) return 'no view stands';
      return undefined;
  }
}

/** Serves a piece of the own checkpoint. */
export function onGetChunk(step: Step, from: ReplicaIndex, message: GetChunk): string | undefined {
  if (step.state.status === 'founding' || step.state.status === 'recovering') return 'nothing to serve';
  const { checkpoint, file, offset, nonce } = message;
  keepPin(step, from);
  const length = step.state.config.chunkBytesMax ?? CHUNK_BYTES_MAX;
  step.effects.push({ kind: 'sendChunk', to: from, checkpoint, file, offset, length, nonce });
  return undefined;
}

/** Adds what a fetch brought. Returns false when it does not continue what is in hand. */
export function addFetched(
  fetch: Fetch,
  suffix: { after: OpNumber; afterChain: string; entries: readonly Fetch['entries'][number][] },
): boolean {
  const chain = fetch.entries.at(-1)?.chain ?? fetch.afterChain;
  if (suffix.after !== fetchedTo(fetch) || suffix.afterChain !== chain) return false;
  fetch.entries.push(...suffix.entries);
  return true;
}
