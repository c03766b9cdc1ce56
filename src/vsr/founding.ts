import { encodeEntry, type Entry } from '../base/entry.js';
import { minOp, op, view, type OpNumber, type ReplicaIndex } from '../base/numbers.js';
import { addEntry, shipEntries } from './append.js';
import { CORE, encodeCoreUpdate } from './core-entries.js';
import { beginFetch } from './fetch.js';
import { emptyLog, GENESIS, lastOp, pushEntry, type Log } from './log.js';
import type { NewState, ReportResponse } from './message.js';
import {
  actsAsPrimary,
  beginTransition,
  broadcast,
  peersOf,
  send,
  type State,
  type Step,
  type Transition,
} from './state.js';

/** Op of the founding entry, and of the one that records that all replicas have it. */
const FOUNDING_OP = op(1);
const FOUNDED_OP = op(2);

/**
 * Whether requests may be executed: op 2 is on the disk of every replica. Stricter than op 2 being in the log: an empty replica
 * that asks anyone then learns that it was wiped, as soon as there is anything it could have forgotten (docs/divergence.md).
 */
export const mayExecute = (state: State): boolean => lastOp(state.log) > FOUNDED_OP || state.commit >= FOUNDED_OP;

/**
 * The commit number that a log proves by itself: nothing is executed before op 2 is committed, so an entry behind it says that it
 * is. A new primary knows no other when the power has failed everywhere and took the marks; it must have applied the founding
 * before it executes anything, or it would judge orders by an empty menu.
 */
export const committedByFounding = (log: Log): OpNumber => (lastOp(log) > FOUNDED_OP ? FOUNDED_OP : op(0));

/**
 * Op 2 is committed when every replica has it on disk, not just a majority. So its commit number, which spreads with heartbeats
 * and votes, tells a later primary that requests may be executed, though one replica has died before the first of them.
 */
export function heldForFounding(state: State, reached: OpNumber): OpNumber {
  const isHeld = lastOp(state.log) === FOUNDED_OP && !state.acked.every((acked) => acked >= FOUNDED_OP);
  return isHeld ? minOp(reached, FOUNDING_OP) : reached;
}

/** On a tick with an empty folder: asks everyone whether theirs are empty too (rule 8). */
export function askWhoIsEmpty(step: Step): void {
  const { state, now } = step;
  if (state.status !== 'founding' || state.transition !== undefined) return;
  if (now.nowMs - state.lastWishMs < state.config.heartbeatMs) return;
  state.lastWishMs = now.nowMs;
  state.founding = { nonce: now.randomU32, empty: new Set() };
  broadcast(step, { kind: 'report', nonce: now.randomU32 });
  foundWhenAllAreEmpty(step);
}

/** Says what the own folder holds. */
export function onReport(step: Step, from: ReplicaIndex, nonce: number): string | undefined {
  const { state } = step;
  const isEmpty = state.status === 'founding';
  // A replica that has itself forgotten cannot say that nothing was there.
  if (state.status === 'recovering') return 'recovering';
  send(step, from, { kind: 'reportResponse', nonce, isEmpty, isFounded: lastOp(state.log) >= FOUNDED_OP });
  return undefined;
}

/** Collects the reports. Returns 'wiped' when the cluster is founded: then this folder has lost its promises (rule 7). */
export function onReportResponse(step: Step, from: ReplicaIndex, message: ReportResponse): string | undefined {
  const { state } = step;
  if (state.status !== 'founding' || state.founding?.nonce !== message.nonce) return 'not asked';
  if (message.isEmpty) {
    state.founding.empty.add(from);
    foundWhenAllAreEmpty(step);
  } else if (!message.isFounded) {
    beginFetch(step, 'data', state.view, from, op(0));
  }
  return undefined;
}

function foundWhenAllAreEmpty(step: Step): void {
  const { state, now } = step;
  if (state.config.self !== 0 || state.founding === undefined) return;
  if (!peersOf(state).every((peer) => state.founding?.empty.has(peer))) return;
  const seeds: Record<string, string> = {};
  for (const [name, service] of state.services) seeds[name] = service.foundingSeed();
  const clusterId = [now.randomU32, state.founding.nonce].map((part) => part.toString(16).padStart(8, '0')).join('');
  const update = encodeCoreUpdate({ kind: 'founding', clusterId, seeds });
  const head = { op: FOUNDING_OP, view: view(0), timeMs: now.wallMs, requestId: '', service: CORE, update };
  makeFolder(step, clusterId, 0, [encodeEntry(head, GENESIS.chain)]);
}

/** An empty replica joins a cluster that is being founded: it takes op 1 from a replica in a view's normal case. */
export function joinFounding(step: Step, clusterId: string, message: NewState): void {
  if (message.isFounded || message.suffix.after !== 0 || message.suffix.entries.length !== 1) return;
  if (message.logView !== message.view) return;
  makeFolder(step, clusterId, message.view, message.suffix.entries);
}

function makeFolder(step: Step, clusterId: string, inView: number, entries: readonly Entry[]): void {
  const { state } = step;
  state.clusterId = clusterId;
  state.view = view(inView);
  state.logView = state.view;
  state.fetch = undefined;
  state.founding = undefined;
  state.log = emptyLog(GENESIS);
  for (const entry of entries) pushEntry(state.log, entry);
  const promises = { clusterId, view: state.view, logView: state.view, recovering: false };
  step.effects.push({ kind: 'initialise', transition: beginTransition(step, 'founded'), promises, entries });
}

/** The folder is made: this replica is a member. */
export function afterFounded(step: Step, _transition: Transition): void {
  const { state, now } = step;
  for (const service of state.services.values()) service.restore('');
  state.status = 'normal';
  state.durable = lastOp(state.log);
  state.start = op(0);
  state.heardMs.fill(now.nowMs);
  state.primaryHeardMs = now.nowMs;
  state.acked.fill(op(0));
  foundedByAll(step);
}

/** Primary: writes op 2 once op 1 is on every replica's disk. */
export function foundedByAll(step: Step): void {
  const { state } = step;
  if (!actsAsPrimary(state) || lastOp(state.log) !== FOUNDING_OP) return;
  state.acked[state.config.self] = state.durable;
  if (!state.acked.every((acked) => acked >= FOUNDING_OP)) return;
  const update = encodeCoreUpdate({ kind: 'founded' });
  shipEntries(step, [addEntry(step, { requestId: '', service: CORE, update })]);
}
