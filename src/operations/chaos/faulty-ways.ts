import type { ReplicaIndex } from '../../base/numbers.js';
import type { Timers } from '../../ports/machine.js';
import type { Transport, TransportEvents } from '../../ports/transport.js';
import type { Message } from '../../vsr/message.js';
import type { FaultBook } from './fault-book.js';

/** What the ways to and from peers need. */
export interface FaultyWaysOptions {
  readonly faults: FaultBook;
  /** Id of a peer. */
  readonly idOf: (peer: ReplicaIndex) => string;
  readonly timers: Timers;
  /** A number from 0 up to, but not including, 1. */
  readonly chance: () => number;
}

/** A transport whose messages leave late or never, as the faults say. Each message is judged when it is sent. */
export function faultyTransport(inner: Transport, options: FaultyWaysOptions): Transport {
  return {
    send(to, message) {
      if (options.faults.cutTo(options.idOf(to)) !== undefined) return;
      pass(options, message, () => inner.send(to, message));
    },
    close: () => inner.close(),
  };
}

/** What comes from peers, late or never, as the faults say. That a peer's process is dead is told as ever. */
export function faultyEvents(inner: TransportEvents, options: FaultyWaysOptions): TransportEvents {
  return {
    onEnvelope(envelope) {
      if (options.faults.cutTo(options.idOf(envelope.from))?.isOneWay === false) return;
      pass(options, envelope.message, () => inner.onEnvelope(envelope));
    },
    onRefused: (peer) => inner.onRefused(peer),
  };
}

function pass({ faults, timers, chance }: FaultyWaysOptions, message: Message, run: () => void): void {
  const rate = faults.find('drop')?.rate ?? 0;
  if (rate > 0 && chance() < rate) return;
  // S001-20: the next replication request alone, whatever else there is to say.
  const once = message.kind === 'prepare' ? faults.take('delayNext')?.ms : undefined;
  const ms = once ?? faults.find('delay')?.ms ?? 0;
  if (ms > 0) timers.after(ms, run);
  else run();
}
