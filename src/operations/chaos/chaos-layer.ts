import type { ReplicaIndex } from '../../base/numbers.js';
import { refusal, type Refusal } from '../../base/refusal.js';
import type { FileSystem } from '../../ports/file-system.js';
import type { Timers } from '../../ports/machine.js';
import type { ReplicaCalls } from '../../ports/calls.js';
import type { ChaosControl, ChaosDeed, ChaosFault } from '../../ports/chaos.js';
import type { Transport, TransportEvents } from '../../ports/transport.js';
import { FaultBook } from './fault-book.js';
import { faultyCalls } from './faulty-calls.js';
import { faultyFileSystem } from './faulty-disk.js';
import { faultyEvents, faultyTransport, type FaultyWaysOptions } from './faulty-ways.js';

/** Until a deed is done, so that its answer has left, ms. */
const DEED_AFTER_MS = 50;

/** What a chaos layer is made of. */
export interface ChaosLayerOptions {
  readonly self: ReplicaIndex;
  /** Ids of all replicas in the order of the configuration. */
  readonly replicaIds: readonly string[];
  readonly timers: Timers;
  /** A number from 0 up to, but not including, 1. */
  readonly chance: () => number;
  /** kill -9 of this process. */
  readonly kill: () => void;
  /** Lets the supervisor stop this process (SIGSTOP) for so long, ms; absent: it has no supervisor. */
  readonly pause: ((ms: number) => void) | undefined;
}

/** A replica's ports with faults on demand between them and it: put around each where the replica is composed. */
export interface ChaosLayer {
  readonly control: ChaosControl;
  fileSystem(inner: FileSystem): FileSystem;
  calls(inner: ReplicaCalls): ReplicaCalls;
  transport(inner: Transport): Transport;
  events(inner: TransportEvents): TransportEvents;
}

/** Makes the layer; while no fault is in it everything passes as it is. */
export function createChaosLayer(options: ChaosLayerOptions): ChaosLayer {
  const { self, replicaIds, timers, chance } = options;
  const faults = new FaultBook();
  const ways: FaultyWaysOptions = { faults, idOf: (peer) => replicaIds[peer] ?? '', timers, chance };
  const peers = replicaIds.filter((_, index) => index !== self);
  return {
    control: {
      inject(fault) {
        const refused = problemOf(fault, peers);
        if (refused === undefined) faults.add(fault);
        return refused;
      },
      perform: (deed) => perform(deed, options),
      list: () => faults.all,
      clear: () => faults.clear(),
    },
    fileSystem: (inner) => faultyFileSystem(inner, faults, timers),
    calls: (inner) => faultyCalls(inner, faults, chance),
    transport: (inner) => faultyTransport(inner, ways),
    events: (inner) => faultyEvents(inner, ways),
  };
}

function problemOf(fault: ChaosFault, peers: readonly string[]): Refusal | undefined {
  if (fault.kind !== 'cut' || peers.includes(fault.peer)) return undefined;
  return refusal(
    'INVALID_FIELD',
    `peer_id is ${JSON.stringify(fault.peer)}; allowed: another replica, ${peers.join(', ')}.`,
  );
}

function perform(deed: ChaosDeed, { timers, kill, pause }: ChaosLayerOptions): Refusal | undefined {
  if (deed.kind === 'kill') {
    timers.after(DEED_AFTER_MS, kill);
    return undefined;
  }
  // A process that has stopped itself could not go on by itself.
  if (pause === undefined)
    return refusal(
      'INVALID_FIELD',
      "This replica was started by hand: nobody would let it go on. Use 'just-hungry start', or kill -STOP and kill -CONT.",
    );
  timers.after(DEED_AFTER_MS, () => pause(deed.ms));
  return undefined;
}
