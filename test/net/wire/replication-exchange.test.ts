import { expect } from 'chai';
import fc from 'fast-check';
import type {
  ReplicationExchangeRequest,
  ReplicationExchangeRequest__Output,
} from '../../../src/net/generated/justhungry/v1/ReplicationExchangeRequest.js';
import { wireMessage } from '../../../src/net/message-codec.js';
import { messageCodec } from '../../../src/net/proto-files.js';
import {
  peerMessageBytes,
  peerMessageEncoder,
  readBatch,
  writeBatch,
} from '../../../src/net/wire/replication-exchange.js';
import type { Message } from '../../../src/vsr/message.js';
import { messagesOfKind } from '../support/message-arbitraries.js';
import { damaged, outcomeOf, uint32s, uint64s, wireTexts, withoutDefaults } from '../support/wire-oracle.js';

const codec = messageCodec<ReplicationExchangeRequest, ReplicationExchangeRequest__Output>(
  'justhungry.v1.ReplicationExchangeRequest',
);

const { prepare, prepareOk, heartbeat, heartbeatOk } = messagesOfKind;
const hot = fc.oneof<fc.Arbitrary<Message>[]>(prepare, prepareOk, heartbeat, heartbeatOk);
const messages = fc.oneof(
  { weight: 3, arbitrary: hot },
  { weight: 1, arbitrary: fc.oneof(...(Object.values(messagesOfKind) as fc.Arbitrary<Message>[])) },
);
const frames = fc.record({ sender: uint32s, cluster_id: wireTexts, members_hash: wireTexts });
const batches = fc.record({ frame: frames, messages: fc.array(messages, { maxLength: 4 }) });
type Batch = typeof batches extends fc.Arbitrary<infer T> ? T : never;

const oursOf = ({ frame, messages: list }: Batch): Buffer =>
  writeBatch({ ...frame, messages: list.map(peerMessageBytes) });
const objectOf = ({ frame, messages: list }: Batch): ReplicationExchangeRequest => ({
  ...frame,
  messages: list.map(wireMessage),
});

/** What the wire may carry beyond what replicas say: any numbers and texts, no rows and empty ones. */
const anything: fc.Arbitrary<ReplicationExchangeRequest> = fc.record({
  messages: fc.array(
    fc.oneof(
      fc.constant({}),
      fc.record({
        prepare: fc.record(
          {
            view: uint64s,
            start: uint64s,
            commit: uint64s,
            rows: fc.array(fc.uint8Array({ maxLength: 200 }).map((row) => Buffer.from(row))),
          },
          { requiredKeys: [] },
        ),
      }),
      fc.record({ prepare_ok: fc.record({ view: uint64s, op: uint64s, chain: wireTexts }, { requiredKeys: [] }) }),
      fc.record({
        heartbeat: fc.record({ view: uint64s, round: uint64s, commit_chain: wireTexts }, { requiredKeys: [] }),
      }),
      fc.record({ heartbeat_ok: fc.record({ round: uint64s, op: uint64s, chain: wireTexts }, { requiredKeys: [] }) }),
    ),
    { maxLength: 4 },
  ),
});

describe('replication exchange on the wire', () => {
  it('write: protobufjs reads the same batch', () => {
    fc.assert(
      fc.property(batches, (batch) => {
        expect(codec.read(oursOf(batch))).to.deep.equal(codec.read(codec.write(objectOf(batch))));
      }),
      { numRuns: 500 },
    );
  });

  it('write: the bytes that protobufjs would have written (messages of every order)', () => {
    fc.assert(
      fc.property(frames, fc.array(hot, { maxLength: 4 }), (frame, list) => {
        const batch = { frame, messages: list };
        const canonical = codec.write(withoutDefaults(objectOf(batch)) as ReplicationExchangeRequest);
        expect(oursOf(batch).equals(canonical)).to.equal(true);
      }),
      { numRuns: 500 },
    );
  });

  it('write: once, what goes to several peers', () => {
    const encode = peerMessageEncoder();
    const [one, other] = fc.sample(prepare, 2);
    if (one === undefined || other === undefined) throw new Error('two prepares');
    const bytes = encode(one);
    expect(encode(other).equals(peerMessageBytes(other))).to.equal(true);
    expect(encode(one) === bytes, 'the same bytes, not equal ones').to.equal(true);
    expect(encode({ ...one }) === bytes, 'known by the message itself').to.equal(false);
  });

  it('read: what protobufjs wrote is the object of proto-loader', () => {
    fc.assert(
      fc.property(fc.oneof(batches.map(objectOf), anything), (batch) => {
        const bytes = codec.write(batch);
        expect(readBatch(bytes)).to.deep.equal(codec.read(bytes));
      }),
      { numRuns: 500 },
    );
  });

  it('read: damaged bytes are refused, or read as by protobufjs', () => {
    fc.assert(
      fc.property(damaged(fc.oneof(batches.map(oursOf), anything.map(codec.write))), (bytes) => {
        const ours = outcomeOf(readBatch, bytes);
        if (ours.kind === 'read') expect(ours.message).to.deep.equal(codec.read(bytes));
      }),
      { numRuns: 3000 },
    );
  });

  it('read: two kinds in one message, as by protobufjs', () => {
    const one = { prepare_ok: { view: 1, op: 2 } };
    const other = { heartbeat: { view: 3 } };
    for (const both of [
      [one, other],
      [other, one],
      [one, one],
    ]) {
      const inside = Buffer.concat(both.map((message) => codec.write({ messages: [message] }).subarray(2)));
      const bytes = Buffer.concat([Buffer.from([0x22, inside.length]), inside]);
      expect(readBatch(bytes)).to.deep.equal(codec.read(bytes));
    }
  });
});
