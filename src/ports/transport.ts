import type { ReplicaIndex } from '../base/numbers.js';
import type { Envelope, Message } from '../vsr/message.js';

/** The way to the other replicas. Nothing is promised: messages may be lost, repeated, late and out of order. */
export interface Transport {
  /**
   * Hands a message over; what is sent in one turn of the event loop leaves as one batch. Dropped silently when the peer
   * cannot be reached or its queue is full (the protocol asks again for what it misses).
   */
  send(to: ReplicaIndex, message: Message): void;
  close(): Promise<void>;
}

/** What a transport tells the replica. */
export interface TransportEvents {
  onEnvelope(envelope: Envelope): void;
  /** A connection to this peer was refused or reset: its process is dead. Told at every attempt that fails so. */
  onRefused(peer: ReplicaIndex): void;
}
