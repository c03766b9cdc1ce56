import { credentials } from '@grpc/grpc-js';
import type { Message } from '../vsr/message.js';
import { bearerMetadata } from './bearer-token.js';
import { CLUSTER_MESSAGE_BYTES_MAX, clusterChannelOptions } from './channel-options.js';
import type { PeerMessage } from './generated/justhungry/v1/PeerMessage.js';
import type { ReplicationExchangeRequest } from './generated/justhungry/v1/ReplicationExchangeRequest.js';
import { wireMessage } from './message-codec.js';
import { protocol } from './proto-files.js';
import { createStreamLink, type LinkDown } from './stream-link.js';

/** Bytes that wait for a slow peer at most; what does not fit is dropped, the protocol asks again. */
export const LANE_QUEUE_BYTES_MAX = 8 * 1024 * 1024;
/** A batch is cut at about this many bytes: entries of a burst leave in pieces that the receiver can work on. */
const BATCH_BYTES_MAX = 1024 * 1024;
/** What a message costs besides its rows or bytes, about. */
const MESSAGE_BYTES = 64;

/** What a lane counted since it began. */
export interface LaneCounts {
  batches: number;
  messages: number;
  dropped: number;
}

/** One connection to one peer. */
export interface PeerLane {
  readonly isUp: boolean;
  readonly counts: Readonly<LaneCounts>;
  send(message: Message): void;
  close(): void;
}

/** What a lane is made of. */
export interface PeerLaneOptions {
  readonly address: string;
  readonly token: string;
  /** Sender and members hash of every batch. */
  readonly frame: Pick<ReplicationExchangeRequest, 'sender' | 'members_hash'>;
  readonly clusterId: () => string;
  onDown(down: LinkDown): void;
}

interface Waiting {
  readonly wire: PeerMessage;
  readonly clusterId: string;
  readonly bytes: number;
}

/** Makes a lane. What is sent in one turn of the event loop leaves as one batch; nothing is kept while the peer is away. */
export function createPeerLane(options: PeerLaneOptions): PeerLane {
  const counts: LaneCounts = { batches: 0, messages: 0, dropped: 0 };
  let queue: Waiting[] = [];
  let queuedBytes = 0;
  let isFlushPlanned = false;
  let isWaitingForDrain = false;

  const link = createStreamLink<ReplicationExchangeRequest, unknown>({
    open() {
      const client = new protocol.Replication(options.address, credentials.createInsecure(), clusterChannelOptions);
      return { client, stream: client.Exchange(bearerMetadata(options.token)) };
    },
    onUp() {
      isWaitingForDrain = false;
    },
    onData: () => undefined,
    onDrain() {
      isWaitingForDrain = false;
      flush();
    },
    onDown(down) {
      counts.dropped += queue.length;
      queue = [];
      queuedBytes = 0;
      isWaitingForDrain = false;
      options.onDown(down);
    },
  });

  function flush(): void {
    isFlushPlanned = false;
    let next = 0;
    while (next < queue.length && !isWaitingForDrain) {
      const first = queue[next];
      if (first === undefined) break;
      const messages: PeerMessage[] = [];
      let bytes = 0;
      for (; next < queue.length; next++) {
        const waiting = queue[next];
        if (waiting === undefined || waiting.clusterId !== first.clusterId) break;
        if (bytes > 0 && bytes + waiting.bytes > BATCH_BYTES_MAX) break;
        messages.push(waiting.wire);
        bytes += waiting.bytes;
      }
      queuedBytes -= bytes;
      counts.batches++;
      counts.messages += messages.length;
      isWaitingForDrain = !link.write({ ...options.frame, cluster_id: first.clusterId, messages });
    }
    queue = next === queue.length ? [] : queue.slice(next);
  }

  return {
    get isUp() {
      return link.isUp;
    },
    counts,
    send(message) {
      const bytes = bytesOf(message);
      const isFull = queuedBytes > 0 && queuedBytes + bytes > LANE_QUEUE_BYTES_MAX;
      if (!link.isUp || isFull || bytes > CLUSTER_MESSAGE_BYTES_MAX) {
        counts.dropped++;
        return;
      }
      queue.push({ wire: wireMessage(message), clusterId: options.clusterId(), bytes });
      queuedBytes += bytes;
      if (isFlushPlanned || isWaitingForDrain) return;
      isFlushPlanned = true;
      setImmediate(flush);
    },
    close: () => link.close(),
  };
}

/** About what a message takes on the wire, at the cost of a sum. */
export function bytesOf(message: Message): number {
  switch (message.kind) {
    case 'prepare':
      return message.entries.reduce((sum, { row }) => sum + row.length + 8, MESSAGE_BYTES);
    case 'doViewChange':
    case 'startView':
    case 'newState':
      return message.suffix.entries.reduce((sum, { row }) => sum + row.length + 8, MESSAGE_BYTES);
    case 'chunk':
      return message.bytes.length + MESSAGE_BYTES;
    case 'checkpointOffered':
      return (
        Object.values(message.offer.head.snapshots).reduce((sum, text) => sum + Buffer.byteLength(text), 0) +
        message.offer.files.length * 200 +
        MESSAGE_BYTES
      );
    case 'submitOutbox':
      return message.items.reduce((sum, item) => sum + item.length * 3, MESSAGE_BYTES);
    default:
      return MESSAGE_BYTES;
  }
}
