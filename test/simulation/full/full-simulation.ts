import type { Entry } from '../../../src/base/entry.js';
import { majorityOf, replicaIndex, type ReplicaIndex } from '../../../src/base/numbers.js';
import type { Effect, Notice } from '../../../src/vsr/effect.js';
import type { Event } from '../../../src/vsr/event.js';
import type { Message } from '../../../src/vsr/message.js';
import { actsAsPrimary, type State } from '../../../src/vsr/state.js';
import { Checkers, Violation, type DiskFacts } from '../checkers.js';
import { Handovers } from '../handovers.js';
import { Network } from '../network.js';
import { Prng } from '../prng.js';
import { Schedule } from '../schedule.js';
import { drawFullConditions, type FullConditions } from './conditions.js';
import { drawFaults, drawSwitchovers, type FaultKind, type TimedFault } from './faults.js';
import { Mixture } from './mixture.js';
import { Nemesis } from './nemesis.js';
import { ReplicaProcess, type ProcessWorld } from './replica-process.js';
import { checkSameTables, differenceBetween } from './same-tables.js';
import type { WorkloadKind } from './workload.js';
import { workloadOf } from './workloads/index.js';

/** Which run, and what of it is not left to the seed. */
export interface FullRunOptions {
  readonly seed: number;
  readonly conditions?: Partial<FullConditions>;
  /** Of the faults that the seed draws only those at these places. */
  readonly only?: readonly number[];
  /** Simulated ms under faults, where less than the seed draws will do. */
  readonly faultsMs?: number;
  /** Called with every trace line when given. */
  readonly trace?: (line: string) => void;
}

/** What a run did, so that an idle one cannot pass. */
export interface FullRunReport {
  readonly seed: number;
  readonly committedOps: number;
  /** Writes that were answered, and of these refused by the state they met. */
  readonly written: number;
  /** The same by service. */
  readonly writtenTo: Readonly<Record<string, number>>;
  readonly refused: number;
  readonly reads: number;
  readonly notMet: number;
  readonly views: number;
  readonly checkpointsInstalled: number;
  readonly recoveries: number;
  readonly salvaged: number;
  /** Offices that were handed over to another replica. */
  readonly handedOver: number;
  /** Faults that happened, by kind. */
  readonly faults: ReadonlyMap<FaultKind, number>;
  /** Kinds of events, messages and transitions that a core went through, and how folders were found at a start. */
  readonly reached: ReadonlySet<string>;
  readonly events: number;
  /** The same for the same seed: the run was deterministic. */
  readonly hash: string;
}

/** A run that broke a guarantee. */
export class FullRunFailure extends Error {
  override readonly name = 'FullRunFailure';
  constructor(
    message: string,
    readonly options: FullRunOptions,
    readonly conditions: FullConditions,
    /** Simulated ms. */
    readonly atMs: number,
    cause: unknown,
  ) {
    super(message, { cause });
  }
}

const HEARTBEAT_MS = 50;
/** Simulated ms in which a healed cluster must be level and take orders. */
const HEALING_MS = 20_000;
/** Events of one run; beyond, the replicas are talking in circles. */
const EVENTS_MAX = 2_000_000;
/** Simulated ms in which all replicas have begun. */
const BOOT_MS = 200;
/** Simulated ms in which a replica has noticed that a file of its folder was deleted. */
const NOTICE_MS = 1_500;
/** Simulated ms between two restarts of an upgrade, and that each takes. */
const UPGRADE_EVERY_MS = 300;
const UPGRADE_DOWN_MS = 50;
/** Looks after which everything that can be put right without the others is. */
const MENDING_LOOKS_MAX = 5;
/** Simulated ms for the answers of the last audit. */
const AUDIT_MS = 50;

/** Runs one seed: faults first, then healing with progress required. Rejects with FullRunFailure at the first violation. */
export async function runFullSimulation(options: FullRunOptions): Promise<FullRunReport> {
  return new FullSimulation(options).run();
}

/** Each part of a run has a stream of chance of its own: leaving a fault out changes as little else as can be. Workloads name theirs. */
const PART = { conditions: 1, faults: 2, network: 3, later: 50, switchovers: 51, replicas: 100 } as const;
const chanceOf = (seed: number, part: number): Prng => new Prng(Math.imul(seed, 0x9e3779b1) ^ (part * 0x85ebca6b));
const conditionsOf = ({ seed, conditions }: FullRunOptions): FullConditions =>
  drawFullConditions(chanceOf(seed, PART.conditions), chanceOf(seed, PART.later), conditions ?? {});

/** All faults that a run's seed draws, in the order of time; after them its switchovers. */
export function drawnFaults(options: FullRunOptions): TimedFault[] {
  const conditions = conditionsOf(options);
  const chance = (part: number): Prng => chanceOf(options.seed, part);
  return [...drawFaults(chance(PART.faults), conditions), ...drawSwitchovers(chance(PART.switchovers), conditions)];
}

class FullSimulation implements ProcessWorld {
  readonly schedule = new Schedule();
  readonly #conditions: FullConditions;
  readonly #network: Network;
  readonly #networkChance: Prng;
  readonly #checkers: Checkers;
  readonly #handovers = new Handovers((replica) => this.#checkers.diskOf(replica));
  readonly #mixture: Mixture;
  readonly #kinds: readonly WorkloadKind[];
  /** Of all services, and the core's own. */
  readonly #tables: readonly string[];
  readonly #nemesis: Nemesis;
  readonly #replicas: ReplicaProcess[];
  readonly #reached = new Set<string>();
  readonly #counts = { installed: 0, recoveries: 0, salvaged: 0, views: 0 };
  #isUpgraded = false;
  #violation: { readonly error: unknown } | undefined;
  #hash = 0;
  #events = 0;

  constructor(private readonly options: FullRunOptions) {
    const chance = (part: number): Prng => chanceOf(options.seed, part);
    const drawn = conditionsOf(options);
    this.#conditions = { ...drawn, faultsMs: options.faultsMs ?? drawn.faultsMs };
    const { only } = options;
    const faults = drawnFaults(options).filter((_, place) => only === undefined || only.includes(place));
    this.#networkChance = chance(PART.network);
    this.#network = new Network(this.#networkChance, this.#conditions, this.schedule);
    const count = this.#conditions.replicas;
    this.#checkers = new Checkers(count);
    this.#kinds = Object.keys(this.#conditions.services).map(workloadOf);
    this.#tables = [...this.#kinds.flatMap((kind) => kind.tables), 'receipts.csv'];
    this.#replicas = Array.from({ length: count }, (_, index) =>
      this.#makeReplica(index, chance(PART.replicas + index)),
    );
    const world = {
      schedule: this.schedule,
      checkers: this.#checkers,
      replicas: this.#replicas,
      conditions: this.#conditions,
      wallMs: () => 1_700_000_000_000 + Math.floor(this.schedule.nowMs),
      chance,
      onViolation: (error: unknown) => this.onViolation(error),
    };
    this.#mixture = new Mixture(world, this.#kinds);
    this.#nemesis = new Nemesis(
      faults,
      this.schedule,
      this.#checkers,
      this.#network,
      this.#replicas,
      this.#tables,
      (line) => this.trace(line),
    );
  }

  #makeReplica(index: number, prng: Prng): ReplicaProcess {
    const { replicas, checkpointIntervalOps, suffixBytesMax, segmentBytesMax, diskDelayMs, drift, isSyncLying } =
      this.#conditions;
    const { readLaterBytesMin, readLaterPieceBytes, indexFrameRecords, checkpointIntervalBytes, uncommittedBytesMax } =
      this.#conditions;
    const config = {
      self: replicaIndex(index),
      replicaIds: Array.from({ length: replicas }, (_, one) => `replica-${one + 1}`),
      heartbeatMs: HEARTBEAT_MS,
      quorum: majorityOf(replicas),
      checkpointIntervalOps,
      uncommittedOpsMax: 200,
      ...(suffixBytesMax === 0 ? {} : { suffixBytesMax, chunkBytesMax: suffixBytesMax }),
      ...(checkpointIntervalBytes === 0 ? {} : { checkpointIntervalBytes }),
      ...(uncommittedBytesMax === 0 ? {} : { uncommittedBytesMax }),
    };
    const clockRate = 1 + (prng.unit() * 2 - 1) * drift;
    return new ReplicaProcess(
      {
        config,
        storage: { segmentBytesMax, readLaterBytesMin, readLaterPieceBytes },
        diskDelayMs,
        isSyncLying,
        clockRate,
        shipped: Object.assign({}, ...this.#kinds.map((kind) => kind.shipped)) as Record<string, string>,
        makeServices: (files) => this.#kindsNow().map((kind) => kind.makeService(files, { indexFrameRecords })),
      },
      prng,
      this,
    );
  }

  async run(): Promise<FullRunReport> {
    try {
      return await this.#run();
    } catch (error) {
      const { seed } = this.options;
      const message = error instanceof Error ? error.message : String(error);
      const atMs = this.schedule.nowMs;
      const told = `seed ${seed}, at ${atMs.toFixed(1)} ms: ${message}`;
      throw new FullRunFailure(told, this.options, this.#conditions, atMs, error);
    }
  }

  async #run(): Promise<FullRunReport> {
    for (const [index, replica] of this.#replicas.entries())
      this.schedule.after((index * BOOT_MS) / this.#replicas.length, () => replica.boot());
    this.#mixture.begin((service) => this.#isServedByAll(service));
    this.#upgrade();
    this.#nemesis.begin();
    await this.#runUntil(() => this.schedule.nowMs >= this.#conditions.faultsMs);
    this.trace(() => 'healing');
    this.#isUpgraded = true;
    for (const replica of this.#replicas) if (!this.#servesAll(replica)) replica.die(false);
    this.#nemesis.heal();
    const deadline = this.schedule.nowMs + HEALING_MS;
    const noticed = this.schedule.nowMs + NOTICE_MS;
    const isGoalMet = this.#mixture.finish();
    await this.#runUntil(() => {
      if (this.schedule.nowMs > deadline) throw new Violation(`no progress after healing: ${this.#describe()}`);
      return this.schedule.nowMs >= noticed && isGoalMet() && this.#isLevel();
    });
    await this.#checkEnd();
    return this.#report();
  }

  /** From its time on every process that begins is of the version that has all services; those that run are replaced in turn. */
  #upgrade(): void {
    const { lateServices, upgradeMs } = this.#conditions;
    if (lateServices.length === 0) return;
    this.schedule.after(upgradeMs, () => {
      this.#isUpgraded = true;
      this.trace(() => `upgrade: ${lateServices.join(', ')}`);
      for (const [index, replica] of this.#replicas.entries())
        this.schedule.after(index * UPGRADE_EVERY_MS, () => {
          if (this.#servesAll(replica)) return;
          replica.die(false);
          this.schedule.after(UPGRADE_DOWN_MS, () => replica.boot());
        });
    });
  }

  /** What a process has that begins now. */
  #kindsNow(): readonly WorkloadKind[] {
    const { lateServices } = this.#conditions;
    return this.#isUpgraded ? this.#kinds : this.#kinds.filter(({ service }) => !lateServices.includes(service));
  }

  #servesAll(replica: ReplicaProcess): boolean {
    return this.#kinds.every(({ service }) => replica.services.has(service));
  }

  /** Whether no replica's last process was of a version without the service: from then on none will be. */
  #isServedByAll(service: string): boolean {
    return !this.#conditions.lateServices.includes(service) || this.#replicas.every((one) => one.services.has(service));
  }

  async #checkEnd(): Promise<void> {
    await this.#mend();
    checkSameTables(this.#replicas, this.#shared);
    this.#mixture.checkServices();
    const due = this.#mixture.reads + this.#mixture.audit();
    const end = this.schedule.nowMs + AUDIT_MS;
    await this.#runUntil(() => this.schedule.nowMs >= end);
    if (this.#mixture.reads < due) throw new Violation('a level replica did not answer a read of any consistency');
    this.#checkers.atEnd((id) => this.#mixture.committed.has(id) || this.#isExcused(id));
    this.#mixture.atEnd();
  }

  /** Tables and documents that are the same on level replicas. */
  get #shared(): readonly string[] {
    return [...this.#tables, ...this.#kinds.flatMap((kind) => kind.documents)];
  }

  /** A level replica may still have to put documents right that a loss of power, or somebody, has left torn. */
  async #mend(): Promise<void> {
    for (
      let looks = 0;
      looks < MENDING_LOOKS_MAX && differenceBetween(this.#replicas, this.#shared) !== undefined;
      looks++
    ) {
      const next = this.schedule.nowMs + NOTICE_MS;
      await this.#runUntil(() => this.schedule.nowMs >= next);
    }
  }

  /** A write acknowledged below a majority may be lost with a disk. */
  #isExcused(id: string): boolean {
    return this.#nemesis.disksHarmed > 0 && this.#checkers.acknowledged.get(id)?.isFinal === false;
  }

  async #runUntil(isDone: () => boolean): Promise<void> {
    await this.#settle();
    while (!isDone()) {
      if (!this.schedule.runNext()) throw new Violation('nothing is left to happen');
      if (++this.#events > EVENTS_MAX) throw new Violation(`no end after ${EVENTS_MAX} events: ${this.#describe()}`);
      await this.#settle();
    }
  }

  /** Runs what promises have become able to run, until nothing but time and the disks can go on. */
  async #settle(): Promise<void> {
    await new Promise<void>((resolve) => setImmediate(resolve));
    for (const replica of this.#replicas) replica.serveDisk();
    if (this.#violation !== undefined) throw this.#violation.error;
  }

  send(from: ReplicaIndex, to: ReplicaIndex, clusterId: string, message: Message): void {
    const sender = this.#replicas[from];
    if (sender === undefined) return;
    this.#checkers.onSend(from, message, sender.facts());
    this.trace(() => `r${from} → r${to} ${message.kind}${'view' in message ? ` ${message.view}` : ''}`);
    for (const delay of this.#network.delays(from, to))
      this.schedule.after(delay, () => this.#deliver(from, to, clusterId, message));
  }

  #deliver(from: ReplicaIndex, to: ReplicaIndex, clusterId: string, message: Message): void {
    const target = this.#replicas[to];
    if (target === undefined) return;
    if (!target.isUp) {
      if (this.#networkChance.chance(0.3)) this.#replicas[from]?.onRefused(to);
      return;
    }
    target.onMessage(from, clusterId, message);
  }

  onDisk(replica: ReplicaIndex, facts: DiskFacts): void {
    this.#checkers.onDisk(replica, facts);
  }

  onDiskLost(replica: ReplicaIndex): void {
    this.#checkers.onWiped(replica);
  }

  onApplied(replica: ReplicaIndex, entry: Entry): void {
    this.#checkers.onApplied(replica, entry);
    this.#mixture.take(entry);
  }

  onStep(replica: ReplicaIndex, event: Event, state: State, effects: readonly Effect[]): void {
    const kind = event.kind === 'message' ? event.envelope.message.kind : event.kind;
    this.#reached.add(kind);
    this.#handovers.onStep(replica, state, event.nowMs);
    const one = this.#replicas[replica];
    if (one !== undefined) this.#nemesis.onStep(one, state);
    this.#counts.views = Math.max(this.#counts.views, state.view);
    this.#fold(
      replica + 31 * kind.length + 997 * state.view + 7_919 * state.durable + Math.round(this.schedule.nowMs * 64),
    );
    for (const effect of effects) {
      if ('transition' in effect) this.#reached.add(effect.kind);
      if (effect.kind === 'installCheckpoint') this.#counts.installed++;
      if (effect.kind === 'reply' && effect.outcome.kind === 'written' && actsAsPrimary(state))
        this.#checkers.onActsAsPrimary(replica, state.view);
    }
  }

  onNotice(replica: ReplicaIndex, notice: Notice): void {
    if (notice.kind === 'recovered') this.#counts.recoveries++;
    if (notice.kind === 'salvaged') this.#counts.salvaged++;
    this.trace(() => `r${replica} ${JSON.stringify(notice)}`);
  }

  onStarted(found: string): void {
    this.#reached.add(found);
  }

  onViolation(error: unknown): void {
    this.#violation ??= { error };
  }

  trace(line: () => string): void {
    this.options.trace?.(`${this.schedule.nowMs.toFixed(1).padStart(9)} ${line()}`);
  }

  #fold(value: number): void {
    this.#hash = (Math.imul(this.#hash, 31) + value) >>> 0;
  }

  #isLevel(): boolean {
    const states = this.#replicas.map((replica) => replica.state);
    const first = states[0];
    if (this.#replicas.some((replica) => replica.isUnread)) return false;
    return states.every(
      (state) =>
        state !== undefined &&
        first !== undefined &&
        state.status === 'normal' &&
        state.transition === undefined &&
        state.view === first.view &&
        state.applied === first.applied &&
        state.outbox.length === 0 &&
        state.applied === state.log.base.op + state.log.entries.length,
    );
  }

  #describe(): string {
    return this.#replicas.map((replica) => replica.describe()).join(' | ');
  }

  #report(): FullRunReport {
    const { reads, written: writtenTo, refused, notMet } = this.#mixture;
    const { installed, recoveries, salvaged, views } = this.#counts;
    return {
      seed: this.options.seed,
      committedOps: this.#checkers.committedOps,
      written: Object.values(writtenTo).reduce((sum, count) => sum + count, 0),
      writtenTo,
      refused,
      reads,
      notMet,
      views,
      checkpointsInstalled: installed,
      recoveries,
      salvaged,
      handedOver: this.#handovers.done,
      faults: this.#nemesis.injected,
      reached: this.#reached,
      events: this.#events,
      hash: this.#hash.toString(16),
    };
  }
}
