import { op, replicaIndex, type ReplicaIndex } from '../../src/base/numbers.js';
import { majorityOf } from '../../src/base/numbers.js';
import type { Outcome } from '../../src/vsr/effect.js';
import type { Message } from '../../src/vsr/message.js';
import { Checkers, Violation } from './checkers.js';
import { LedgerService } from './ledger-service.js';
import { Prng } from './prng.js';
import { Schedule } from './schedule.js';
import { SimulatedReplica, type World } from './simulated-replica.js';

/** How long a run is and how unkind; drawn from its seed where not given. */
export interface RunOptions {
  readonly seed: number;
  /** Simulated ms under faults. */
  readonly faultsMs?: number;
  readonly replicas?: number;
  /** Called with every trace line when given. */
  readonly trace?: (line: string) => void;
}

/** What a run did, so that an idle one cannot pass. */
export interface RunReport {
  readonly seed: number;
  readonly committedOps: number;
  readonly acknowledged: number;
  readonly reads: number;
  readonly faults: number;
  readonly views: number;
  readonly checkpointsInstalled: number;
  readonly reached: ReadonlySet<string>;
  /** The same for the same seed: the run was deterministic. */
  readonly hash: string;
}

const HEARTBEAT_MS = 50;
/** Simulated ms in which a healed cluster must be level and take orders. */
const HEALING_MS = 20_000;

/** Events of one run; beyond, the replicas are talking in circles. */
const EVENTS_MAX = 400_000;

/** Runs one seed: faults first, then healing with progress required. Throws on the first violation. */
export function runSimulation(options: RunOptions): RunReport {
  return new Simulation(options).run();
}

interface Attempt {
  readonly id: string;
  readonly value: number;
  readonly copiesNeeded: number;
}

class Simulation implements World {
  readonly schedule = new Schedule();
  readonly prng: Prng;
  readonly checkers = new Checkers();
  readonly #replicas: SimulatedReplica[] = [];
  readonly #cut: boolean[][];
  readonly #count: number;
  readonly #faultsMs: number;
  #loss: number;
  #duplication: number;
  #delayMs: number;
  #faults = 0;
  #wipes = 0;
  #token = 0;
  #hash = 0;
  #reads = 0;
  #installed = 0;
  #events = 0;
  readonly #waiting = new Map<number, { attempt: Attempt } | { seen: number; consistency: string }>();
  #isHealing = false;

  constructor(private readonly options: RunOptions) {
    this.prng = new Prng(options.seed);
    const { prng } = this;
    this.#count = options.replicas ?? (prng.chance(0.8) ? 3 : 5);
    this.#faultsMs = options.faultsMs ?? prng.between(1_000, 6_000);
    this.#loss = prng.pick([0, 0.01, 0.05, 0.2]);
    this.#duplication = prng.pick([0, 0.02, 0.1]);
    this.#delayMs = prng.pick([1, 5, 20, 60]);
    this.#cut = Array.from({ length: this.#count }, () => new Array<boolean>(this.#count).fill(false));
    const replicaIds = Array.from({ length: this.#count }, (_, index) => `replica-${index + 1}`);
    const checkpointIntervalOps = prng.pick([5, 20, 100, 1_000]);
    for (let index = 0; index < this.#count; index++) {
      const config = {
        self: replicaIndex(index),
        replicaIds,
        heartbeatMs: HEARTBEAT_MS,
        quorum: majorityOf(this.#count),
        checkpointIntervalOps,
        uncommittedOpsMax: 200,
      };
      this.#replicas.push(new SimulatedReplica(replicaIndex(index), config, () => new LedgerService(), this));
    }
  }

  run(): RunReport {
    try {
      return this.#run();
    } catch (error) {
      const message = error instanceof Error ? error.message : String(error);
      throw new Error(`seed ${this.options.seed}, at ${this.schedule.nowMs.toFixed(1)} ms: ${message}`, {
        cause: error,
      });
    }
  }

  #run(): RunReport {
    for (const replica of this.#replicas) this.schedule.after(this.prng.between(0, 200), () => replica.boot());
    this.#clients();
    this.#nemesis();
    this.#runUntil(() => this.schedule.nowMs >= this.#faultsMs);
    this.#heal();
    const deadline = this.schedule.nowMs + HEALING_MS;
    const goal = { id: this.#newId(), value: 1, copiesNeeded: this.#count };
    this.#insist(goal);
    this.#runUntil(() => {
      if (this.schedule.nowMs > deadline) throw new Violation(`no progress after healing: ${this.#describe()}`);
      return this.checkers.acknowledged.get(goal.id)?.isFinal === true && this.#isLevel();
    });
    const services = this.#replicas.map((replica) => replica.state?.services.get('ledger'));
    for (const service of services)
      this.checkers.atEnd((id) => this.#isExcused(id) || service?.hasCommitted(id) === true);
    const texts = this.#replicas.map((replica) => replica.folder.files.contents()['receipts.csv']);
    if (new Set(texts).size !== 1) throw new Violation('equal ops, but receipts.csv differs between replicas');
    return this.#report();
  }

  /** A write acknowledged below a majority is lost with its disk. */
  #isExcused(id: string): boolean {
    return this.#wipes > 0 && this.checkers.acknowledged.get(id)?.isFinal === false;
  }

  #runUntil(isDone: () => boolean): void {
    while (!isDone()) {
      if (!this.schedule.runNext()) throw new Violation('nothing is left to happen');
      if (++this.#events > EVENTS_MAX) throw new Violation(`no end after ${EVENTS_MAX} events: ${this.#describe()}`);
    }
  }

  send(from: number, to: ReplicaIndex, clusterId: string, message: Message): void {
    const { prng } = this;
    if (this.#cut[from]?.[to] === true || prng.chance(this.#isHealing ? 0 : this.#loss)) return;
    const times = prng.chance(this.#isHealing ? 0 : this.#duplication) ? 2 : 1;
    for (let copy = 0; copy < times; copy++) {
      const delay = 0.1 + prng.unit() * this.#delayMs;
      this.schedule.after(delay, () => {
        const target = this.#replicas[to];
        if (target === undefined) return;
        if (!target.isUp) {
          if (prng.chance(0.3)) this.#replicas[from]?.dispatch({ kind: 'connectionRefused', peer: to });
          return;
        }
        this.#hash =
          (Math.imul(this.#hash, 31) + to * 7 + message.kind.length + Math.round(this.schedule.nowMs * 8)) >>> 0;
        if (message.kind === 'checkpointOffered') this.#installed++;
        target.dispatch({ kind: 'message', envelope: { from: replicaIndex(from), clusterId, message } });
      });
    }
  }

  onOutcome(replica: number, token: number, outcome: Outcome): void {
    const waiting = this.#waiting.get(token);
    if (waiting === undefined) throw new Violation(`token ${token} was answered twice`);
    this.#waiting.delete(token);
    if (outcome.kind === 'written' && 'attempt' in waiting) {
      const { attempt } = waiting;
      if (outcome.receipt.copies < attempt.copiesNeeded)
        throw new Violation(`replica ${replica} acknowledged with ${outcome.receipt.copies} copies`);
      if (outcome.reply.kind !== 'done') throw new Violation(`an order was refused: ${outcome.reply.refusal.message}`);
      const isFinal = attempt.copiesNeeded >= majorityOf(this.#count);
      this.checkers.onAcknowledged(attempt.id, outcome.receipt.op, outcome.receipt.chain, isFinal);
    } else if (outcome.kind === 'read' && 'seen' in waiting) {
      this.#reads++;
      this.checkers.onRead(waiting.seen, outcome.asOf.op, waiting.consistency);
    }
  }

  trace(line: () => string): void {
    this.options.trace?.(`${this.schedule.nowMs.toFixed(1).padStart(9)} ${line()}`);
  }

  #newId(): string {
    return `id-${this.prng.u32().toString(16)}-${this.prng.u32().toString(16)}`;
  }

  /** Clients that write, repeat what they did before (under the same id), and read; at any replica. */
  #clients(): void {
    const { prng, schedule } = this;
    const past: Attempt[] = [];
    const concerns = [1, majorityOf(this.#count), majorityOf(this.#count), majorityOf(this.#count), this.#count];
    const act = (): void => {
      if (this.#isHealing) return;
      const writes = prng.between(0, 3);
      for (let index = 0; index < writes; index++) {
        const attempt =
          past.length > 0 && prng.chance(0.4)
            ? prng.pick(past)
            : { id: this.#newId(), value: prng.between(1, 1_000), copiesNeeded: prng.pick(concerns) };
        past.push(attempt);
        this.#write(prng.pick(this.#replicas), attempt);
      }
      if (prng.chance(0.5)) this.#read(prng.pick(this.#replicas));
      schedule.after(prng.between(1, 15), act);
    };
    schedule.after(1, act);
  }

  #write(replica: SimulatedReplica, attempt: Attempt): void {
    const token = ++this.#token;
    this.#waiting.set(token, { attempt });
    replica.dispatch({
      kind: 'writes',
      requests: [
        {
          token,
          service: 'ledger',
          request: { requestId: attempt.id, body: attempt.value, copiesNeeded: attempt.copiesNeeded },
          deadlineMs: this.schedule.nowMs + 2_000,
        },
      ],
    });
  }

  #read(replica: SimulatedReplica): void {
    const token = ++this.#token;
    const consistency = this.prng.pick(['linearizable', 'linearizable', 'session', 'any'] as const);
    const seen = this.checkers.acknowledgedOp;
    this.#waiting.set(token, { seen, consistency });
    const minOp = op(consistency === 'session' ? seen : 0);
    replica.dispatch({
      kind: 'reads',
      requests: [
        { token, service: 'ledger', query: { body: '' }, consistency, minOp, deadlineMs: this.schedule.nowMs + 2_000 },
      ],
    });
  }

  /** A client that does not give up: tries everyone until the write is acknowledged. */
  #insist(attempt: Attempt): void {
    for (const replica of this.#replicas) this.#write(replica, attempt);
    if (this.checkers.acknowledged.get(attempt.id)?.isFinal !== true)
      this.schedule.after(100, () => this.#insist(attempt));
  }

  #nemesis(): void {
    const { prng, schedule } = this;
    const pace = prng.pick([50, 150, 400]);
    const act = (): void => {
      if (this.#isHealing) return;
      this.#faults++;
      const victim = prng.pick(this.#replicas);
      const fault = prng.between(0, 12);
      if (fault <= 3) this.#crash(victim, prng.between(0, 800));
      else if (fault <= 5) this.#cutLinks();
      else if (fault === 6) this.#pause(victim, prng.between(20, 1_500));
      else if (fault === 7) victim.diskDelayMs = prng.pick([0, 2, 10, 100]);
      else if (fault === 8) victim.wallOffsetMs += prng.between(-5_000, 5_000);
      else if (fault === 9) this.#fillDisk(victim, prng.between(50, 1_000));
      else if (fault === 10) for (const replica of this.#replicas) this.#crash(replica, prng.between(0, 300));
      else if (fault === 11) this.#wipe(victim);
      else if (victim.isUp) victim.dispatch({ kind: 'resign', why: 'told to' });
      schedule.after(prng.between(1, 2 * pace), act);
    };
    schedule.after(prng.between(200, 1_000), act);
  }

  #crash(replica: SimulatedReplica, downMs: number): void {
    if (!replica.isUp) return;
    this.trace(() => `r${replica.index} crashes`);
    replica.crash();
    this.schedule.after(downMs, () => {
      if (!replica.isUp) replica.boot();
      this.trace(() => `r${replica.index} boots: ${this.#describe()}`);
    });
  }

  /** One disk at a time is lost, as the guarantee has it: the others hold their promises, nobody else is recovering. */
  #wipe(replica: SimulatedReplica): void {
    const others = this.#replicas.filter((other) => other !== replica);
    const isFair = others.every((other) => {
      const { promises, journal, checkpoint } = other.folder.durable;
      const reaches = (checkpoint?.offer.head.base.op ?? 0) + journal.length;
      return promises !== undefined && !promises.recovering && reaches >= 2;
    });
    if (!isFair || !replica.isUp) return;
    this.trace(() => `r${replica.index} is wiped`);
    this.#wipes++;
    replica.crash();
    replica.folder.wipe();
    this.checkers.onWiped(replica.index);
    this.schedule.after(this.prng.between(0, 300), () => {
      if (!replica.isUp) replica.boot();
    });
  }

  #pause(replica: SimulatedReplica, forMs: number): void {
    if (!replica.isUp || replica.isPaused) return;
    replica.isPaused = true;
    this.schedule.after(forMs, () => {
      if (replica.isPaused) replica.resume();
    });
  }

  #fillDisk(replica: SimulatedReplica, forMs: number): void {
    replica.isDiskFull = true;
    this.schedule.after(forMs, () => this.#makeRoom(replica));
  }

  #makeRoom(replica: SimulatedReplica): void {
    if (!replica.isDiskFull) return;
    replica.isDiskFull = false;
    replica.dispatch({ kind: 'diskHasRoom' });
  }

  #cutLinks(): void {
    const { prng } = this;
    for (const row of this.#cut) row.fill(false);
    if (prng.chance(0.3)) return;
    for (let links = prng.between(1, this.#count); links > 0; links--) {
      const from = prng.between(0, this.#count - 1);
      const to = prng.between(0, this.#count - 1);
      const isOneWay = prng.chance(0.4);
      const row = this.#cut[from];
      const back = this.#cut[to];
      if (row !== undefined) row[to] = true;
      if (!isOneWay && back !== undefined) back[from] = true;
    }
  }

  #heal(): void {
    this.#isHealing = true;
    this.#loss = 0;
    this.#delayMs = 2;
    for (const row of this.#cut) row.fill(false);
    for (const replica of this.#replicas) {
      replica.diskDelayMs = 2;
      this.#makeRoom(replica);
      if (replica.isPaused) replica.resume();
      if (!replica.isUp) replica.boot();
    }
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
    return this.#replicas
      .map(({ state }) =>
        state === undefined
          ? 'down'
          : `${state.status} ${state.view}/${state.logView} op ${state.log.base.op + state.log.entries.length} durable ${state.durable} commit ${state.commit} outbox ${state.outbox.length}${state.resigned?.view === state.view ? ' resigned' : ''}${state.transition === undefined ? '' : ` ${state.transition.next}`}${state.fetch === undefined ? '' : ` fetch ${state.fetch.purpose}`}`,
      )
      .join(' | ');
  }

  #report(): RunReport {
    const reached = new Set<string>();
    for (const replica of this.#replicas) for (const kind of replica.reached) reached.add(kind);
    return {
      seed: this.options.seed,
      committedOps: this.checkers.committedOps,
      acknowledged: this.checkers.acknowledged.size,
      reads: this.#reads,
      faults: this.#faults,
      views: Math.max(...this.#replicas.map((replica) => replica.state?.view ?? 0)),
      checkpointsInstalled: this.#installed,
      reached,
      hash: this.#hash.toString(16),
    };
  }
}
