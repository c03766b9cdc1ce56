import { op } from '../../../src/base/numbers.js';
import type { IncomingCall } from '../../../src/ports/calls.js';
import { ORDERING } from '../../../src/services/ordering/ordering.js';
import { actsAsPrimary } from '../../../src/vsr/state.js';
import type { Outcome } from '../../../src/vsr/effect.js';
import type { Checkers } from '../checkers.js';
import type { Prng } from '../prng.js';
import type { Schedule } from '../schedule.js';
import type { Answers, Asked } from './answers.js';
import type { ReplicaProcess } from './replica-process.js';
import type { Requests } from './requests.js';

/** ms that a caller waits for an answer. */
const PATIENCE_MS = 2_000;
/** ms between two attempts of the last orders of a run. */
const INSIST_EVERY_MS = 200;

/** Customers and staff, who call any replica, repeat what they sent before under the same id, and read. */
export class Customers {
  #isDone = false;
  reads = 0;
  written = 0;
  refused = 0;
  notMet = 0;

  constructor(
    private readonly prng: Prng,
    private readonly schedule: Schedule,
    private readonly requests: Requests,
    private readonly answers: Answers,
    private readonly checkers: Checkers,
    private readonly replicas: readonly ReplicaProcess[],
    private readonly batchMax: number,
    private readonly onViolation: (error: unknown) => void,
  ) {}

  begin(): void {
    const act = (): void => {
      if (this.#isDone) return;
      this.#act();
      this.schedule.after(this.prng.between(1, 20), act);
    };
    this.schedule.after(1, act);
  }

  /** No more but one order that is on every disk at last. Returns whether it is. */
  finish(): () => boolean {
    this.#isDone = true;
    const goal = this.requests.plainOrder(this.replicas.length);
    const isMet = (): boolean => this.checkers.acknowledged.get(goal.requestId)?.isFinal === true;
    const insist = (): void => {
      for (const replica of this.replicas) this.#send(replica, [goal]);
      if (!isMet()) this.schedule.after(INSIST_EVERY_MS, insist);
    };
    insist();
    return isMet;
  }

  /** Asks a replica for all that it holds; each answer is held against the model. */
  audit(replica: ReplicaProcess, orderIds: readonly string[]): void {
    const queries = [
      { kind: 'getMenu' },
      { kind: 'getMotd' },
      { kind: 'counts' },
      { kind: 'events', fromOp: 0, limit: 1_000 },
      ...orderIds.map((orderId) => ({ kind: 'getOrder' as const, orderId })),
    ] as const;
    replica.submit(queries.map((query) => this.#readCall(replica, query, 'any')));
  }

  #act(): void {
    const { prng, replicas } = this;
    const count = prng.between(0, this.batchMax);
    const asked = Array.from({ length: count }, () => this.requests.draw());
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
        this.answers.onAsked(one);
        return {
          kind: 'write',
          service: ORDERING,
          request: { requestId, body, copiesNeeded },
          deadlineWallMs: replica.clock.wallMs() + PATIENCE_MS,
          done: (outcome) => this.#judged(() => this.#onOutcome(one, outcome)),
        };
      }),
    );
  }

  #read(replica: ReplicaProcess): void {
    const consistency = this.prng.pick(['linearizable', 'linearizable', 'session', 'any'] as const);
    if (replica.isUp) replica.submit([this.#readCall(replica, this.requests.query(), consistency)]);
  }

  #readCall(
    replica: ReplicaProcess,
    query: ReturnType<Requests['query']>,
    consistency: 'linearizable' | 'session' | 'any',
  ): IncomingCall {
    const seen = this.checkers.acknowledgedOp;
    return {
      kind: 'read',
      service: ORDERING,
      query: { body: query },
      consistency,
      minOp: op(consistency === 'session' ? seen : 0),
      deadlineWallMs: replica.clock.wallMs() + PATIENCE_MS,
      done: (outcome) =>
        this.#judged(() => {
          if (outcome.kind !== 'read') return;
          this.reads++;
          this.checkers.onRead(seen, outcome.asOf.op, consistency);
          this.answers.onRead(query, outcome);
        }),
    };
  }

  #onOutcome(asked: Asked, outcome: Outcome): void {
    switch (outcome.kind) {
      case 'written':
        this.written++;
        if (outcome.reply.kind === 'refused') this.refused++;
        return this.answers.onWritten(asked, outcome);
      case 'refused':
        return this.answers.onRefused(asked);
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
      this.onViolation(error);
    }
  }
}
