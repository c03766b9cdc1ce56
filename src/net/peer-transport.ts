import type { ServerDuplexStream } from '@grpc/grpc-js';
import { assert, present } from '../base/assert.js';
import { replicaIndex, type ReplicaIndex } from '../base/numbers.js';
import type { Transport, TransportEvents } from '../ports/transport.js';
import type { Message } from '../vsr/message.js';
import type { ReplicationExchangeRequest__Output } from './generated/justhungry/v1/ReplicationExchangeRequest.js';
import type { ReplicationExchangeResponse } from './generated/justhungry/v1/ReplicationExchangeResponse.js';
import { membersHash, receivedBatch } from './peer-batch.js';
import { bytesOf, createPeerLane, type PeerLane } from './peer-lane.js';
import type { ClusterTls } from './tls.js';
import { peerMessageEncoder } from './wire/replication-exchange.js';

/** A newState of more bytes than this takes the lane for bulk, as chunks and offers always do. */
const BULK_BYTES_MIN = 64 * 1024;

/** What a peer transport is made of. */
export interface PeerTransportOptions {
  /** Place of this replica in `replicas`. */
  readonly self: ReplicaIndex;
  /** All members in their order; `address` is where this process reaches each. */
  readonly replicas: readonly { readonly id: string; readonly address: string }[];
  /** The cluster's token. */
  readonly token: string;
  /** Absent: plain text. */
  readonly tls?: ClusterTls | undefined;
  /** The cluster's id as this replica's folder holds it now; empty while that is. */
  readonly clusterId: () => string;
  readonly events: TransportEvents;
  /** Told what an operator should know: a member with another configuration, a wrong token. Default: nobody. */
  readonly onProblem?: (problem: string) => void;
}

/** What a transport counted since it began. */
export interface TransportCounts {
  readonly batchesSent: number;
  readonly messagesSent: number;
  readonly dropped: number;
  readonly batchesReceived: number;
  readonly messagesReceived: number;
  readonly malformed: number;
}

/** A stream of a peer, as the Replication service hands it over. */
export type PeerStream = ServerDuplexStream<ReplicationExchangeRequest__Output, ReplicationExchangeResponse>;

/** The way to the other replicas and from them. */
export interface PeerTransport extends Transport {
  /** Takes over a stream that a peer opened; its token has been checked. */
  accept(stream: PeerStream): void;
  /** Whether messages to this peer leave at once. */
  isUp(peer: ReplicaIndex): boolean;
  readonly counts: TransportCounts;
}

/**
 * Makes a transport over gRPC streams. To each peer there are two connections: one for what must be prompt, and one for
 * bulk, so that heartbeats never wait behind a checkpoint.
 */
export function createPeerTransport(options: PeerTransportOptions): PeerTransport {
  const { self, replicas, token, tls, clusterId, events, onProblem = () => undefined } = options;
  assert(self < replicas.length, 'a replica is one of the members');
  const me = { self, count: replicas.length, membersHash: membersHash(replicas.map(({ id }) => id)) };
  const frame = { sender: self, members_hash: me.membersHash };
  const encode = peerMessageEncoder();
  const received = { batches: 0, messages: 0, malformed: 0 };
  const incoming = new Set<PeerStream>();
  const lastProblem = new Map<string, string>();

  function tell(who: string, problem: string): void {
    if (lastProblem.get(who) === problem) return;
    lastProblem.set(who, problem);
    onProblem(`${who}: ${problem}`);
  }

  const peers = replicas.map(({ id, address }, index) => {
    if (index === self) return undefined;
    const lane = (isPrompt: boolean): PeerLane =>
      createPeerLane({
        address,
        token,
        tls,
        frame,
        clusterId,
        encode,
        onDown({ isRefused, problem }) {
          if (!isRefused) tell(`replica ${id} at ${address}`, problem);
          // One lane is enough to tell; both break with the process.
          else if (isPrompt) events.onRefused(replicaIndex(index));
        },
      });
    return { prompt: lane(true), bulk: lane(false) };
  });
  const lanes = peers.flatMap((peer) => (peer === undefined ? [] : [peer.prompt, peer.bulk]));
  const sum = (name: 'batches' | 'messages' | 'dropped'): number =>
    lanes.reduce((total, { counts }) => total + counts[name], 0);

  return {
    send(to, message) {
      const peer = present(peers[to], 'messages go to the other members');
      (isBulk(message) ? peer.bulk : peer.prompt).send(message);
    },
    isUp: (peer) => peers[peer]?.prompt.isUp ?? false,
    accept(stream) {
      incoming.add(stream);
      stream.on('data', (batch: ReplicationExchangeRequest__Output) => {
        const { envelopes, problems } = receivedBatch(batch, me);
        received.batches++;
        received.messages += envelopes.length;
        received.malformed += problems.length;
        for (const problem of problems) tell('a message from a peer', problem);
        for (const envelope of envelopes) events.onEnvelope(envelope);
      });
      const end = (): void => {
        if (incoming.delete(stream)) stream.end();
      };
      stream.on('end', end);
      stream.on('error', end);
      stream.on('cancelled', end);
    },
    get counts() {
      return {
        batchesSent: sum('batches'),
        messagesSent: sum('messages'),
        dropped: sum('dropped'),
        batchesReceived: received.batches,
        messagesReceived: received.messages,
        malformed: received.malformed,
      };
    },
    close() {
      for (const lane of lanes) lane.close();
      for (const stream of incoming) stream.end();
      incoming.clear();
      return Promise.resolve();
    },
  };
}

function isBulk(message: Message): boolean {
  if (message.kind === 'chunk' || message.kind === 'checkpointOffered') return true;
  return message.kind === 'newState' && bytesOf(message) > BULK_BYTES_MIN;
}
