import type { Entry } from '../../../src/base/entry.js';
import { majorityOf, op as opNumber, type ReplicaIndex } from '../../../src/base/numbers.js';
import { DamagedFileError, type Service, type ServiceFiles } from '../../../src/base/service.js';
import { EXIT_RECOVER } from '../../../src/cli/child-protocol.js';
import { exitCodeOf, exitCodeOfFailedStart } from '../../../src/cli/exit-codes.js';
import type { Clock } from '../../../src/ports/machine.js';
import { DiskFullError, type ReplicaStorage } from '../../../src/ports/storage.js';
import type { IncomingCall, ReplicaStatus } from '../../../src/ports/calls.js';
import type { Fatal } from '../../../src/runtime/fatal.js';
import { ReplicaRuntime } from '../../../src/runtime/replica-runtime.js';
import { isDiskInDoubt } from '../../../src/runtime/disk-failure.js';
import { keepUncertain } from '../../../src/runtime/keep-uncertain.js';
import { openReplicaStorage, type StorageOptions } from '../../../src/storage/replica-storage.js';
import type { Effect, Notice } from '../../../src/vsr/effect.js';
import type { Event } from '../../../src/vsr/event.js';
import { invariants } from '../../../src/vsr/invariants.js';
import { entryAt, lastOp } from '../../../src/vsr/log.js';
import type { Message } from '../../../src/vsr/message.js';
import type { CoreConfig, State } from '../../../src/vsr/state.js';
import { CrashedError, type PendingCall } from '../../support/simulated-file-system.js';
import { Violation, type DiskFacts } from '../checkers.js';
import { HANDED_OVER } from '../handovers.js';
import type { Prng } from '../prng.js';
import type { Schedule } from '../schedule.js';
import { DiskWitness } from './disk-witness.js';
import { FOLDER, ReplicaFolder } from './replica-folder.js';
import { SimulatedTimers } from './simulated-timers.js';
import { Thread } from './thread.js';

/** What a replica's process meets outside. */
export interface ProcessWorld {
  readonly schedule: Schedule;
  send(from: ReplicaIndex, to: ReplicaIndex, clusterId: string, message: Message): void;
  onDisk(replica: ReplicaIndex, facts: DiskFacts): void;
  /** Promises were forgotten: the disk was destroyed, or is not believed. */
  onDiskLost(replica: ReplicaIndex): void;
  onApplied(replica: ReplicaIndex, entry: Entry): void;
  onStep(replica: ReplicaIndex, event: Event, state: State, effects: readonly Effect[]): void;
  onNotice(replica: ReplicaIndex, notice: Notice): void;
  /** A process has begun with a folder that was found so. */
  onStarted(found: 'empty' | 'intact' | 'damaged' | 'distrusted' | 'readLater'): void;
  /** A guarantee is broken; the run ends. */
  onViolation(error: unknown): void;
  trace(line: () => string): void;
}

/** How a process is made. */
export interface ProcessOptions {
  readonly config: CoreConfig;
  readonly storage: StorageOptions;
  readonly diskDelayMs: number;
  readonly isSyncLying: boolean;
  /** How fast the monotonic clock of this machine runs. */
  readonly clockRate: number;
  /** Files that ship in every folder, by name. */
  readonly shipped: Readonly<Record<string, string>>;
  /** The services of a process, over its folder. */
  readonly makeServices: (files: ServiceFiles) => readonly Service[];
}

/** Free bytes at which a full disk counts as having room again. */
const ROOM_BYTES_MIN = 64 << 10;
/** ms after which the supervisor starts a replica again that has ended by itself. */
const RESTART_MS = 100;
const START_MS = 1_700_000_000_000;

type Stage = 'down' | 'starting' | 'up';

/**
 * One replica as it runs in production, from its folder up: real storage, disk queue, loop, core and services; with a
 * simulated disk, network and clock. It dies, stops and is started again as its supervisor would have it.
 */
export class ReplicaProcess {
  readonly index: ReplicaIndex;
  folder: ReplicaFolder;
  /** Added to the world's clock for entries' times; jumps. */
  wallOffsetMs = 0;
  /** Longest delay of one asynchronous call of the disk, ms. */
  diskDelayMs: number;
  /** Bytes that the next start reads at once of tables that it takes up unread. */
  readLaterPieceBytes: number | undefined;
  /** The replica's state as of its last step. */
  state: State | undefined;
  readonly #witness: DiskWitness;
  #stage: Stage = 'down';
  #runtime: ReplicaRuntime | undefined;
  #services: ReadonlyMap<string, Service> = new Map();
  /** Of the last start; dead while the process is down. */
  #thread = new Thread(() => undefined);
  #mustRecover = false;
  #underWay = new Set<PendingCall>();
  #applied = 0;
  /** The storage of a start that has not read its tables yet. */
  #unread: ReplicaStorage | undefined;

  constructor(
    private readonly options: ProcessOptions,
    private readonly prng: Prng,
    private readonly world: ProcessWorld,
  ) {
    this.index = options.config.self;
    this.diskDelayMs = options.diskDelayMs;
    this.readLaterPieceBytes = options.storage.readLaterPieceBytes;
    this.#witness = new DiskWitness(
      (facts) => world.onDisk(this.index, facts),
      () => {
        const { harms } = this.folder;
        return () => this.folder.madeAnew(harms);
      },
    );
    this.folder = this.#newFolder();
  }

  /** Whether it takes connections. */
  get isUp(): boolean {
    return this.#stage === 'up';
  }

  get isDown(): boolean {
    return this.#stage === 'down';
  }

  /** Whether it uses tables that no start has read whole: they may hold what somebody did to them. */
  get isUnread(): boolean {
    return this.#unread !== undefined;
  }

  /** Whether a process begins that does not read its tables whole before it uses them. */
  get isStartingUnread(): boolean {
    return this.#stage === 'starting' && this.options.storage.readLaterBytesMin === 0;
  }

  /** Whether its process runs, and has not just ended itself. */
  get isServing(): boolean {
    return this.#stage === 'up' && this.#thread.isAlive;
  }

  get isPaused(): boolean {
    return this.#thread.isPaused;
  }

  /** What it serves; of the last start. */
  get services(): ReadonlyMap<string, Service> {
    return this.#services;
  }

  /** This machine's clocks; the monotonic one has a beginning and a rate of its own. */
  readonly clock: Clock = {
    monotonicMs: () => (this.index + 1) * 1_000_000 + this.world.schedule.nowMs * this.options.clockRate,
    wallMs: () => START_MS + Math.floor(this.world.schedule.nowMs) + this.wallOffsetMs,
  };

  /** What its disk holds, as storage has said. */
  facts(): DiskFacts {
    return this.#witness.facts();
  }

  /** Starts the process; nothing happens when it runs. */
  boot(): void {
    if (this.#stage !== 'down') return;
    this.#stage = 'starting';
    this.folder.disk.holdAsync = true;
    const thread = new Thread((error) => this.#onThrown(error));
    this.#thread = thread;
    void this.#start(thread).catch((error: unknown) => {
      if (thread.isAlive) this.#onCannotStart(error);
    });
  }

  /** The process is dead at once. With the power all is gone that was not fsynced. */
  die(isPowerLost: boolean): void {
    if (this.#stage === 'down') return;
    this.world.trace(() => `r${this.index} ${isPowerLost ? 'loses its power' : 'is killed'}`);
    const rng = (): number => this.prng.unit();
    for (const call of this.#underWay) call.abandon(rng);
    // What rotted is no torn batch: the two together are beyond what is promised (FORMAT.md, limits).
    const { disk, isRotten } = this.folder;
    if (isPowerLost && !isRotten) {
      disk.crash(rng);
      this.folder.isTailUnmarked = true;
      // The supervisor dies too, and forgets; but so does the page cache, and what is on the disk is true.
      this.#mustRecover = false;
    } else disk.kill();
    this.#end();
  }

  /** Dies inside its `operations`-th change to the disk from now; `onDead` is told. */
  dieInWrite(operations: number, isPowerLost: boolean, onDead: () => void): void {
    const { disk } = this.folder;
    let left = operations;
    disk.onOperation = () => {
      left--;
      if (left > 0) return;
      this.#thread.end();
      this.world.schedule.after(0, () => {
        this.die(isPowerLost);
        onDead();
      });
      disk.stop();
    };
  }

  /** SIGTERM. */
  stop(onStopped: () => void): void {
    const runtime = this.#runtime;
    const thread = this.#thread;
    thread.run(() => {
      void runtime?.stop().then(
        () => {
          if (!thread.isAlive) return;
          this.folder.disk.kill();
          this.#end();
          onStopped();
        },
        (error: unknown) => {
          if (thread.isAlive) this.#onThrown(error);
        },
      );
    });
  }

  /** SIGSTOP. */
  pause(): void {
    if (this.#stage === 'up') this.#thread.pause();
  }

  /** SIGCONT: what is due is done, timers first or what waits in the sockets. */
  resume(isTimerFirst: boolean): void {
    this.#thread.resume(isTimerFirst);
  }

  /** The disk is destroyed; the process must be down. */
  wipe(): void {
    this.folder = this.#newFolder();
    this.#witness.forget();
    this.world.onDiskLost(this.index);
    this.#mustRecover = false;
  }

  onMessage(from: ReplicaIndex, clusterId: string, message: Message): void {
    this.#deliver((runtime) => runtime.onEnvelope({ from, clusterId, message }));
  }

  onRefused(peer: ReplicaIndex): void {
    this.#deliver((runtime) => runtime.onRefused(peer));
  }

  submit(calls: readonly IncomingCall[]): void {
    this.#deliver((runtime) => runtime.submit(calls));
  }

  resign(why: string): void {
    this.#deliver((runtime) => runtime.resign(why));
  }

  /** Asks it to hand its office over; what comes of it is seen by its effects. */
  switchOver(toId: string): void {
    const thread = this.#thread;
    this.#deliver((runtime) => {
      void runtime.switchOver(toId, HANDED_OVER).catch((error: unknown) => {
        if (thread.isAlive) this.#onThrown(error);
      });
    });
  }

  /** undefined while it does not run. */
  status(): ReplicaStatus | undefined {
    return this.#runtime?.status();
  }

  /** Lets the disk begin with what the process asks of it. Called when nothing but time can go on. */
  serveDisk(): void {
    const thread = this.#thread;
    for (const call of this.folder.disk.pending.splice(0)) {
      this.#underWay.add(call);
      const delayMs = this.prng.unit() * this.diskDelayMs;
      this.world.schedule.after(delayMs, () =>
        thread.run(() => {
          this.#underWay.delete(call);
          call.release();
        }),
      );
    }
  }

  /** One line on where it stands. */
  describe(): string {
    if (this.#stage !== 'up' || this.state === undefined) return this.#stage;
    const { status, view, logView, log, durable, commit, outbox, resigned, transition, fetch } = this.state;
    const facts = [`${status} ${view}/${logView} op ${lastOp(log)} durable ${durable} commit ${commit}`];
    if (outbox.length > 0) facts.push(`outbox ${outbox.length}`);
    if (resigned?.view === view) facts.push('resigned');
    if (transition !== undefined) facts.push(transition.next);
    if (fetch !== undefined) facts.push(`fetch ${fetch.purpose}`);
    if (this.isPaused) facts.push('paused');
    return facts.join(' ');
  }

  async #start(thread: Thread): Promise<void> {
    const { config, clockRate } = this.options;
    const { folder, readLaterPieceBytes } = this;
    // A write that goes over another thread may be broken off by a crash; runs with large segments write as real replicas do.
    const direct = (this.options.storage.segmentBytesMax ?? 0) > 1 << 20 ? {} : { directBytesMax: 0 };
    const storage = this.#witness.watch(
      openReplicaStorage(folder.disk, FOLDER, { ...this.options.storage, ...direct, readLaterPieceBytes }),
    );
    const isDistrusted = this.#mustRecover;
    const found = await storage.load(isDistrusted ? 'a write to disk failed before' : undefined);
    if (!thread.isAlive) return;
    if (found.kind === 'damaged') this.world.onDiskLost(this.index);
    this.#witness.onLoaded(found, folder.isHarmed);
    const isReadLater = found.kind === 'intact' && found.checkpoint.base.op > 0 && storage.offer() === undefined;
    this.#unread = isReadLater ? storage : undefined;
    if (found.kind === 'intact' && !isReadLater) folder.foundGood();
    this.#applied = found.kind === 'intact' ? found.checkpoint.base.op : 0;
    const services = new Map(this.options.makeServices(storage.files).map((service) => [service.name, service]));
    const loaded = await keepUncertain(storage, services, found, majorityOf(config.replicaIds.length));
    if (!thread.isAlive) return;
    const timers = new SimulatedTimers(this.world.schedule, 1 / clockRate, (run) => thread.run(run, true));
    const runtime = new ReplicaRuntime({
      config,
      storage,
      services,
      clock: this.clock,
      timers,
      random: { next: () => this.prng.u32() },
      loaded,
      hasRoom: () => folder.disk.freeBytes() > ROOM_BYTES_MIN,
      onNotice: (notice) => this.world.onNotice(this.index, notice),
      // After a loss of power tables lack what was not fsynced: no harm was done, and they are right again.
      onMended: (damage) => this.world.trace(() => `r${this.index} mended ${damage.map(({ file }) => file).join(' ')}`),
      onFatal: (why) => {
        if (thread.isAlive && !isOfCrash(why)) this.#onFatal(why);
      },
      onStep: (event, state, effects) => this.#onStep(event, state, effects),
    });
    if (loaded.kind === 'empty') for (const service of services.values()) service.foundingSeed();
    this.#runtime = runtime;
    this.#services = services;
    this.#stage = 'up';
    this.#mustRecover = false;
    this.world.onStarted(isDistrusted ? 'distrusted' : loaded.kind);
    if (isReadLater) this.world.onStarted('readLater');
    this.world.trace(() => `r${this.index} starts (${loaded.kind}${isDistrusted ? ', distrusted' : ''})`);
    runtime.begin({
      send: (to, message) => {
        if (thread.isAlive) this.world.send(this.index, to, runtime.clusterId, message);
      },
      close: async () => undefined,
    });
  }

  #onStep(event: Event, state: State, effects: readonly Effect[]): void {
    this.state = state;
    this.#lookWhetherRead();
    invariants(state);
    // Tables that a checkpoint of a peer has replaced begin at it.
    if (state.applied < this.#applied) this.#applied = state.applied;
    for (let at = this.#applied + 1; at <= state.applied; at++) {
      const entry = entryAt(state.log, opNumber(at));
      if (entry !== undefined) this.world.onApplied(this.index, entry);
    }
    this.#applied = state.applied;
    this.world.onStep(this.index, event, state, effects);
  }

  /** A checkpoint is offered when the tables were read. */
  #lookWhetherRead(): void {
    if (this.#unread?.offer() === undefined) return;
    this.#unread = undefined;
    this.folder.foundGood();
  }

  /** The process ends itself, as src/cli/replica.ts does; its supervisor starts it again. */
  #onFatal(why: Fatal): void {
    this.world.trace(() => `r${this.index} ends: ${why.kind}`);
    const complaint = this.#complaintOf(why);
    if (complaint !== undefined) this.world.onViolation(complaint);
    this.#exit(exitCodeOf(why.kind));
  }

  /** A process may end itself only over what was done to its disk. */
  #complaintOf(why: Fatal): unknown {
    switch (why.kind) {
      case 'bug':
        return why.error;
      case 'writeFailed':
        return this.#isFileDeleted(why.error) ? undefined : why.error;
      case 'diskFailed':
        return this.folder.isHarmed ? undefined : why.error;
      case 'setBack':
        return new Violation(`a replica distrusts a disk that nobody set back: ${why.why}`);
      case 'resync':
        return new Violation('a replica throws its copy away, which nobody asked for');
      case 'damaged': {
        const what = why.damage.map((one) => `${one.file}: ${one.what}`).join('; ');
        return this.folder.isHarmed
          ? undefined
          : new Violation(`a folder that nobody harmed is said to be damaged (${what})`);
      }
    }
  }

  #onCannotStart(error: unknown): void {
    if (error instanceof CrashedError) return;
    const isRoomMissing =
      error instanceof DiskFullError || (error instanceof Error && 'code' in error && error.code === 'ENOSPC');
    const isOfHarm = (this.folder.isHarmed && isDiskInDoubt(error)) || this.#isFileDeleted(error);
    if (!isRoomMissing && !isOfHarm) this.world.onViolation(error);
    this.world.trace(() => `r${this.index} cannot start: ${String(error)}`);
    this.#exit(exitCodeOfFailedStart(error));
  }

  /** Somebody deleted a file that was just being written or read. */
  #isFileDeleted(error: unknown): boolean {
    if (!this.folder.isHarmed) return false;
    return error instanceof DamagedFileError || (error instanceof Error && 'code' in error && error.code === 'ENOENT');
  }

  #exit(code: number): void {
    if (code === EXIT_RECOVER) this.#mustRecover = true;
    // What else this turn would do reaches neither the disk nor the network.
    this.#thread.end();
    try {
      this.folder.disk.stop();
    } catch (error) {
      if (!(error instanceof CrashedError)) throw error;
    }
    const { schedule } = this.world;
    schedule.after(0, () => {
      this.die(false);
      schedule.after(RESTART_MS, () => this.boot());
    });
  }

  #end(): void {
    this.#thread.end();
    this.#stage = 'down';
    this.#unread = undefined;
    this.#runtime = undefined;
    this.state = undefined;
    this.#underWay.clear();
  }

  #deliver(run: (runtime: ReplicaRuntime) => void): void {
    const runtime = this.#runtime;
    if (runtime !== undefined) this.#thread.run(() => run(runtime));
  }

  #onThrown(error: unknown): void {
    if (!(error instanceof CrashedError)) this.world.onViolation(error);
  }

  #newFolder(): ReplicaFolder {
    return new ReplicaFolder(this.options.shipped, this.options.isSyncLying);
  }
}

/** The simulated process died within a write: what the loop makes of it is seen by nobody. */
function isOfCrash(why: Fatal): boolean {
  if (why.kind === 'damaged' || why.kind === 'setBack' || why.kind === 'resync') return false;
  for (let error = why.error; error instanceof Error; error = error.cause)
    if (error instanceof CrashedError) return true;
  return false;
}
