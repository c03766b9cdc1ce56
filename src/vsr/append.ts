import { assert } from '../base/assert.js';
import { encodeEntry, type Entry } from '../base/entry.js';
import { maxOp, nextOp, type OpNumber, type View } from '../base/numbers.js';
import { lastChain, lastOp, lastTimeMs, pushEntry, SUFFIX_BYTES_MAX } from './log.js';
import type { Message } from './message.js';
import { actsAsPrimary, peersOf, send, type Step } from './state.js';

/** How far a backup may be behind before it is sent no more prepares: it then asks for what it misses, in its own time. */
export const PREPARE_WINDOW_OPS = 20_000;

/** What the next entry of the log will be given. */
export function nextHead(step: Step): { op: OpNumber; view: View; timeMs: number } {
  const { state, now } = step;
  return { op: nextOp(lastOp(state.log)), view: state.view, timeMs: Math.max(now.wallMs, lastTimeMs(state.log)) };
}

/** Primary: encodes an entry and adds it to the log in memory; `shipEntries` makes it durable and sends it. */
export function addEntry(step: Step, what: { requestId: string; service: string; update: string }): Entry {
  const { log } = step.state;
  const { op, view, timeMs } = nextHead(step);
  const { requestId, service, update } = what;
  const entry = encodeEntry({ op, view, timeMs, requestId, service, update }, lastChain(log));
  pushEntry(log, entry);
  return entry;
}

/** Primary: writes new entries to the own journal and sends them to the backups at the same time (4.1, step 3). */
export function shipEntries(step: Step, entries: readonly Entry[]): void {
  const { state } = step;
  const first = entries[0];
  if (first === undefined) return;
  assert(actsAsPrimary(state), 'only an acting primary ships entries');
  step.effects.push({ kind: 'append', entries, commit: state.commit });
  const { view, start, commit } = state;
  // One message for all peers: the transport writes it once.
  const prepares = inBatches(entries, state.config.suffixBytesMax ?? SUFFIX_BYTES_MAX).map((batch): Message => ({
    kind: 'prepare',
    view,
    start,
    commit,
    entries: batch,
  }));
  for (const peer of peersOf(state)) {
    const acked = state.acked[peer] ?? 0;
    if (first.op - maxOp(acked as OpNumber, state.start) > PREPARE_WINDOW_OPS) continue;
    for (const prepare of prepares) send(step, peer, prepare);
  }
}

/** Adds entries received from the view's log to the own one and its journal (rule 2 a). */
export function extendLog(step: Step, entries: readonly Entry[]): void {
  if (entries.length === 0) return;
  for (const entry of entries) pushEntry(step.state.log, entry);
  step.effects.push({ kind: 'append', entries, commit: step.state.commit });
}

function inBatches(entries: readonly Entry[], bytesMax: number): Entry[][] {
  const batches: Entry[][] = [];
  let batch: Entry[] = [];
  let bytes = 0;
  for (const entry of entries) {
    if (batch.length > 0 && bytes + entry.row.length > bytesMax) {
      batches.push(batch);
      batch = [];
      bytes = 0;
    }
    batch.push(entry);
    bytes += entry.row.length;
  }
  if (batch.length > 0) batches.push(batch);
  return batches;
}
