import type { Message } from '../../vsr/message.js';
import type { Heartbeat__Output } from '../generated/justhungry/v1/Heartbeat.js';
import type { HeartbeatOk__Output } from '../generated/justhungry/v1/HeartbeatOk.js';
import type { PeerMessage, PeerMessage__Output } from '../generated/justhungry/v1/PeerMessage.js';
import type { Prepare__Output } from '../generated/justhungry/v1/Prepare.js';
import type { PrepareOk__Output } from '../generated/justhungry/v1/PrepareOk.js';
import type { ReplicationExchangeRequest__Output } from '../generated/justhungry/v1/ReplicationExchangeRequest.js';
import { wireMessage } from '../message-codec.js';
import { messageCodec } from '../proto-files.js';
import { WireReader } from './wire-reader.js';
import { wireWriter } from './wire-writer.js';

/** A batch on its way out. */
export interface WireBatch {
  readonly sender: number;
  readonly cluster_id: string;
  readonly members_hash: string;
  /** Each as `peerMessageBytes` makes it. */
  readonly messages: readonly Uint8Array[];
}

/** Messages that are not sent for every order or heartbeat: protobufjs writes and reads them. */
const peerMessageCodec = messageCodec<PeerMessage, PeerMessage__Output>('justhungry.v1.PeerMessage');

/** A PeerMessage. It says nothing of sender or receiver: made once, it serves for every peer. */
export function peerMessageBytes(message: Message): Buffer {
  const writer = wireWriter();
  switch (message.kind) {
    case 'prepare':
      writer.begin(1, 3);
      writer.natural(1, message.view);
      writer.natural(2, message.start);
      writer.natural(3, message.commit);
      for (const { row } of message.entries) writer.bytes(4, row);
      break;
    case 'prepareOk':
      writer.begin(2);
      writer.natural(1, message.view);
      writer.natural(2, message.op);
      writer.text(3, message.chain);
      break;
    case 'heartbeat':
      writer.begin(3);
      writer.natural(1, message.view);
      writer.natural(2, message.start);
      writer.natural(3, message.commit);
      writer.natural(4, message.op);
      writer.natural(5, message.round);
      writer.text(6, message.commitChain);
      break;
    case 'heartbeatOk':
      writer.begin(4);
      writer.natural(1, message.view);
      writer.natural(2, message.round);
      writer.natural(3, message.op);
      writer.text(4, message.chain);
      break;
    default:
      return peerMessageCodec.write(wireMessage(message));
  }
  writer.end();
  return writer.take();
}

/**
 * `peerMessageBytes` that writes once what the core says to several peers as one message: a prepare, a heartbeat. The bytes
 * are forgotten with the message.
 */
export function peerMessageEncoder(): (message: Message) => Buffer {
  const written = new WeakMap<Message, Buffer>();
  return (message) => {
    const known = written.get(message);
    if (known !== undefined) return known;
    const bytes = peerMessageBytes(message);
    if (message.kind === 'prepare' || message.kind === 'heartbeat') written.set(message, bytes);
    return bytes;
  };
}

/** A ReplicationExchangeRequest. */
export function writeBatch({ sender, cluster_id, members_hash, messages }: WireBatch): Buffer {
  const writer = wireWriter();
  writer.natural(1, sender);
  writer.text(2, cluster_id);
  writer.text(3, members_hash);
  for (const message of messages) writer.bytes(4, message);
  return writer.take();
}

/** The ReplicationExchangeRequest of these bytes; rows are views of them. Throws MalformedError. */
export function readBatch(bytes: Buffer): ReplicationExchangeRequest__Output {
  const reader = new WireReader(bytes);
  const batch: ReplicationExchangeRequest__Output = { sender: 0, cluster_id: '', members_hash: '', messages: [] };
  while (reader.more()) {
    switch (reader.field()) {
      case 1:
        batch.sender = reader.uint32('sender');
        break;
      case 2:
        batch.cluster_id = reader.text('cluster_id');
        break;
      case 3:
        batch.members_hash = reader.text('members_hash');
        break;
      case 4:
        batch.messages.push(reader.message('messages', readPeerMessage));
        break;
      default:
        reader.skip();
    }
  }
  return batch;
}

function readPeerMessage(reader: WireReader): PeerMessage__Output {
  const start = reader.mark();
  if (!reader.more()) return {};
  const message = readHot(reader);
  // Another kind, or more than one, which nobody writes.
  return message === undefined || reader.more() ? reader.readOtherwise(start, peerMessageCodec.read) : message;
}

function readHot(reader: WireReader): PeerMessage__Output | undefined {
  switch (reader.field()) {
    case 1:
      return { prepare: reader.message('prepare', readPrepare), message: 'prepare' };
    case 2:
      return { prepare_ok: reader.message('prepare_ok', readPrepareOk), message: 'prepare_ok' };
    case 3:
      return { heartbeat: reader.message('heartbeat', readHeartbeat), message: 'heartbeat' };
    case 4:
      return { heartbeat_ok: reader.message('heartbeat_ok', readHeartbeatOk), message: 'heartbeat_ok' };
    default:
      return undefined;
  }
}

function readPrepare(reader: WireReader): Prepare__Output {
  const prepare: Prepare__Output = { view: 0, start: 0, commit: 0, rows: [] };
  while (reader.more()) {
    switch (reader.field()) {
      case 1:
        prepare.view = reader.uint64('view');
        break;
      case 2:
        prepare.start = reader.uint64('start');
        break;
      case 3:
        prepare.commit = reader.uint64('commit');
        break;
      case 4:
        prepare.rows.push(reader.bytes('rows'));
        break;
      default:
        reader.skip();
    }
  }
  return prepare;
}

function readPrepareOk(reader: WireReader): PrepareOk__Output {
  const prepareOk: PrepareOk__Output = { view: 0, op: 0, chain: '' };
  while (reader.more()) {
    switch (reader.field()) {
      case 1:
        prepareOk.view = reader.uint64('view');
        break;
      case 2:
        prepareOk.op = reader.uint64('op');
        break;
      case 3:
        prepareOk.chain = reader.text('chain');
        break;
      default:
        reader.skip();
    }
  }
  return prepareOk;
}

function readHeartbeat(reader: WireReader): Heartbeat__Output {
  const heartbeat: Heartbeat__Output = { view: 0, start: 0, commit: 0, op: 0, round: 0, commit_chain: '' };
  while (reader.more()) {
    switch (reader.field()) {
      case 1:
        heartbeat.view = reader.uint64('view');
        break;
      case 2:
        heartbeat.start = reader.uint64('start');
        break;
      case 3:
        heartbeat.commit = reader.uint64('commit');
        break;
      case 4:
        heartbeat.op = reader.uint64('op');
        break;
      case 5:
        heartbeat.round = reader.uint64('round');
        break;
      case 6:
        heartbeat.commit_chain = reader.text('commit_chain');
        break;
      default:
        reader.skip();
    }
  }
  return heartbeat;
}

function readHeartbeatOk(reader: WireReader): HeartbeatOk__Output {
  const heartbeatOk: HeartbeatOk__Output = { view: 0, round: 0, op: 0, chain: '' };
  while (reader.more()) {
    switch (reader.field()) {
      case 1:
        heartbeatOk.view = reader.uint64('view');
        break;
      case 2:
        heartbeatOk.round = reader.uint64('round');
        break;
      case 3:
        heartbeatOk.op = reader.uint64('op');
        break;
      case 4:
        heartbeatOk.chain = reader.text('chain');
        break;
      default:
        reader.skip();
    }
  }
  return heartbeatOk;
}
