import type { Entry } from '../../../src/base/entry.js';
import { Violation, type Checkers } from '../checkers.js';
import type { Prng } from '../prng.js';
import type { Schedule } from '../schedule.js';
import { Answers } from './answers.js';
import { Callers } from './callers.js';
import { CommittedLog } from './committed-log.js';
import type { FullConditions } from './conditions.js';
import type { ReplicaProcess } from './replica-process.js';
import { checkSameServices } from './same-services.js';
import type { Workload, WorkloadKind } from './workload.js';

/** What a mixture needs of its run. */
export interface MixtureWorld {
  readonly schedule: Schedule;
  readonly checkers: Checkers;
  readonly replicas: readonly ReplicaProcess[];
  readonly conditions: FullConditions;
  readonly wallMs: () => number;
  /** The stream of chance of this number. */
  readonly chance: (stream: number) => Prng;
  readonly onViolation: (error: unknown) => void;
}

/** One service of a run: who calls it, and what its callers may be told. */
interface Part {
  readonly kind: WorkloadKind;
  readonly workload: Workload;
  readonly answers: Answers;
  readonly callers: Callers;
}

/** The services of a run, called side by side, each held against its own model, and all against one log. */
export class Mixture {
  readonly committed: CommittedLog;
  readonly #parts: readonly Part[];

  constructor(
    private readonly world: MixtureWorld,
    kinds: readonly WorkloadKind[],
  ) {
    const { conditions, checkers } = world;
    const { replicas, services, batchMax } = conditions;
    const made = kinds.map((kind) => {
      const prng = world.chance(kind.stream);
      return { kind, prng, workload: kind.makeWorkload({ prng, replicas, wallMs: world.wallMs }) };
    });
    this.committed = new CommittedLog(new Map(made.map(({ kind, workload }) => [kind.service, workload])));
    this.#parts = made.map(({ kind, prng, workload }) => {
      const { service } = kind;
      const answers = new Answers(workload, this.committed, checkers);
      const share = services[service] ?? 0;
      const callers = new Callers({ ...world, service, share, prng, workload, answers, batchMax });
      return { kind, workload, answers, callers };
    });
  }

  get reads(): number {
    return this.#sum(({ callers }) => callers.reads);
  }

  get refused(): number {
    return this.#sum(({ callers }) => callers.refused);
  }

  get notMet(): number {
    return this.#sum(({ callers }) => callers.notMet);
  }

  /** Writes that were answered, by service. */
  get written(): Readonly<Record<string, number>> {
    return Object.fromEntries(this.#parts.map(({ kind, callers }) => [kind.service, callers.written]));
  }

  /** `isServed`: whether a service may be called by now. */
  begin(isServed: (service: string) => boolean): void {
    for (const { kind, callers } of this.#parts) callers.begin(() => isServed(kind.service));
  }

  /** No more but one request of each service that is on every disk at last. Returns whether they are. */
  finish(): () => boolean {
    const goals = this.#parts.map(({ callers }) => callers.finish());
    return () => goals.every((isMet) => isMet());
  }

  /** Asks every replica for all that it holds. Returns how many queries that are. */
  audit(): number {
    return this.world.replicas.reduce((sum, replica) => sum + this.#sum(({ callers }) => callers.audit(replica)), 0);
  }

  /** Takes a committed entry. Throws Violation. */
  take(entry: Entry): void {
    this.committed.take(entry);
  }

  /** All replicas are level: the services of all that run say the same. Throws Violation. */
  checkServices(): void {
    const { replicas, conditions } = this.world;
    const expected = this.#parts.map(({ kind, workload, answers: { requestIds } }) => {
      const opOf = (id: string): number | undefined => this.committed.opOf(id);
      return { kind, audit: workload.audit(), requestIds, opOf };
    });
    const serving = replicas.filter(({ isServing }) => isServing);
    checkSameServices(serving, expected, conditions);
  }

  /** After healing: what was told is so. Throws Violation. */
  atEnd(): void {
    for (const { answers } of this.#parts) answers.atEnd();
    const executed = new Set(this.#parts.flatMap(({ answers }) => answers.requestIds));
    const stranger = this.committed.requestIds.find((id) => !executed.has(id));
    if (stranger !== undefined) throw new Violation(`${stranger} was executed, and nobody had asked for it`);
  }

  #sum(count: (part: Part) => number): number {
    return this.#parts.reduce((sum, part) => sum + count(part), 0);
  }
}
