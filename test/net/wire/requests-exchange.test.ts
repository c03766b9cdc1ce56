import { expect } from 'chai';
import fc from 'fast-check';
import type {
  RequestsExchangeRequest,
  RequestsExchangeRequest__Output,
} from '../../../src/net/generated/justhungry/v1/RequestsExchangeRequest.js';
import type {
  RequestsExchangeResponse,
  RequestsExchangeResponse__Output,
} from '../../../src/net/generated/justhungry/v1/RequestsExchangeResponse.js';
import { WIRE_VERDICT } from '../../../src/net/ordering-enums.js';
import { messageCodec } from '../../../src/net/proto-files.js';
import { wireProblem, wireShape } from '../../../src/net/wire-check.js';
import {
  readCalls,
  readReplies,
  writeCalls,
  writeReplies,
  type WireCalls,
  type WireReplies,
  type WireReply,
} from '../../../src/net/wire/requests-exchange.js';
import { VERDICT_NUMBER } from '../../../src/net/wire/wire-enums.js';
import {
  damaged,
  outcomeOf,
  TOO_MANY_BYTES,
  uint32s,
  uint64s,
  wireTexts,
  withoutDefaults,
} from '../support/wire-oracle.js';

const callsCodec = messageCodec<RequestsExchangeRequest, RequestsExchangeRequest__Output>(
  'justhungry.v1.RequestsExchangeRequest',
);
const repliesCodec = messageCodec<RequestsExchangeResponse, RequestsExchangeResponse__Output>(
  'justhungry.v1.RequestsExchangeResponse',
);
const callsShape = wireShape(callsCodec.name);

const payloads = fc.uint8Array({ maxLength: 300 }).map((bytes) => Buffer.from(bytes));
const verdicts = fc.constantFrom(...(Object.keys(VERDICT_NUMBER) as (keyof typeof VERDICT_NUMBER)[]));
const calls: fc.Arbitrary<WireCalls> = fc.record({
  calls: fc.array(
    fc.record({
      call: uint32s,
      method: fc.oneof(fc.constant('MakeOrder'), wireTexts),
      payload: payloads,
      deadline_ms: uint64s,
      postcode: fc.option(fc.record({ verdict: verdicts, normalised: wireTexts, reason: wireTexts })),
      is_staff: fc.boolean(),
      hops: uint32s,
      is_relay_wanted: fc.boolean(),
      is_alone: fc.boolean(),
    }),
    { maxLength: 5 },
  ),
});

const receipts = fc.record({
  op: uint64s,
  view: uint64s,
  copies: uint32s,
  committed: fc.boolean(),
  chain: wireTexts,
});
const replies: fc.Arbitrary<WireReplies> = fc.record({
  replies: fc.array(
    fc.oneof<fc.Arbitrary<WireReply>[]>(
      fc.record({ call: uint32s, ok: payloads }),
      fc.record({
        call: uint32s,
        refused: fc.record({
          reason: wireTexts,
          message: wireTexts,
          details: fc.dictionary(fc.string(), wireTexts).map((details) => ({ ...details })),
          primary_hint: wireTexts,
        }),
      }),
      fc.record({ call: uint32s, dropped: fc.constant({}) }),
      fc.record({ call: uint32s, not_met: fc.record({ receipt: receipts, copies_needed: uint32s }) }),
    ),
    { maxLength: 5 },
  ),
});

/** As proto3 writes them: an empty payload is left out too. */
function canonicalCalls({ calls: list }: WireCalls): RequestsExchangeRequest {
  const kept = list.map((call) => ({ ...call, payload: call.payload.length === 0 ? null : call.payload }));
  return withoutDefaults({ calls: kept }) as RequestsExchangeRequest;
}

describe('requests exchange on the wire', () => {
  it('calls: protobufjs reads what was written, and would have written the same bytes', () => {
    fc.assert(
      fc.property(calls, (message) => {
        const bytes = writeCalls(message);
        expect(callsCodec.read(bytes)).to.deep.equal(message);
        expect(bytes.equals(callsCodec.write(canonicalCalls(message)))).to.equal(true);
      }),
      { numRuns: 500 },
    );
  });

  it('calls: what protobufjs wrote is read as by proto-loader', () => {
    fc.assert(
      fc.property(calls, (message) => {
        // With its defaults written out, and as short as it can be.
        for (const bytes of [callsCodec.write(message), callsCodec.write(canonicalCalls(message))]) {
          expect(readCalls(bytes)).to.deep.equal(message);
        }
      }),
      { numRuns: 500 },
    );
  });

  it('calls: damaged bytes are refused, or read as by descriptor and protobufjs', () => {
    fc.assert(
      fc.property(damaged(calls.map(writeCalls)), (bytes) => {
        const ours = outcomeOf(readCalls, bytes);
        if (ours.kind === 'refused' && TOO_MANY_BYTES.test(ours.problem)) return;
        const problem = wireProblem(bytes, callsShape);
        expect(ours).to.deep.equal(
          problem === undefined ? { kind: 'read', message: callsCodec.read(bytes) } : { kind: 'refused', problem },
        );
      }),
      { numRuns: 3000 },
    );
  });

  it('calls: a verdict of another version stays a number', () => {
    const bytes = callsCodec.write({ calls: [{ postcode: { verdict: 77 as never } }] });
    expect(readCalls(bytes)).to.deep.equal(callsCodec.read(bytes));
  });

  it('verdicts: those of the domain are those of the proto', () => {
    expect(Object.values(WIRE_VERDICT).every((name) => VERDICT_NUMBER[name] > 0)).to.equal(true);
  });

  it('replies: protobufjs reads what was written', () => {
    fc.assert(
      fc.property(replies, (message) => {
        expect(repliesCodec.read(writeReplies(message))).to.deep.equal(repliesCodec.read(repliesCodec.write(message)));
      }),
      { numRuns: 500 },
    );
  });

  it('replies: what protobufjs wrote is read as by proto-loader', () => {
    fc.assert(
      fc.property(replies.map(repliesCodec.write), (bytes) => {
        expect(readReplies(bytes)).to.deep.equal(repliesCodec.read(bytes));
      }),
      { numRuns: 500 },
    );
  });

  it('replies: damaged bytes are refused, or read as by protobufjs', () => {
    fc.assert(
      fc.property(damaged(replies.map(writeReplies)), (bytes) => {
        const ours = outcomeOf(readReplies, bytes);
        if (ours.kind === 'read') expect(ours.message).to.deep.equal(repliesCodec.read(bytes));
      }),
      { numRuns: 3000 },
    );
  });
});
