import { Client } from '@grpc/grpc-js';
import type { Message } from '../vsr/message.js';
import { bearerMetadata } from './bearer-token.js';
import { CLUSTER_MESSAGE_BYTES_MAX } from './channel-options.js';
import { openExchange, replicationBatches } from './exchanges.js';
import { createStreamLink, type LinkDown } from './stream-link.js';
import { clusterChannel, type ClusterTls } from './tls.js';
import { TurnBatcher } from './turn-batcher.js';
import type { WireBatch } from './wire/replication-exchange.js';

/** Bytes that wait for a slow peer at most; what does not fit is dropped, the protocol asks again. */
export const LANE_QUEUE_BYTES_MAX = 8 * 1024 * 1024;
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
  /** Absent: plain text. */
  readonly tls?: ClusterTls | undefined;
  /** Sender and members hash of every batch. */
  readonly frame: Pick<WireBatch, 'sender' | 'members_hash'>;
  readonly clusterId: () => string;
  /** A message's PeerMessage. */
  readonly encode: (message: Message) => Buffer;
  onDown(down: LinkDown): void;
}

interface Waiting {
  readonly wire: Buffer;
  readonly clusterId: string;
}

/** Makes a lane. What is sent in one turn of the event loop leaves as one batch; nothing is kept while the peer is away. */
export function createPeerLane(options: PeerLaneOptions): PeerLane {
  const counts: LaneCounts = { batches: 0, messages: 0, dropped: 0 };
  const batcher = new TurnBatcher<Waiting>((batch) => {
    let hasRoom = true;
    for (const { clusterId, messages } of byCluster(batch)) {
      counts.batches++;
      counts.messages += messages.length;
      hasRoom = link.write({ ...options.frame, cluster_id: clusterId, messages });
    }
    return hasRoom;
  });

  const link = createStreamLink<WireBatch, unknown>({
    open() {
      const client = new Client(options.address, ...clusterChannel(options.address, options.tls));
      return { client, stream: openExchange(client, replicationBatches, bearerMetadata(options.token)) };
    },
    onUp: () => undefined,
    onData: () => undefined,
    onDrain: () => batcher.drained(),
    onDown(down) {
      counts.dropped += batcher.clear().length;
      options.onDown(down);
    },
  });

  return {
    get isUp() {
      return link.isUp;
    },
    counts,
    send(message) {
      const bytes = bytesOf(message);
      const isFull = batcher.bytes > 0 && batcher.bytes + bytes > LANE_QUEUE_BYTES_MAX;
      if (!link.isUp || isFull || bytes > CLUSTER_MESSAGE_BYTES_MAX) {
        counts.dropped++;
        return;
      }
      batcher.add({ wire: options.encode(message), clusterId: options.clusterId() }, bytes);
    },
    close: () => link.close(),
  };
}

/** The batch in pieces of one cluster id each: more than one only in the turn in which a folder is founded. */
function byCluster(batch: readonly Waiting[]): { clusterId: string; messages: Buffer[] }[] {
  const pieces: { clusterId: string; messages: Buffer[] }[] = [];
  for (const { wire, clusterId } of batch) {
    const last = pieces.at(-1);
    if (last?.clusterId === clusterId) last.messages.push(wire);
    else pieces.push({ clusterId, messages: [wire] });
  }
  return pieces;
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
