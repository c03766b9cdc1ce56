import { expect } from 'chai';
import fc from 'fast-check';
import { encodeEntry, type Entry } from '../../src/base/entry.js';
import { op, replicaIndex, view } from '../../src/base/numbers.js';
import type { ReplicationExchangeRequest } from '../../src/net/generated/justhungry/v1/ReplicationExchangeRequest.js';
import type { ReplicationExchangeRequest__Output } from '../../src/net/generated/justhungry/v1/ReplicationExchangeRequest.js';
import { wireMessage } from '../../src/net/message-codec.js';
import { membersHash, receivedBatch } from '../../src/net/peer-batch.js';
import { messageCodec } from '../../src/net/proto-files.js';
import type { LogSuffix, Message } from '../../src/vsr/message.js';

const codec = messageCodec<ReplicationExchangeRequest, ReplicationExchangeRequest__Output>(
  'justhungry.v1.ReplicationExchangeRequest',
);
const hash = membersHash(['a', 'b', 'c']);
const me = { self: replicaIndex(0), count: 3, membersHash: hash };

const number = fc.nat({ max: Number.MAX_SAFE_INTEGER });
const views = number.map(view);
const ops = number.map(op);
const chains = fc.stringMatching(/^[0-9a-f]{32}$/);
const hashes = fc.stringMatching(/^[0-9a-f]{64}$/);
const files = fc.constantFrom('orders.csv', 'order-status.csv', 'journal/000001.csv', 'menu.csv');
const texts = fc.string({ unit: 'binary' }).map((text) => Buffer.from(text).toString());

/** Entries without gaps from an op on. */
function entriesFrom(first: number, updates: readonly string[], chain: string): Entry[] {
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
const arbitraries: { readonly [K in Message['kind']]: fc.Arbitrary<Extract<Message, { kind: K }>> } = {
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

const batchOf = (messages: readonly Message[], changes: Partial<ReplicationExchangeRequest> = {}): Buffer =>
  codec.write({ sender: 1, cluster_id: 'c', members_hash: hash, messages: messages.map(wireMessage), ...changes });

describe('message codec', () => {
  for (const [name, arbitrary] of Object.entries(arbitraries)) {
    it(`round trip: ${name}`, () => {
      fc.assert(
        fc.property(arbitrary as fc.Arbitrary<Message>, (message) => {
          const { envelopes, problems } = receivedBatch(codec.read(batchOf([message])), me);
          expect(problems).to.deep.equal([]);
          expect(envelopes).to.deep.equal([{ from: 1, clusterId: 'c', message }]);
        }),
        { numRuns: 50 },
      );
    });
  }

  it('gate: a bad frame drops the batch', () => {
    const message: Message = { kind: 'recovery', nonce: 1 };
    for (const changes of [{ sender: 0 }, { sender: 3 }, { members_hash: 'other' }, { cluster_id: 'a b' }]) {
      const { envelopes, problems } = receivedBatch(codec.read(batchOf([message], changes)), me);
      expect(envelopes, JSON.stringify(changes)).to.deep.equal([]);
      expect(problems).to.have.length(1);
    }
  });

  it('gate: a bad message drops itself alone', () => {
    const [entry] = entriesFrom(5, ['x'], '0'.repeat(32));
    if (entry === undefined) throw new Error('one entry');
    const row = Buffer.from(entry.row);
    const broken = Buffer.from(row);
    broken[row.indexOf('x')] = 0x79;
    const common = { view: 1, start: 1, commit: 1 };
    const bad = [
      {},
      { prepare: { ...common, rows: [] } },
      { prepare: { ...common, rows: [broken] } },
      { prepare: { ...common, rows: [Buffer.concat([row, row])] } },
      { prepare: { ...common, rows: [row, row] } },
      { prepare: { ...common, rows: [row.subarray(0, -1)] } },
      { prepare_ok: { view: 2 ** 60, op: 1 } },
      { do_view_change: { view: 1, chain: '0'.repeat(32), suffix: null } },
      { get_state: { view: 1, purpose: 'PURPOSE_UNSPECIFIED', after_chain: '0'.repeat(32) } as const },
      { get_state: { view: 1, purpose: 'PURPOSE_DATA', after_chain: 'short' } as const },
      { get_chunk: { file: '../../etc/passwd' } },
      { get_chunk: { file: '/etc/passwd' } },
      { chunk: { file: '' } },
      { submit_outbox: { view: 1, items: ['not json'] } },
      { submit_outbox: { view: 1, items: ['{}'] } },
      { checkpoint_offered: { chain: '0'.repeat(32), files: [{ name: 'a.csv', hash: 'x' }] } },
    ];
    const messages = [...bad, wireMessage({ kind: 'recovery', nonce: 9 })];
    const { envelopes, problems } = receivedBatch(codec.read(batchOf([], { messages })), me);
    expect(envelopes.map(({ message }) => message)).to.deep.equal([{ kind: 'recovery', nonce: 9 }]);
    expect(problems).to.have.length(bad.length);
  });

  it('gate: no bytes crash it', () => {
    const valid = batchOf(fc.sample(fc.oneof(...Object.values(arbitraries)) as fc.Arbitrary<Message>, 20));
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.nat(valid.length - 1), fc.nat(255)), { maxLength: 5 }), (changes) => {
        const bytes = Buffer.from(valid);
        for (const [at, value] of changes) bytes[at] = value;
        let batch: ReplicationExchangeRequest__Output;
        try {
          batch = codec.read(bytes);
        } catch {
          return;
        }
        receivedBatch(batch, me);
      }),
    );
  });
});
