import type { Prng } from './prng.js';

/** How unkind one run is: drawn from its seed. */
export interface Conditions {
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
  /** Chance that a process dies around a durable transition of its own. */
  readonly crashAtTransition: number;
  /** Chance that a fault is the loss of a disk, where that is fair. */
  readonly wiping: number;
  readonly checkpointIntervalOps: number;
  /** Bytes of rows in one message: small ones make every transfer come in pieces; 0 for the core's own. */
  readonly suffixBytesMax: number;
  /** Bytes of rows between two checkpoints, and that may be on their way to disk; 0 for the core's own. */
  readonly checkpointIntervalBytes: number;
  readonly uncommittedBytesMax: number;
  /** Mean ms between two faults. */
  readonly pace: number;
  /** Faults begin at once, so that the founding meets them. */
  readonly isFoundingUnkind: boolean;
  /** Most writes of one batch. */
  readonly batchMax: number;
  /** Whether replicas take writes into their outboxes without a majority. */
  readonly keepsOrdering: boolean;
  /** Longest pause between two acts of the clients, ms. */
  readonly clientPauseMs: number;
  /** Latest first fault, where the founding is not met, ms. */
  readonly calmMs: number;
  /** Chance that harm follows at once when something is said that others rely on. */
  readonly harmAtSend: number;
  /** Chance that a fault deposes the acting primary without its notice. */
  readonly deposing: number;
  /** Chance that a fault makes a backup lose its disk while what it said last is under way. */
  readonly forgetting: number;
  /** Chance that a fault makes a backup lose its disk, and the operator ask the primary in that moment to hand over to it. */
  readonly handing: number;
  /** Whether disks and messages are held against the rules; else only what callers are told, and what is executed, is judged. */
  readonly areRulesChecked: boolean;
  /** Disks that may be lost at a time, where that is fair: less than a majority. */
  readonly wipedMax: number;
}

/** Draws the conditions of a run; what is given stands. */
export function drawConditions(prng: Prng, given: Partial<Conditions>): Conditions {
  const drawn: Omit<Conditions, 'keepsOrdering' | 'checkpointIntervalBytes' | 'uncommittedBytesMax'> = {
    replicas: prng.chance(0.75) ? 3 : 5,
    faultsMs: prng.chance(0.04) ? prng.between(10_000, 20_000) : prng.between(1_000, 6_000),
    loss: prng.pick([0, 0.01, 0.05, 0.2]),
    duplication: prng.pick([0, 0.02, 0.1]),
    delayMs: prng.pick([1, 5, 20, 60]),
    straggling: prng.pick([0, 0, 0.005, 0.03]),
    drift: prng.pick([0, 0.01, 0.1]),
    crashAtTransition: prng.pick([0, 0, 0.03, 0.15]),
    wiping: prng.pick([0, 0, 0, 0.3]),
    checkpointIntervalOps: prng.pick([5, 20, 100, 1_000]),
    suffixBytesMax: prng.pick([0, 0, 300, 1_000, 4_000]),
    pace: prng.pick([50, 150, 400]),
    isFoundingUnkind: prng.chance(0.25),
    batchMax: prng.pick([3, 3, 3, 40]),
    clientPauseMs: 15,
    calmMs: 1_000,
    harmAtSend: 0,
    deposing: 0,
    forgetting: 0,
    handing: 0,
    areRulesChecked: true,
    wipedMax: 1,
  };
  // Of what is drawn already, not of the seed: so every older seed is the run that it was, but for this.
  const keepsOrdering = drawn.faultsMs % 3 === 0;
  const checkpointIntervalBytes = drawn.faultsMs % 4 === 1 ? 2_000 : 0;
  // An outbox of hundreds is emptied in batches of this size: a handful at a time would take longer than the healing may.
  const uncommittedBytesMax = drawn.faultsMs % 7 === 2 ? (keepsOrdering ? 8_000 : 1_000) : 0;
  return { ...drawn, keepsOrdering, checkpointIntervalBytes, uncommittedBytesMax, ...given };
}
