import { majorityOf, op } from '../../src/base/numbers.js';
import type { Outcome } from '../../src/vsr/effect.js';
import { actsAsPrimary } from '../../src/vsr/state.js';
import { Violation, type Checkers } from './checkers.js';
import type { Conditions } from './conditions.js';
import type { Prng } from './prng.js';
import type { Schedule } from './schedule.js';
import type { SimulatedReplica } from './simulated-replica.js';

/** A write as a client makes it, the same id and value at every attempt. */
interface Attempt {
  readonly id: string;
  readonly value: number;
  readonly copiesNeeded: number;
}

/** ms that a client waits for an answer. */
const PATIENCE_MS = 2_000;
/** Attempts that clients remember, to repeat them. */
const PAST_MAX = 300;

/** Clients that write, repeat what they did before under the same id, and read; at any replica. */
export class Clients {
  readonly #waiting = new Map<number, { attempt: Attempt; isAlone: boolean } | { seen: number; consistency: string }>();
  readonly #past: Attempt[] = [];
  #token = 0;
  #isDone = false;
  reads = 0;
  notMet = 0;
  takenAlone = 0;

  constructor(
    private readonly prng: Prng,
    private readonly schedule: Schedule,
    private readonly checkers: Checkers,
    private readonly conditions: Conditions,
    private readonly replicas: readonly SimulatedReplica[],
  ) {}

  begin(): void {
    const act = (): void => {
      if (this.#isDone) return;
      this.#act();
      this.schedule.after(this.prng.between(1, this.conditions.clientPauseMs), act);
    };
    this.schedule.after(1, act);
  }

  /** No more but one write that is on every disk at last. Returns whether it is. */
  finish(): () => boolean {
    this.#isDone = true;
    const goal = { id: this.#newId(), value: 1, copiesNeeded: this.conditions.replicas };
    const isMet = (): boolean => this.checkers.acknowledged.get(goal.id)?.isFinal === true;
    const insist = (): void => {
      for (const replica of this.replicas) this.#write(replica, [goal]);
      if (!isMet()) this.schedule.after(100, insist);
    };
    insist();
    return isMet;
  }

  #act(): void {
    const { prng, replicas } = this;
    const attempts = Array.from({ length: prng.between(0, this.conditions.batchMax) }, () => this.#attempt());
    if (prng.chance(0.1)) {
      // One id at several replicas at once.
      const [first] = attempts;
      if (first !== undefined) for (const replica of replicas) this.#write(replica, [first]);
    }
    if (prng.chance(0.5)) this.#write(prng.pick(replicas), attempts);
    else for (const attempt of attempts) this.#write(prng.pick(replicas), [attempt]);
    if (prng.chance(0.5)) this.#read(prng.pick(replicas));
    // Whoever believes to be primary, deposed ones too, is asked for fresh reads.
    for (const replica of replicas)
      if (replica.state !== undefined && actsAsPrimary(replica.state) && prng.chance(0.2)) this.#read(replica);
  }

  #attempt(): Attempt {
    const { prng } = this;
    const majority = majorityOf(this.conditions.replicas);
    const concerns = [1, majority, majority, majority, this.conditions.replicas];
    const past = this.#past.length > 0 && prng.chance(0.4) ? prng.pick(this.#past) : undefined;
    // A repeat may ask for another number of disks: the order is the same.
    const copiesNeeded = past !== undefined && prng.chance(0.7) ? past.copiesNeeded : prng.pick(concerns);
    const attempt = past === undefined ? { id: this.#newId(), value: prng.between(1, 1_000), copiesNeeded } : past;
    if (past === undefined) this.#past.push(attempt);
    if (this.#past.length > PAST_MAX) this.#past.shift();
    return { ...attempt, copiesNeeded };
  }

  #newId(): string {
    return `id-${this.prng.u32().toString(16)}-${this.prng.u32().toString(16)}`;
  }

  #write(replica: SimulatedReplica, attempts: readonly Attempt[], isAlone = false): void {
    const deadlineMs = replica.monotonicMs() + PATIENCE_MS;
    const requests = attempts.map((attempt) => {
      const token = ++this.#token;
      this.#waiting.set(token, { attempt, isAlone });
      const { id: requestId, value: body, copiesNeeded } = attempt;
      return { token, service: 'ledger', request: { requestId, body, copiesNeeded }, deadlineMs };
    });
    if (requests.length > 0) replica.dispatch({ kind: isAlone ? 'aloneOrders' : 'writes', requests });
  }

  #read(replica: SimulatedReplica): void {
    const token = ++this.#token;
    const consistency = this.prng.pick(['linearizable', 'linearizable', 'session', 'any'] as const);
    const seen = this.checkers.acknowledgedOp;
    this.#waiting.set(token, { seen, consistency });
    const minOp = op(consistency === 'session' ? seen : 0);
    const deadlineMs = replica.monotonicMs() + PATIENCE_MS;
    const read = { token, service: 'ledger', query: { body: '' }, consistency, minOp, deadlineMs };
    replica.dispatch({ kind: 'reads', requests: [read] });
  }

  /** As a front end does that reaches nobody else. */
  #askAlone(replica: number, attempt: Attempt, { refusal }: Extract<Outcome, { kind: 'refused' }>): void {
    if (!this.conditions.keepsOrdering || this.#isDone || refusal.reason !== 'NO_QUORUM') return;
    const asked = this.replicas[replica];
    if (asked !== undefined) this.schedule.after(1, () => this.#write(asked, [attempt], true));
  }

  #onAloneOutcome(replica: number, attempt: Attempt, outcome: Outcome): void {
    if (outcome.kind !== 'written') return;
    const { reply, receipt } = outcome;
    if (reply.kind !== 'done') throw new Violation(`an order taken alone was refused: ${reply.refusal.message}`);
    if (receipt.committed) this.checkers.onAcknowledged(attempt.id, receipt.op, receipt.chain, true);
    else if (receipt.op === 0) {
      this.takenAlone++;
      this.checkers.onTakenAlone(replica, attempt.id);
    } else throw new Violation(`replica ${replica} answered alone with op ${receipt.op}, which is not committed`);
  }

  onOutcome(replica: number, token: number, outcome: Outcome): void {
    const waiting = this.#waiting.get(token);
    if (waiting === undefined) throw new Violation(`token ${token} was answered twice`);
    this.#waiting.delete(token);
    if (outcome.kind === 'notMet') this.notMet++;
    if ('attempt' in waiting && waiting.isAlone) return this.#onAloneOutcome(replica, waiting.attempt, outcome);
    if (outcome.kind === 'refused' && 'attempt' in waiting) this.#askAlone(replica, waiting.attempt, outcome);
    if (outcome.kind === 'written' && 'attempt' in waiting) {
      const { attempt } = waiting;
      if (outcome.receipt.copies < attempt.copiesNeeded)
        throw new Violation(`replica ${replica} acknowledged with ${outcome.receipt.copies} copies`);
      if (outcome.reply.kind !== 'done') throw new Violation(`an order was refused: ${outcome.reply.refusal.message}`);
      const isFinal = attempt.copiesNeeded >= majorityOf(this.conditions.replicas);
      this.checkers.onAcknowledged(attempt.id, outcome.receipt.op, outcome.receipt.chain, isFinal);
    } else if (outcome.kind === 'read' && 'seen' in waiting) {
      this.reads++;
      this.checkers.onRead(waiting.seen, outcome.asOf.op, waiting.consistency);
    }
  }
}
