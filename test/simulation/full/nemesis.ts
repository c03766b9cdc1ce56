import { actsAsPrimary, type State } from '../../../src/vsr/state.js';
import type { Checkers } from '../checkers.js';
import type { Network } from '../network.js';
import type { Schedule } from '../schedule.js';
import { faultText, type Fault, type FaultKind, type Link, type TimedFault, type Victim } from './faults.js';
import type { ReplicaProcess } from './replica-process.js';

/** Up to where the journal had been fsynced. */
const MARK = 'journal/synced';
/** A file of the log; the last by name holds its end. */
const SEGMENT = /^journal\/[0-9]+-[0-9]+\.csv$/;
/** What makes a start fast. */
const KEPT = /\.(index|sums)$/;
/** What a healed disk takes for a call at most, ms. */
const KIND_DISK_MS = 0.5;
/** Bytes of unread tables that it reads at once. */
const KIND_PIECE_BYTES = 64 << 10;

/**
 * Lets the drawn faults happen. What excuses what (design 2, guarantees):
 * - Loss, delay, duplication and reordering of messages, clocks, pauses, kills, losses of power, slow and full disks excuse nothing but
 *   time: whatever was acknowledged stays, on any number of replicas at once.
 * - A destroyed disk, a failed fsync, rot and deleted files each count as the loss of one disk. One at a time is promised: so such a
 *   fault is passed over unless every other replica holds its promises, is a member, and has nothing on its disk that is in doubt.
 *   It excuses the loss of what was acknowledged below a majority, and that its replica says that it is damaged.
 * - Beyond the promises (FORMAT.md, limits) is rot of the journal's last batch together with a loss of power: a row that rots there, where
 *   no mark that survived says that it had been fsynced, is as bad as a torn one, and is cut. So the power of a rotten replica is not
 *   cut, of one that lost its power the end of the journal does not rot until a start has read and marked it, and the mark rots alone.
 */
export class Nemesis {
  #isDone = false;
  /** Faults that happened, by kind. */
  readonly injected = new Map<FaultKind, number>();
  /** Disks that were lost, or may have been. */
  disksHarmed = 0;
  /** How long the disk stays full that is full when an outbox is executed, ms; undefined: none will be. */
  #fillAtOutboxMs: number | undefined;
  /** Copies of index and sums files, taken at earlier swaps. */
  readonly #olderKept = new Map<string, Uint8Array>();

  constructor(
    private readonly faults: readonly TimedFault[],
    private readonly schedule: Schedule,
    private readonly checkers: Checkers,
    private readonly network: Network,
    private readonly replicas: readonly ReplicaProcess[],
    /** What a running replica reads again for those who ask. */
    private readonly tables: readonly string[],
    private readonly trace: (line: () => string) => void,
  ) {}

  begin(): void {
    for (const timed of this.faults)
      this.schedule.after(timed.atMs, () => {
        if (this.#isDone) return;
        this.trace(() => `fault ${faultText(timed).trim()}`);
        if (this.#harm(timed.fault))
          this.injected.set(timed.fault.kind, (this.injected.get(timed.fault.kind) ?? 0) + 1);
      });
  }

  /** Ends all harm and mends what was done; what is on the disks stays as it is. */
  heal(): void {
    this.#isDone = true;
    this.network.heal();
    for (const replica of this.replicas) {
      replica.diskDelayMs = KIND_DISK_MS;
      replica.folder.mendSync();
      replica.folder.disk.capacityBytes = Number.POSITIVE_INFINITY;
      replica.folder.disk.onOperation = () => undefined;
      // Deadlines travel as absolute times: clocks must agree for calls to be answered.
      replica.wallOffsetMs = 0;
      replica.resume(true);
      // What rots silently in a table is found at the next start.
      replica.readLaterPieceBytes = KIND_PIECE_BYTES;
      if (replica.folder.isRotten || replica.isUnread || replica.isStartingUnread) replica.die(false);
      replica.boot();
    }
  }

  /** Returns whether it happened. */
  #harm(fault: Fault): boolean {
    const { network, schedule } = this;
    switch (fault.kind) {
      case 'blackout':
        for (const [index, replica] of this.replicas.entries())
          this.#down(replica, fault.isPowerLost, fault.downMs[index] ?? 0);
        return true;
      case 'minorityDown':
        for (const index of fault.victims) this.#down(this.#replica(index), false, fault.downMs);
        return true;
      case 'cut':
        network.setCuts(fault.links);
        return true;
      case 'fillAtOutbox':
        this.#fillAtOutboxMs = fault.forMs;
        return true;
      case 'stall':
        network.stall({ link: fault.link, forMs: fault.forMs, byMs: fault.byMs });
        return true;
      default:
        break;
    }
    const victim = this.#replica(fault.victim);
    switch (fault.kind) {
      case 'kill':
        return this.#down(victim, false, fault.downMs);
      case 'powerLoss':
        return this.#down(victim, true, fault.downMs);
      case 'crashInWrite':
        if (victim.isDown) return false;
        victim.dieInWrite(fault.operations, fault.isPowerLost, () => schedule.after(fault.downMs, () => victim.boot()));
        return true;
      case 'stop':
        if (!victim.isUp || victim.isPaused) return false;
        victim.stop(() => schedule.after(fault.downMs, () => victim.boot()));
        return true;
      case 'pause':
        return this.#pause(victim, fault.forMs, fault.isTimerFirst);
      case 'pauseAlone':
        network.setCuts(this.#linksOf(victim.index, true, true));
        return this.#pause(victim, fault.forMs, fault.isTimerFirst);
      case 'isolate':
        network.setCuts(this.#linksOf(victim.index, fault.isDeaf, fault.isMute));
        return true;
      case 'slowDisk': {
        const before = victim.diskDelayMs;
        victim.diskDelayMs = fault.delayMs;
        this.#later(fault.forMs, () => {
          victim.diskDelayMs = before;
        });
        return true;
      }
      case 'fillDisk': {
        this.#fillDisk(victim, fault.roomBytes, fault.forMs);
        return true;
      }
      case 'clockJump':
        victim.wallOffsetMs += fault.byMs;
        return true;
      case 'resign':
        victim.resign('told to');
        return victim.isUp;
      case 'switchOver':
        return this.#switchOver(victim, fault.to);
      case 'failSync':
        return this.#failSync(victim, fault.after);
      case 'wipe':
        if (!this.#mayLoseDisk(victim)) return false;
        this.disksHarmed++;
        victim.die(false);
        victim.wipe();
        schedule.after(fault.downMs, () => victim.boot());
        return true;
      case 'rot':
        return this.#rot(victim, fault.bits, fault.downMs);
      case 'rotLive':
        return this.#rotLive(victim, fault.bits);
      case 'deleteFile':
        return this.#deleteFile(victim, fault.file);
      case 'swapKept':
        return this.#swapKept(victim, fault);
    }
  }

  /** One disk at a time: whether every other replica holds its promises, and nothing on its disk is in doubt. */
  #mayLoseDisk(victim: ReplicaProcess): boolean {
    const others = this.replicas.filter((other) => other !== victim);
    return others.every((other) => {
      const { promises, lastOp } = other.facts();
      // Until op 2 is on all disks nothing can be executed; from the first order on, every disk has it (rule 8).
      const isFounded = lastOp >= 2 || this.checkers.acknowledgedOp >= 3;
      const isSound = !other.folder.isInDoubt && !other.folder.willSyncFail;
      return promises !== undefined && !promises.recovering && isFounded && isSound;
    });
  }

  /** A replica has made a step. */
  onStep(replica: ReplicaProcess, state: State): void {
    const forMs = this.#fillAtOutboxMs;
    if (forMs === undefined || this.#isDone || state.outbox.length === 0 || !actsAsPrimary(state)) return;
    this.#fillAtOutboxMs = undefined;
    this.#fillDisk(replica, 0, forMs);
  }

  #fillDisk({ folder: { disk } }: ReplicaProcess, roomBytes: number, forMs: number): void {
    disk.limitRoom(roomBytes);
    this.#later(forMs, () => {
      disk.capacityBytes = Number.POSITIVE_INFINITY;
    });
  }

  /** Asked of whoever acts as primary; it may be asked to hand over to itself, or to one that is down: then it goes on. */
  #switchOver(victim: ReplicaProcess, to: number): boolean {
    if (!victim.isUp || victim.isPaused || victim.state === undefined || !actsAsPrimary(victim.state)) return false;
    victim.switchOver(`replica-${to + 1}`);
    return true;
  }

  #failSync(victim: ReplicaProcess, after: number): boolean {
    if (!this.#mayLoseDisk(victim) || victim.isDown) return false;
    this.disksHarmed++;
    victim.folder.failSync(after);
    return true;
  }

  #rot(victim: ReplicaProcess, bits: readonly number[], downMs: number): boolean {
    // The files of an empty folder are the operator's.
    if (!this.#mayLoseDisk(victim) || victim.facts().promises === undefined || victim.folder.isRotten) return false;
    victim.die(false);
    const all = victim.folder.names();
    const segments = all.filter((name) => SEGMENT.test(name)).toSorted();
    const unmarked = victim.folder.isTailUnmarked ? segments.at(-1) : undefined;
    const names = all.filter((name) => name !== unmarked);
    const isMarkHit = bits.some((chance) => names[chance % names.length] === MARK);
    this.#flipBits(victim, isMarkHit ? [MARK] : names, bits);
    this.schedule.after(downMs, () => victim.boot());
    return true;
  }

  #rotLive(victim: ReplicaProcess, bits: readonly number[]): boolean {
    if (!this.#mayLoseDisk(victim) || !victim.isUp) return false;
    const tables = victim.folder.names().filter((name) => this.tables.includes(name));
    this.#flipBits(victim, tables, bits);
    return true;
  }

  #flipBits({ index, folder }: ReplicaProcess, names: readonly string[], bits: readonly number[]): void {
    const rotten = bits.map((chance) => names[chance % names.length]);
    this.trace(() => `r${index} rots: ${rotten.join(', ')}`);
    folder.rot(names, bits);
    this.disksHarmed++;
  }

  #deleteFile(victim: ReplicaProcess, file: number): boolean {
    if (!this.#mayLoseDisk(victim) || !victim.isUp) return false;
    const names = victim.folder.names();
    const name = names[file % names.length];
    if (name === undefined) return false;
    this.trace(() => `r${victim.index} ${name} is deleted`);
    victim.folder.delete(name);
    this.disksHarmed++;
    return true;
  }

  /** Files of which nothing depends: nobody's disk is harmed. */
  #swapKept(victim: ReplicaProcess, { file, how, downMs }: Extract<Fault, { kind: 'swapKept' }>): boolean {
    const names = victim.folder.names().filter((name) => KEPT.test(name));
    const name = names[file % names.length];
    if (name === undefined || victim.isDown) return false;
    victim.die(false);
    const other = this.#replica((victim.index + 1 + (file % (this.replicas.length - 1))) % this.replicas.length);
    const key = `${victim.index} ${name}`;
    const older = this.#olderKept.get(key);
    this.#olderKept.set(key, victim.folder.bytes(name));
    const now = victim.folder.bytes(name);
    const content = { emptied: now.subarray(0, 0), cut: now.subarray(0, file % (now.length + 1)), older };
    victim.folder.replace(name, how === "another's" ? other.folder.bytes(name) : (content[how] ?? now));
    this.trace(() => `r${victim.index} ${name}: ${how}`);
    this.schedule.after(downMs, () => victim.boot());
    return true;
  }

  #down(replica: ReplicaProcess, isPowerLost: boolean, downMs: number): boolean {
    if (replica.isDown) return false;
    replica.die(isPowerLost);
    this.schedule.after(downMs, () => replica.boot());
    return true;
  }

  #pause(replica: ReplicaProcess, forMs: number, isTimerFirst: boolean): boolean {
    if (!replica.isUp || replica.isPaused) return false;
    replica.pause();
    this.schedule.after(forMs, () => replica.resume(isTimerFirst));
    return true;
  }

  #later(forMs: number, mend: () => void): void {
    this.schedule.after(forMs, () => {
      if (!this.#isDone) mend();
    });
  }

  #replica(victim: Victim): ReplicaProcess {
    const acting = this.replicas.find(({ state }) => state !== undefined && actsAsPrimary(state));
    if (typeof victim !== 'number' && acting !== undefined) return acting;
    const replica = this.replicas[typeof victim === 'number' ? victim : victim.primaryOr];
    if (replica === undefined) throw new Error('a fault names a replica that is not there');
    return replica;
  }

  #linksOf(one: number, isDeaf: boolean, isMute: boolean): Link[] {
    return this.replicas.flatMap(({ index }) => {
      const links: Link[] = [];
      if (isMute) links.push([one, index]);
      if (isDeaf) links.push([index, one]);
      return links;
    });
  }
}
