import { op } from '../../../src/base/numbers.js';
import type { IncomingCall } from '../../../src/ports/calls.js';
import { actsAsPrimary } from '../../../src/vsr/state.js';
import type { Outcome } from '../../../src/vsr/effect.js';
import type { Checkers } from '../checkers.js';
import type { Prng } from '../prng.js';
import type { Schedule } from '../schedule.js';
import type { Answers } from './answers.js';
import type { ReplicaProcess } from './replica-process.js';
import type { Asked, Workload } from './workload.js';

/** ms that a caller waits for an answer. */
const PATIENCE_MS = 2_000;
/** ms between two attempts of the last requests of a run. */
const INSIST_EVERY_MS = 200;
/** Longest pause between two acts of the callers of a service that has the run for itself, ms. */
const PAUSE_MS = 20;

/** What callers of one service need. */
export interface CallersWorld {
  readonly service: string;
  /** Share of all calls of the run, above 0, at most 1. */
  readonly share: number;
  readonly prng: Prng;
  readonly schedule: Schedule;
  readonly workload: Workload;
  readonly answers: Answers;
  readonly checkers: Checkers;
  readonly replicas: readonly ReplicaProcess[];
  /** Most requests of one batch. */
  readonly batchMax: number;
  readonly onViolation: (error: unknown) => void;
}

/** Callers of one service, who call any replica, repeat what they sent before under the same id, and read. */
export class Callers {
  #isDone = false;
  reads = 0;
  written = 0;
  refused = 0;
  notMet = 0;

  constructor(private readonly world: CallersWorld) {}

  /** `isServed`: whether there is anybody to call. */
  begin(isServed: () => boolean): void {
    const { prng, schedule, share } = this.world;
    const act = (): void => {
      if (this.#isDone) return;
      if (isServed()) this.#act();
      schedule.after(prng.between(1, PAUSE_MS) / share, act);
    };
    schedule.after(1, act);
  }

  /** No more but one request that is on every disk at last. Returns whether it is. */
  finish(): () => boolean {
    const { workload, replicas, checkers, schedule } = this.world;
    this.#isDone = true;
    const goal = workload.goal(replicas.length);
    const isMet = (): boolean => checkers.acknowledged.get(goal.requestId)?.isFinal === true;
    const insist = (): void => {
      for (const replica of replicas) this.#send(replica, [goal]);
      if (!isMet()) schedule.after(INSIST_EVERY_MS, insist);
    };
    insist();
    return isMet;
  }

  /** Asks a replica for all that it holds; each answer is held against the model. Returns how many queries that are. */
  audit(replica: ReplicaProcess): number {
    const calls = this.world.workload.audit().map((query) => this.#readCall(replica, query, 'any'));
    replica.submit(calls);
    return calls.length;
  }

  #act(): void {
    const { prng, replicas, workload, batchMax } = this.world;
    const count = prng.between(0, batchMax);
    const asked = Array.from({ length: count }, () => workload.draw());
    // Front ends know the primary most of the time.
    const acting = replicas.find(({ state }) => state !== undefined && actsAsPrimary(state));
    if (acting !== undefined && prng.chance(0.6)) this.#send(acting, asked);
    else if (prng.chance(0.5)) this.#send(prng.pick(replicas), asked);
    else for (const one of asked) this.#send(prng.pick(replicas), [one]);
    if (prng.chance(0.1) && asked[0] !== undefined) for (const replica of replicas) this.#send(replica, [asked[0]]);
    if (prng.chance(0.5)) this.#read(prng.pick(replicas));
    // Whoever believes to be primary, deposed ones too, is asked for fresh reads.
    for (const replica of replicas)
      if (replica.state !== undefined && actsAsPrimary(replica.state) && prng.chance(0.2)) this.#read(replica);
  }

  #send(replica: ReplicaProcess, asked: readonly Asked[]): void {
    if (!replica.isUp || asked.length === 0) return;
    replica.submit(
      asked.map((one): IncomingCall => {
        const { requestId, body, copiesNeeded } = one;
        this.world.answers.onAsked(one);
        return {
          kind: 'write',
          service: this.world.service,
          request: { requestId, body, copiesNeeded },
          deadlineWallMs: replica.clock.wallMs() + PATIENCE_MS,
          done: (outcome) => this.#judged(() => this.#onOutcome(one, outcome)),
        };
      }),
    );
  }

  #read(replica: ReplicaProcess): void {
    const { prng, workload } = this.world;
    const consistency = prng.pick(['linearizable', 'linearizable', 'session', 'any'] as const);
    if (replica.isUp) replica.submit([this.#readCall(replica, workload.query(), consistency)]);
  }

  #readCall(replica: ReplicaProcess, query: unknown, consistency: 'linearizable' | 'session' | 'any'): IncomingCall {
    const { checkers, answers, service } = this.world;
    const seen = checkers.acknowledgedOp;
    return {
      kind: 'read',
      service,
      query: { body: query },
      consistency,
      minOp: op(consistency === 'session' ? seen : 0),
      deadlineWallMs: replica.clock.wallMs() + PATIENCE_MS,
      done: (outcome) =>
        this.#judged(() => {
          if (outcome.kind !== 'read') return;
          this.reads++;
          checkers.onRead(seen, outcome.asOf.op, consistency);
          answers.onRead(query, outcome);
        }),
    };
  }

  #onOutcome(asked: Asked, outcome: Outcome): void {
    const { answers } = this.world;
    switch (outcome.kind) {
      case 'written':
        this.written++;
        if (outcome.reply.kind === 'refused') this.refused++;
        return answers.onWritten(asked, outcome);
      case 'refused':
        return answers.onRefused(asked);
      case 'notMet':
        this.notMet++;
        return;
      case 'dropped':
      case 'read':
        return;
    }
  }

  /** A caller cannot throw into the replica that answers it. */
  #judged(judge: () => void): void {
    try {
      judge();
    } catch (error) {
      this.world.onViolation(error);
    }
  }
}
