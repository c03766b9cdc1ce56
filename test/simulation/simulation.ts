import { majorityOf, replicaIndex, type ReplicaIndex } from '../../src/base/numbers.js';
import type { Outcome } from '../../src/vsr/effect.js';
import type { Message } from '../../src/vsr/message.js';
import type { State } from '../../src/vsr/state.js';
import { Checkers, Violation } from './checkers.js';
import { Clients } from './clients.js';
import { drawConditions, type Conditions } from './conditions.js';
import { Handovers } from './handovers.js';
import { LedgerService } from './ledger-service.js';
import { Nemesis, type PastFault } from './nemesis.js';
import { Network } from './network.js';
import { Prng } from './prng.js';
import { Schedule } from './schedule.js';
import { SimulatedReplica, type World } from './simulated-replica.js';

/** Which run, and what of its conditions is not left to the seed. */
export interface RunOptions {
  readonly seed: number;
  readonly conditions?: Partial<Conditions>;
  /** Called with every trace line when given. */
  readonly trace?: (line: string) => void;
  /** Places, in the order of time, of faults that are left out. What comes after the first is not as it was without. */
  readonly omitted?: ReadonlySet<number>;
}

/** A run that broke a guarantee. */
export class RunFailure extends Error {
  override readonly name = 'RunFailure';
  constructor(
    message: string,
    readonly options: RunOptions,
    /** What it had done up to then. */
    readonly report: RunReport,
    /** The faults until then. */
    readonly past: readonly PastFault[],
    cause: unknown,
  ) {
    super(message, { cause });
  }
}

/** What a run did, so that an idle one cannot pass. */
export interface RunReport {
  readonly seed: number;
  readonly committedOps: number;
  readonly acknowledged: number;
  readonly reads: number;
  readonly notMet: number;
  readonly faults: number;
  /** Faults that happened, by kind. */
  readonly faultsByKind: ReadonlyMap<string, number>;
  readonly wipes: number;
  readonly views: number;
  readonly checkpointsInstalled: number;
  readonly recoveries: number;
  readonly salvaged: number;
  /** Offices that were handed over to another replica; counted where rules are checked. */
  readonly handedOver: number;
  /** Acknowledgements of orders taken alone. */
  readonly takenAlone: number;
  /** Kinds of events, messages and transitions that a core went through. */
  readonly reached: ReadonlySet<string>;
  /** The same for the same seed: the run was deterministic. */
  readonly hash: string;
}

const HEARTBEAT_MS = 50;
/** Simulated ms in which a healed cluster must be level and take orders. */
const HEALING_MS = 20_000;
/** Events of one run; beyond, the replicas are talking in circles. */
const EVENTS_MAX = 3_000_000;
/** Simulated ms in which all replicas have begun. */
const BOOT_MS = 200;

/** Runs one seed: faults first, then healing with progress required. Throws RunFailure at the first violation. */
export function runSimulation(options: RunOptions): RunReport {
  return new Simulation(options).run();
}

class Simulation implements World {
  readonly schedule = new Schedule();
  readonly prng: Prng;
  readonly checkers: Checkers;
  readonly #handovers = new Handovers((replica) => this.checkers.diskOf(replica));
  readonly #conditions: Conditions;
  readonly #network: Network;
  readonly #clients: Clients;
  readonly #nemesis: Nemesis;
  readonly #replicas: SimulatedReplica[] = [];
  readonly #counts = { installed: 0, recoveries: 0, salvaged: 0 };
  #hash = 0;
  #events = 0;

  constructor(private readonly options: RunOptions) {
    const prng = new Prng(options.seed);
    this.prng = prng;
    this.#conditions = drawConditions(prng, options.conditions ?? {});
    const { replicas: count, checkpointIntervalOps, suffixBytesMax, drift } = this.#conditions;
    const { checkpointIntervalBytes, uncommittedBytesMax } = this.#conditions;
    this.checkers = new Checkers(count, this.#conditions.areRulesChecked);
    this.#network = new Network(prng, this.#conditions, this.schedule);
    const replicaIds = Array.from({ length: count }, (_, index) => `replica-${index + 1}`);
    for (let index = 0; index < count; index++) {
      const config = {
        self: replicaIndex(index),
        replicaIds,
        heartbeatMs: HEARTBEAT_MS,
        quorum: majorityOf(count),
        checkpointIntervalOps,
        uncommittedOpsMax: 200,
        takesAlone: this.#conditions.keepsOrdering,
        ...(suffixBytesMax === 0 ? {} : { suffixBytesMax, chunkBytesMax: suffixBytesMax }),
        ...(checkpointIntervalBytes === 0 ? {} : { checkpointIntervalBytes }),
        ...(uncommittedBytesMax === 0 ? {} : { uncommittedBytesMax }),
      };
      const replica = new SimulatedReplica(replicaIndex(index), config, () => new LedgerService(), this);
      replica.clockRate = 1 + (prng.unit() * 2 - 1) * drift;
      this.#replicas.push(replica);
    }
    const shared = [prng, this.schedule, this.checkers, this.#conditions] as const;
    this.#clients = new Clients(...shared, this.#replicas);
    this.#nemesis = new Nemesis(...shared, this.#network, this.#replicas, (line) => this.trace(line), options.omitted);
  }

  run(): RunReport {
    try {
      return this.#run();
    } catch (error) {
      const message = error instanceof Error ? error.message : String(error);
      const told = `seed ${this.options.seed}, at ${this.schedule.nowMs.toFixed(1)} ms: ${message}`;
      throw new RunFailure(told, this.options, this.#report(), this.#nemesis.past, error);
    }
  }

  #run(): RunReport {
    for (const replica of this.#replicas)
      this.schedule.after(this.prng.between(0, BOOT_MS), () => {
        if (!replica.isUp) replica.boot();
      });
    this.#clients.begin();
    this.#nemesis.begin();
    this.#runUntil(() => this.schedule.nowMs >= this.#conditions.faultsMs);
    this.#nemesis.heal();
    const deadline = this.schedule.nowMs + HEALING_MS;
    const isGoalMet = this.#clients.finish();
    this.#runUntil(() => {
      if (this.schedule.nowMs > deadline) throw new Violation(`no progress after healing: ${this.#describe()}`);
      return isGoalMet() && this.#isLevel();
    });
    this.#checkEnd();
    return this.#report();
  }

  #checkEnd(): void {
    for (const { state } of this.#replicas) {
      const ledger = state?.services.get('ledger');
      this.checkers.atEnd((id) => this.#isExcused(id) || ledger?.hasCommitted(id) === true);
    }
    const texts = this.#replicas.map((replica) => replica.folder.files.contents()['receipts.csv']);
    if (new Set(texts).size !== 1) throw new Violation('equal ops, but receipts.csv differs between replicas');
  }

  /** A write acknowledged below a majority is lost with its disk. */
  #isExcused(id: string): boolean {
    return this.#nemesis.wipes > 0 && this.checkers.acknowledged.get(id)?.isFinal === false;
  }

  #runUntil(isDone: () => boolean): void {
    while (!isDone()) {
      if (!this.schedule.runNext()) throw new Violation('nothing is left to happen');
      if (++this.#events > EVENTS_MAX) throw new Violation(`no end after ${EVENTS_MAX} events: ${this.#describe()}`);
    }
  }

  send(from: number, to: ReplicaIndex, clusterId: string, message: Message): void {
    this.trace(() => `r${from} → r${to} ${message.kind}${'view' in message ? ` ${message.view}` : ''}`);
    this.#nemesis.onSend(from, to, message.kind);
    for (const delay of this.#network.delays(from, to))
      this.schedule.after(delay, () => this.#deliver(from, to, clusterId, message));
  }

  #deliver(from: number, to: ReplicaIndex, clusterId: string, message: Message): void {
    const target = this.#replicas[to];
    if (target === undefined) return;
    if (!target.isUp) {
      if (this.prng.chance(0.3)) this.#replicas[from]?.dispatch({ kind: 'connectionRefused', peer: to });
      return;
    }
    const digest = to * 7 + message.kind.length + Math.round(this.schedule.nowMs * 8);
    this.#hash = (Math.imul(this.#hash, 31) + digest) >>> 0;
    target.dispatch({ kind: 'message', envelope: { from: replicaIndex(from), clusterId, message } });
  }

  onOutcome(replica: number, token: number, outcome: Outcome): void {
    this.#clients.onOutcome(replica, token, outcome);
  }

  onStep(replica: number, state: State, nowMs: number): void {
    if (this.#conditions.areRulesChecked) this.#handovers.onStep(replica, state, nowMs);
  }

  onTransition(replica: SimulatedReplica, kind: string): void {
    if (kind === 'installCheckpoint') this.#counts.installed++;
    this.#nemesis.onTransition(replica);
  }

  onNotice(replica: number, notice: { readonly kind: string }): void {
    if (notice.kind === 'recovered') this.#counts.recoveries++;
    if (notice.kind === 'salvaged') this.#counts.salvaged++;
    this.trace(() => `r${replica} ${JSON.stringify(notice)}`);
  }

  trace(line: () => string): void {
    this.options.trace?.(`${this.schedule.nowMs.toFixed(1).padStart(9)} ${line()}`);
  }

  #isLevel(): boolean {
    const states = this.#replicas.map((replica) => replica.state);
    const first = states[0];
    return states.every(
      (state) =>
        state !== undefined &&
        first !== undefined &&
        state.status === 'normal' &&
        state.view === first.view &&
        state.applied === first.applied &&
        state.outbox.length === 0 &&
        state.applied === state.log.base.op + state.log.entries.length,
    );
  }

  #describe(): string {
    return this.#replicas.map((replica) => replica.describe()).join(' | ');
  }

  #report(): RunReport {
    const reached = new Set<string>();
    for (const replica of this.#replicas) for (const kind of replica.reached) reached.add(kind);
    const faultsByKind = new Map<string, number>();
    for (const { kind } of this.#nemesis.past) faultsByKind.set(kind, (faultsByKind.get(kind) ?? 0) + 1);
    return {
      seed: this.options.seed,
      committedOps: this.checkers.committedOps,
      acknowledged: this.checkers.acknowledged.size,
      reads: this.#clients.reads,
      notMet: this.#clients.notMet,
      faults: this.#nemesis.faults,
      faultsByKind,
      wipes: this.#nemesis.wipes,
      views: Math.max(...this.#replicas.map((replica) => replica.state?.view ?? 0)),
      checkpointsInstalled: this.#counts.installed,
      recoveries: this.#counts.recoveries,
      salvaged: this.#counts.salvaged,
      handedOver: this.#handovers.done,
      takenAlone: this.#clients.takenAlone,
      reached,
      hash: this.#hash.toString(16),
    };
  }
}
