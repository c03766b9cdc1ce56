import { expect } from 'chai';
import fc from 'fast-check';
import { replicaIndex } from '../../src/base/numbers.js';
import type { ReplicationExchangeRequest } from '../../src/net/generated/justhungry/v1/ReplicationExchangeRequest.js';
import type { ReplicationExchangeRequest__Output } from '../../src/net/generated/justhungry/v1/ReplicationExchangeRequest.js';
import { wireMessage } from '../../src/net/message-codec.js';
import { membersHash, receivedBatch } from '../../src/net/peer-batch.js';
import { messageCodec } from '../../src/net/proto-files.js';
import { peerMessageBytes, readBatch, writeBatch } from '../../src/net/wire/replication-exchange.js';
import type { Message } from '../../src/vsr/message.js';
import { entriesFrom, messagesOfKind } from './support/message-arbitraries.js';

const codec = messageCodec<ReplicationExchangeRequest, ReplicationExchangeRequest__Output>(
  'justhungry.v1.ReplicationExchangeRequest',
);
const hash = membersHash(['a', 'b', 'c']);
const me = { self: replicaIndex(0), count: 3, membersHash: hash };

const batchOf = (messages: readonly Message[], changes: Partial<ReplicationExchangeRequest> = {}): Buffer =>
  codec.write({ sender: 1, cluster_id: 'c', members_hash: hash, messages: messages.map(wireMessage), ...changes });

describe('message codec', () => {
  for (const [name, arbitrary] of Object.entries(messagesOfKind)) {
    it(`round trip: ${name}`, () => {
      fc.assert(
        fc.property(arbitrary as fc.Arbitrary<Message>, (message) => {
          const { envelopes, problems } = receivedBatch(codec.read(batchOf([message])), me);
          expect(problems).to.deep.equal([]);
          expect(envelopes).to.deep.equal([{ from: 1, clusterId: 'c', message }]);

          const frame = { sender: 1, cluster_id: 'c', members_hash: hash };
          const bytes = writeBatch({ ...frame, messages: [peerMessageBytes(message)] });
          expect(receivedBatch(readBatch(bytes), me), 'by the codec of the stream').to.deep.equal({
            envelopes,
            problems,
          });
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
    const valid = batchOf(fc.sample(fc.oneof(...Object.values(messagesOfKind)) as fc.Arbitrary<Message>, 20));
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
