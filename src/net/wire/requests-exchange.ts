import type { CallReply, CallReply__Output } from '../generated/justhungry/v1/CallReply.js';
import type { ForwardedCall__Output } from '../generated/justhungry/v1/ForwardedCall.js';
import type { PostcodeCheck__Output } from '../generated/justhungry/v1/PostcodeCheck.js';
import type { RequestsExchangeRequest__Output } from '../generated/justhungry/v1/RequestsExchangeRequest.js';
import type { RequestsExchangeResponse__Output } from '../generated/justhungry/v1/RequestsExchangeResponse.js';
import { messageCodec } from '../proto-files.js';
import { verdictOfNumber, VERDICT_NUMBER } from './wire-enums.js';
import { WireReader } from './wire-reader.js';
import { wireWriter, type WireWriter } from './wire-writer.js';

/** A call on its way out: every field given. */
export type WireCall = ForwardedCall__Output;
/** A reply on its way out: its number and one outcome. */
export type WireReply = CallReply & { readonly call: number; readonly ok?: Buffer };
/** A RequestsExchangeRequest on its way out. */
export interface WireCalls {
  calls: WireCall[];
}
/** A RequestsExchangeResponse on its way out. */
export interface WireReplies {
  replies: WireReply[];
}

/** Replies that are no `ok` are rare: protobufjs writes and reads them. */
const replyCodec = messageCodec<CallReply, CallReply__Output>('justhungry.v1.CallReply');

/** A RequestsExchangeRequest. */
export function writeCalls({ calls }: WireCalls): Buffer {
  const writer = wireWriter();
  for (const call of calls) {
    writer.begin(1, 2);
    writeCall(writer, call);
    writer.end();
  }
  return writer.take();
}

function writeCall(writer: WireWriter, call: WireCall): void {
  writer.natural(1, call.call);
  writer.text(2, call.method);
  if (call.payload.length > 0) writer.bytes(3, call.payload);
  writer.natural(4, call.deadline_ms);
  if (call.postcode !== null) {
    const { verdict, normalised, reason } = call.postcode;
    writer.begin(5);
    writer.int32(1, VERDICT_NUMBER[verdict]);
    writer.text(2, normalised);
    writer.text(3, reason);
    writer.end();
  }
  writer.bool(6, call.is_staff);
  writer.natural(7, call.hops);
  writer.bool(8, call.is_relay_wanted);
  writer.bool(9, call.is_alone);
}

/** The RequestsExchangeRequest of these bytes; payloads are views of them. Throws MalformedError. */
export function readCalls(bytes: Buffer): RequestsExchangeRequest__Output {
  const reader = new WireReader(bytes);
  const calls: ForwardedCall__Output[] = [];
  while (reader.more()) {
    if (reader.field() === 1) calls.push(reader.message('calls', readCall));
    else reader.skip();
  }
  return { calls };
}

const NO_BYTES = Buffer.alloc(0);

function readCall(reader: WireReader): ForwardedCall__Output {
  const call: ForwardedCall__Output = {
    call: 0,
    method: '',
    payload: NO_BYTES,
    deadline_ms: 0,
    postcode: null,
    is_staff: false,
    hops: 0,
    is_relay_wanted: false,
    is_alone: false,
  };
  while (reader.more()) {
    switch (reader.field()) {
      case 1:
        call.call = reader.uint32('call');
        break;
      case 2:
        call.method = reader.text('method');
        break;
      case 3:
        call.payload = reader.bytes('payload');
        break;
      case 4:
        call.deadline_ms = reader.uint64('deadline_ms');
        break;
      case 5:
        call.postcode = reader.message('postcode', readPostcode);
        break;
      case 6:
        call.is_staff = reader.bool('is_staff');
        break;
      case 7:
        call.hops = reader.uint32('hops');
        break;
      case 8:
        call.is_relay_wanted = reader.bool('is_relay_wanted');
        break;
      case 9:
        call.is_alone = reader.bool('is_alone');
        break;
      default:
        reader.skip();
    }
  }
  return call;
}

function readPostcode(reader: WireReader): PostcodeCheck__Output {
  const check: PostcodeCheck__Output = { verdict: 'POSTCODE_VERDICT_UNSPECIFIED', normalised: '', reason: '' };
  while (reader.more()) {
    switch (reader.field()) {
      case 1:
        check.verdict = verdictOfNumber(reader.int32('verdict'));
        break;
      case 2:
        check.normalised = reader.text('normalised');
        break;
      case 3:
        check.reason = reader.text('reason');
        break;
      default:
        reader.skip();
    }
  }
  return check;
}

/** A RequestsExchangeResponse. */
export function writeReplies({ replies }: WireReplies): Buffer {
  const writer = wireWriter();
  for (const reply of replies) {
    if (reply.ok === undefined) {
      writer.bytes(1, replyCodec.write(reply));
      continue;
    }
    writer.begin(1, 2);
    writer.natural(1, reply.call);
    writer.bytes(2, reply.ok);
    writer.end();
  }
  return writer.take();
}

/** The RequestsExchangeResponse of these bytes; payloads are views of them. Throws MalformedError. */
export function readReplies(bytes: Buffer): RequestsExchangeResponse__Output {
  const reader = new WireReader(bytes);
  const replies: CallReply__Output[] = [];
  while (reader.more()) {
    if (reader.field() === 1) replies.push(reader.message('replies', readReply));
    else reader.skip();
  }
  return { replies };
}

function readReply(reader: WireReader): CallReply__Output {
  const whole = reader.mark();
  let call = 0;
  let ok: Buffer | undefined;
  while (reader.more()) {
    switch (reader.field()) {
      case 1:
        call = reader.uint32('call');
        break;
      case 2:
        ok = reader.bytes('ok');
        break;
      default:
        return reader.readOtherwise(whole, replyCodec.read);
    }
  }
  return ok === undefined ? { call } : { call, ok, outcome: 'ok' };
}
