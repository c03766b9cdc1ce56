import { majorityOf } from '../../../src/base/numbers.js';
import type { Prng } from '../prng.js';
import type { FullConditions } from './conditions.js';

/** Whom a fault meets: a replica by its place, or whoever acts as primary then (`otherwise`, when nobody does). */
export type Victim = number | { readonly primaryOr: number };

/** A directed link between two replicas. */
export type Link = readonly [from: number, to: number];

/**
 * One thing that goes wrong. Data, drawn before the run begins, so that a failing run can be repeated with some left out. Times
 * are simulated ms.
 */
export type Fault =
  /** kill -9: what was written is in the page cache. */
  | { readonly kind: 'kill'; readonly victim: Victim; readonly downMs: number }
  /** The power of one machine fails: what was not fsynced is lost, kept or torn. */
  | { readonly kind: 'powerLoss'; readonly victim: Victim; readonly downMs: number }
  /** The process dies inside its `operations`-th change to the disk from now. */
  | {
      readonly kind: 'crashInWrite';
      readonly victim: Victim;
      readonly operations: number;
      readonly isPowerLost: boolean;
      readonly downMs: number;
    }
  /** All at once; `downMs` by replica. */
  | { readonly kind: 'blackout'; readonly isPowerLost: boolean; readonly downMs: readonly number[] }
  /** As many as the cluster bears: one of three, two of five. */
  | { readonly kind: 'minorityDown'; readonly victims: readonly number[]; readonly downMs: number }
  /** SIGTERM: it hands over and stops in order. */
  | { readonly kind: 'stop'; readonly victim: Victim; readonly downMs: number }
  /** SIGSTOP, and SIGCONT after `forMs`. */
  | { readonly kind: 'pause'; readonly victim: Victim; readonly forMs: number; readonly isTimerFirst: boolean }
  /** Stopped and cut off: it is deposed and does not know. */
  | { readonly kind: 'pauseAlone'; readonly victim: Victim; readonly forMs: number; readonly isTimerFirst: boolean }
  /** These links are cut, all others mended. */
  | { readonly kind: 'cut'; readonly links: readonly Link[] }
  /** It hears nobody, is heard by nobody, or both; all other links are mended. */
  | { readonly kind: 'isolate'; readonly victim: Victim; readonly isDeaf: boolean; readonly isMute: boolean }
  /** What is sent on a link in the next `forMs` is `byMs` late: a reordered burst. */
  | { readonly kind: 'stall'; readonly link: Link; readonly forMs: number; readonly byMs: number }
  /** Every call of this disk takes up to `delayMs` for a while. */
  | { readonly kind: 'slowDisk'; readonly victim: Victim; readonly delayMs: number; readonly forMs: number }
  /** There is room for so many more bytes. */
  | { readonly kind: 'fillDisk'; readonly victim: Victim; readonly roomBytes: number; readonly forMs: number }
  /** The disk of the next primary that executes what its own outbox holds is full from that moment on. */
  | { readonly kind: 'fillAtOutbox'; readonly forMs: number }
  /** The wall clock is set. */
  | { readonly kind: 'clockJump'; readonly victim: Victim; readonly byMs: number }
  /** The operator asks the primary to give up its office. */
  | { readonly kind: 'resign'; readonly victim: Victim }
  /** The operator asks the primary to hand over to the replica at this place, when its log is at rest there. */
  | { readonly kind: 'switchOver'; readonly victim: Victim; readonly to: number }
  /** The next fsync but `after` fails. */
  | { readonly kind: 'failSync'; readonly victim: Victim; readonly after: number }
  /** The disk is destroyed. */
  | { readonly kind: 'wipe'; readonly victim: Victim; readonly downMs: number }
  /** Bits turn over in files at rest, while the process is down. */
  | { readonly kind: 'rot'; readonly victim: Victim; readonly bits: readonly number[]; readonly downMs: number }
  /** A bit turns over in a table of a running replica, in a byte that it has written. */
  | { readonly kind: 'rotLive'; readonly victim: Victim; readonly bits: readonly number[] }
  /** Somebody deletes a file under a running replica. */
  | { readonly kind: 'deleteFile'; readonly victim: Victim; readonly file: number }
  /**
   * A file that only makes a start fast is not what the dead process left: empty, cut, an older copy, or that of another replica. No
   * harm: nobody may notice.
   */
  | {
      readonly kind: 'swapKept';
      readonly victim: Victim;
      readonly file: number;
      readonly how: SwapKept;
      readonly downMs: number;
    };

/** What stands in the place of an index or sums file. */
export type SwapKept = (typeof SWAPS)[number];
const SWAPS = ['emptied', 'cut', 'older', "another's"] as const;

/** Name of a kind of fault. */
export type FaultKind = Fault['kind'];

/** A fault and when it happens, in simulated ms from the beginning. */
export interface TimedFault {
  readonly atMs: number;
  readonly fault: Fault;
}

/** How often each kind is drawn, beside the others that a run has. */
const WEIGHTS: Readonly<Record<FaultKind, number>> = {
  kill: 3,
  powerLoss: 3,
  crashInWrite: 4,
  blackout: 1,
  minorityDown: 1,
  stop: 1,
  pause: 2,
  pauseAlone: 1,
  cut: 2,
  isolate: 1,
  stall: 3,
  slowDisk: 1,
  fillDisk: 2,
  clockJump: 1,
  resign: 1,
  failSync: 2,
  wipe: 1,
  rot: 2,
  rotLive: 2,
  deleteFile: 2,
  swapKept: 3,
  switchOver: 1,
  fillAtOutbox: 2,
};

/** Kinds that befall only what makes a start fast. */
export const FAST_START_KINDS: readonly FaultKind[] = ['swapKept'];
/** All other kinds of faults. */
export const FAULT_KINDS = (Object.keys(WEIGHTS) as FaultKind[]).filter(
  (kind) => !FAST_START_KINDS.includes(kind) && kind !== 'switchOver' && kind !== 'fillAtOutbox',
);

/** Draws what goes wrong in a run, and when. */
export function drawFaults(prng: Prng, conditions: FullConditions): TimedFault[] {
  const drawn: TimedFault[] = [];
  const bag = conditions.kinds.flatMap((kind) => Array.from({ length: WEIGHTS[kind] }, () => kind));
  let atMs = conditions.isFoundingUnkind ? prng.between(0, 100) : prng.between(200, 1_000);
  for (; atMs < conditions.faultsMs; atMs += prng.between(1, 2 * conditions.pace))
    drawn.push({ atMs, fault: drawFault(prng, prng.pick(bag), conditions.replicas) });
  return drawn;
}

/**
 * Draws the switchovers of a run, and when. They have a chance of their own and come last among a run's faults, so that all others
 * are drawn as they were before there were any.
 */
export function drawSwitchovers(prng: Prng, { switchoverPace, faultsMs, replicas }: FullConditions): TimedFault[] {
  const drawn: TimedFault[] = [];
  if (switchoverPace === 0) return drawn;
  for (let atMs = prng.between(200, 1_000); atMs < faultsMs; atMs += prng.between(1, 2 * switchoverPace)) {
    const victim = { primaryOr: prng.between(0, replicas - 1) };
    drawn.push({ atMs, fault: { kind: 'switchOver', victim, to: prng.between(0, replicas - 1) } });
  }
  return drawn;
}

/** One line for people. */
export const faultText = ({ atMs, fault }: TimedFault): string =>
  `${String(atMs).padStart(6)} ms ${JSON.stringify(fault)}`;

function drawFault(prng: Prng, kind: FaultKind, replicas: number): Fault {
  const someone = prng.between(0, replicas - 1);
  // Often the primary: it has most to lose.
  const victim = prng.chance(0.3) ? { primaryOr: someone } : someone;
  const downMs = prng.between(0, prng.pick([20, 800]));
  switch (kind) {
    case 'kill':
    case 'powerLoss':
    case 'stop':
    case 'wipe':
      return { kind, victim, downMs };
    case 'crashInWrite':
      return { kind, victim, operations: prng.between(1, prng.pick([3, 40])), isPowerLost: prng.chance(0.5), downMs };
    case 'blackout': {
      const each = Array.from({ length: replicas }, () => prng.between(0, 300));
      return { kind, isPowerLost: prng.chance(0.5), downMs: each };
    }
    case 'minorityDown': {
      const count = replicas - majorityOf(replicas);
      const victims = Array.from({ length: count }, (_, step) => (someone + step) % replicas);
      return { kind, victims, downMs: prng.between(200, 2_500) };
    }
    case 'pause':
      return { kind, victim, forMs: prng.between(20, 1_500), isTimerFirst: prng.chance(0.5) };
    case 'pauseAlone':
      return { kind, victim, forMs: prng.between(200, 1_500), isTimerFirst: prng.chance(0.5) };
    case 'cut':
      return { kind, links: drawLinks(prng, replicas) };
    case 'isolate': {
      const how = prng.between(0, 2);
      return { kind, victim, isDeaf: how !== 1, isMute: how !== 0 };
    }
    case 'stall': {
      const link = [prng.between(0, replicas - 1), prng.between(0, replicas - 1)] as const;
      return { kind, link, forMs: prng.between(5, 150), byMs: prng.pick([20, 100, 300, 1_000]) };
    }
    case 'slowDisk':
      return { kind, victim, delayMs: prng.pick([10, 100, 1_500]), forMs: prng.between(50, 1_500) };
    case 'fillDisk':
      return { kind, victim, roomBytes: prng.between(0, prng.pick([200, 5_000])), forMs: prng.between(50, 1_000) };
    case 'fillAtOutbox':
      return { kind, forMs: prng.between(50, 1_000) };
    case 'clockJump':
      return { kind, victim, byMs: prng.between(-5_000, 5_000) };
    case 'resign':
      return { kind, victim: { primaryOr: someone } };
    case 'switchOver':
      return { kind, victim: { primaryOr: someone }, to: prng.between(0, replicas - 1) };
    case 'failSync':
      return { kind, victim, after: prng.between(0, 5) };
    case 'rot':
    case 'rotLive': {
      const bits = Array.from({ length: prng.pick([1, 1, 3]) }, () => prng.u32());
      return kind === 'rot' ? { kind, victim, bits, downMs } : { kind, victim, bits };
    }
    case 'deleteFile':
      return { kind, victim, file: prng.u32() };
    case 'swapKept':
      return { kind, victim, file: prng.u32(), how: prng.pick(SWAPS), downMs };
  }
}

/** No links, to mend what was cut; or some, in one direction or both. */
function drawLinks(prng: Prng, replicas: number): Link[] {
  const links: Link[] = [];
  if (prng.chance(0.3)) return links;
  for (let left = prng.between(1, replicas); left > 0; left--) {
    const [from, to] = [prng.between(0, replicas - 1), prng.between(0, replicas - 1)];
    links.push([from, to]);
    if (prng.chance(0.6)) links.push([to, from]);
  }
  return links;
}
