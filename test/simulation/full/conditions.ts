import type { Prng } from '../prng.js';
import { FAST_START_KINDS, FAULT_KINDS, type FaultKind } from './faults.js';
import { drawLate, drawServices } from './draw-services.js';

/** How unkind one run of the whole system is: drawn from its seed. */
export interface FullConditions {
  /** 3 or 5. */
  readonly replicas: number;
  /** Simulated ms under faults. */
  readonly faultsMs: number;
  /** Chance that a message is lost, or delivered twice. */
  readonly loss: number;
  readonly duplication: number;
  /** Longest usual delay of a message, ms; each link has a factor of its own. */
  readonly delayMs: number;
  /** Chance that a message is held back, to arrive long after those sent behind it. */
  readonly straggling: number;
  /** Most by which a monotonic clock is fast or slow, as a share. */
  readonly drift: number;
  /** Longest usual delay of one asynchronous call of the disk, ms. */
  readonly diskDelayMs: number;
  readonly checkpointIntervalOps: number;
  /** Bytes of rows in one message; 0 for the core's own. */
  readonly suffixBytesMax: number;
  /** Bytes at which a journal segment is full. */
  readonly segmentBytesMax: number;
  /** Mean ms between two faults. */
  readonly pace: number;
  /** Faults begin at once, so that the founding meets them. */
  readonly isFoundingUnkind: boolean;
  /** Most requests of one batch. */
  readonly batchMax: number;
  /** Only these happen: a run with few kinds goes deeper into them than one that has all. */
  readonly kinds: readonly FaultKind[];
  /** Bytes of tables from which on a start reads them while they are in use; 0: always. */
  readonly readLaterBytesMin: number;
  /** Bytes of such a table that are read at once. */
  readonly readLaterPieceBytes: number;
  /** Records of a frame of the index file. */
  readonly indexFrameRecords: number;
  /** Bytes of rows between two checkpoints, and that may be on their way to disk; 0 for the core's own. */
  readonly checkpointIntervalBytes: number;
  readonly uncommittedBytesMax: number;
  /** The services that replicas have and that are called, each with its share of the calls; together 1. */
  readonly services: Readonly<Record<string, number>>;
  /**
   * Of the services, those that no version of the program has before `upgradeMs`: from then on every process that begins has them, and
   * those that run are started anew one after the other.
   */
  readonly lateServices: readonly string[];
  readonly upgradeMs: number;
  /** Mean ms between two switchovers that an operator asks for; 0: none. */
  readonly switchoverPace: number;
  /** The disks say that an fsync is done and do nothing. Never drawn: a bug for the checkers to find. */
  readonly isSyncLying: boolean;
}

/** Draws the conditions of a run; what is given stands. `later`: chance for what was added since, so that seeds stay what they were. */
export function drawFullConditions(prng: Prng, later: Prng, given: Partial<FullConditions>): FullConditions {
  const switchoverPace = later.pick([0, 0, 200, 800]);
  const services = given.services ?? drawServices(later);
  const drawn: FullConditions = {
    replicas: prng.chance(0.8) ? 3 : 5,
    faultsMs: prng.chance(0.05) ? prng.between(8_000, 12_000) : prng.between(1_000, 5_000),
    loss: prng.pick([0, 0.01, 0.05, 0.2]),
    duplication: prng.pick([0, 0.02, 0.1]),
    delayMs: prng.pick([1, 5, 20, 60]),
    straggling: prng.pick([0, 0, 0.005, 0.03]),
    drift: prng.pick([0, 0.01, 0.1]),
    diskDelayMs: prng.pick([0.2, 1, 1, 4]),
    checkpointIntervalOps: prng.pick([5, 20, 100, 1_000]),
    suffixBytesMax: prng.pick([0, 0, 1_000, 4_000]),
    segmentBytesMax: prng.pick([500, 4_000, 16 << 20]),
    pace: prng.pick([50, 150, 400]),
    isFoundingUnkind: prng.chance(0.25),
    batchMax: prng.pick([3, 3, 12]),
    kinds: drawKinds(prng),
    ...drawFastStart(prng, given.readLaterBytesMin === 0),
    isSyncLying: false,
    switchoverPace,
    services,
    checkpointIntervalBytes: later.pick([0, 0, 3_000, 20_000]),
    uncommittedBytesMax: later.pick([0, 0, 5_000]),
    lateServices: later.chance(0.2) ? drawLate(later, Object.keys(services)) : [],
    upgradeMs: later.between(300, 2_500),
  };
  const conditions = { ...drawn, ...given };
  return conditions.readLaterBytesMin === 0 && given.kinds === undefined && prng.chance(0.5)
    ? { ...conditions, kinds: [...conditions.kinds, ...FAST_START_KINDS] }
    : conditions;
}

/** Drawn last: the seeds of runs in which starts read everything stay what they were. */
function drawFastStart(
  prng: Prng,
  isGiven: boolean,
): Pick<FullConditions, 'readLaterBytesMin' | 'readLaterPieceBytes' | 'indexFrameRecords'> {
  if (prng.chance(0.6) && !isGiven)
    return { readLaterBytesMin: 64 << 20, readLaterPieceBytes: 8 << 20, indexFrameRecords: 4_096 };
  return {
    readLaterBytesMin: 0,
    readLaterPieceBytes: prng.pick([300, 4_000, 8 << 20]),
    indexFrameRecords: prng.pick([1, 5, 60]),
  };
}

function drawKinds(prng: Prng): FaultKind[] {
  const share = prng.pick([0.15, 0.4, 1, 1]);
  const kinds = FAULT_KINDS.filter(() => prng.chance(share));
  return kinds.length > 0 ? kinds : [prng.pick(FAULT_KINDS)];
}
