import fc from 'fast-check';
import { encodeEntry, type Entry } from '../../../src/base/entry.js';
import { op, view } from '../../../src/base/numbers.js';
import type { LogSuffix, Message } from '../../../src/vsr/message.js';

const number = fc.nat({ max: Number.MAX_SAFE_INTEGER });
const views = number.map(view);
const ops = number.map(op);
const chains = fc.stringMatching(/^[0-9a-f]{32}$/);
const hashes = fc.stringMatching(/^[0-9a-f]{64}$/);
const files = fc.constantFrom('orders.csv', 'order-status.csv', 'journal/000001.csv', 'menu.csv');
const texts = fc.string({ unit: 'binary' }).map((text) => Buffer.from(text).toString());

/** Entries without gaps from an op on. */
export function entriesFrom(first: number, updates: readonly string[], chain: string): Entry[] {
  const entries: Entry[] = [];
  for (const [index, update] of updates.entries()) {
    const head = {
      op: op(first + index),
      view: view(7),
      timeMs: 1_700_000_000_000,
      requestId: 'r',
      service: 's',
      update,
    };
    entries.push(encodeEntry(head, entries.at(-1)?.chain ?? chain));
  }
  return entries;
}

const suffixes: fc.Arbitrary<LogSuffix> = fc
  .record({ after: fc.nat().map(op), afterChain: chains, updates: fc.array(texts, { maxLength: 4 }) })
  .map(({ after, afterChain, updates }) => ({
    after,
    afterChain,
    entries: entriesFrom(after + 1, updates, afterChain),
  }));
const prepared = fc
  .record({
    first: fc.integer({ min: 1, max: 1e9 }),
    chain: chains,
    updates: fc.array(texts, { minLength: 1, maxLength: 4 }),
  })
  .map(({ first, chain, updates }) => entriesFrom(first, updates, chain));
const outboxItems = fc
  .record({ requestId: texts, service: texts, update: texts, timeMs: number, view: number, op: number })
  .map((item) => JSON.stringify(item));
const offers = fc.record({
  head: fc.record({
    base: fc.record({ op: ops, chain: chains, timeMs: number }),
    snapshots: fc.dictionary(fc.constantFrom('ordering', 'message-log'), texts).map((map) => ({ ...map })),
  }),
  files: fc.array(fc.record({ name: files, length: number, hash: hashes, grows: fc.boolean() })),
});

const kind = <K extends Message['kind']>(value: K) => fc.constant(value);
/** Every kind of message, with all that it may hold. */
export const messagesOfKind: { readonly [K in Message['kind']]: fc.Arbitrary<Extract<Message, { kind: K }>> } = {
  prepare: fc.record({ kind: kind('prepare'), view: views, start: ops, commit: ops, entries: prepared }),
  prepareOk: fc.record({ kind: kind('prepareOk'), view: views, op: ops, chain: chains }),
  heartbeat: fc.record({
    kind: kind('heartbeat'),
    view: views,
    start: ops,
    commit: ops,
    commitChain: chains,
    op: ops,
    round: number,
  }),
  heartbeatOk: fc.record({ kind: kind('heartbeatOk'), view: views, round: number, op: ops, chain: chains }),
  claimed: fc.record({ kind: kind('claimed'), view: views, logView: views, op: ops }),
  differs: fc.record(
    { kind: kind('differs'), view: views, op: ops, chain: chains, ofMajority: fc.constant(true as const) },
    { requiredKeys: ['kind', 'view', 'op', 'chain'] },
  ),
  alive: fc.record({ kind: kind('alive'), view: views }),
  startViewChange: fc.record({ kind: kind('startViewChange'), view: views }),
  doViewChange: fc.record({
    kind: kind('doViewChange'),
    view: views,
    logView: views,
    op: ops,
    commit: ops,
    chain: chains,
    suffix: suffixes,
  }),
  startView: fc.record({ kind: kind('startView'), view: views, start: ops, commit: ops, suffix: suffixes }),
  getState: fc.record({
    kind: kind('getState'),
    view: views,
    purpose: fc.constantFrom('normal', 'doViewChange', 'data'),
    after: ops,
    afterChain: chains,
    nonce: number,
  }),
  newState: fc.record({
    kind: kind('newState'),
    view: views,
    logView: views,
    start: ops,
    commit: ops,
    op: ops,
    suffix: suffixes,
    nonce: number,
    isFounded: fc.boolean(),
  }),
  checkpointOffered: fc.record({
    kind: kind('checkpointOffered'),
    view: views,
    logView: views,
    nonce: number,
    offer: offers,
  }),
  getChunk: fc.record({ kind: kind('getChunk'), checkpoint: ops, file: files, offset: number, nonce: number }),
  chunk: fc.record({
    kind: kind('chunk'),
    checkpoint: ops,
    file: files,
    offset: number,
    bytes: fc.uint8Array(),
    isGone: fc.boolean(),
    nonce: number,
  }),
  recovery: fc.record({ kind: kind('recovery'), nonce: number }),
  recoveryResponse: fc.record({ kind: kind('recoveryResponse'), nonce: number, view: views }),
  wantReplica: fc.record({ kind: kind('wantReplica'), above: views, op: ops }),
  report: fc.record({ kind: kind('report'), nonce: number }),
  reportResponse: fc.record({
    kind: kind('reportResponse'),
    nonce: number,
    isEmpty: fc.boolean(),
    isFounded: fc.boolean(),
  }),
  submitOutbox: fc.record({ kind: kind('submitOutbox'), view: views, items: fc.array(outboxItems) }),
};
