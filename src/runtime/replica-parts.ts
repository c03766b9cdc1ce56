import type { ReplicaIndex } from '../base/numbers.js';
import type { Service } from '../base/service.js';
import type { Clock, Random, Timers } from '../ports/machine.js';
import type { Damage, Loaded, ReplicaStorage } from '../ports/storage.js';
import type { PlannedEnd, ReplicaStatus } from '../ports/calls.js';
import type { ReplicaMeter } from '../ports/meters.js';
import type { Effect, Notice } from '../vsr/effect.js';
import type { Event } from '../vsr/event.js';
import type { CoreConfig, State } from '../vsr/state.js';
import type { Fatal } from './fatal.js';
import type { PeerConsent } from './planned-ends.js';

/** What a replica is made of. */
export interface ReplicaParts {
  readonly config: CoreConfig;
  readonly storage: ReplicaStorage;
  /** Made over `storage.files`, by name. */
  readonly services: ReadonlyMap<string, Service>;
  readonly clock: Clock;
  readonly timers: Timers;
  readonly random: Random;
  /** The folder as `storage.load` found it. */
  readonly loaded: Loaded;
  /** Whether a full disk has room again. */
  readonly hasRoom: () => boolean;
  /** Peers that had been told to be unhealthy before this process began; default: none. */
  readonly unhealthyBefore?: ReadonlySet<ReplicaIndex>;
  /** What had gone wrong last before this process began, for `status`; absent: nothing. */
  readonly faultBefore?: ReplicaStatus['lastFault'];
  /** Bytes that can still be written to the folder, for `status`; absent: not known. */
  readonly freeBytes?: () => number;
  readonly onNotice: (notice: Notice, at: { view: number; op: number; commit: number }) => void;
  /** Files were found to be not as they were left, and were put right. */
  readonly onMended: (damage: readonly Damage[]) => void;
  readonly onFatal: (why: Fatal) => void;
  /** Default: nobody counts. */
  readonly meter?: Pick<ReplicaMeter, 'received' | 'wrote'>;
  /** An operator wants the process stopped in order and started again. Default: nothing happens. */
  readonly onRestart?: () => void;
  /** Asks the peers whether this replica may end; those that do not answer are missing. Default: none does. */
  readonly askPeers?: (end: PlannedEnd) => Promise<readonly PeerConsent[]>;
  /** Sees every step, before its effects are performed: for checkers, which may throw. */
  readonly onStep?: (event: Event, state: State, effects: readonly Effect[]) => void;
}
