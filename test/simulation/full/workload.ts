import type { Entry } from '../../../src/base/entry.js';
import type { QueryAnswer, Service, ServiceFiles, ServiceReply } from '../../../src/base/service.js';
import type { Prng } from '../prng.js';

/** A request as a caller sends it. Equal `variant`, equal content; another one must be refused under the same id (ID_REUSED). */
export interface Asked<Body = unknown> {
  readonly requestId: string;
  readonly variant: number;
  readonly body: Body;
  /** Disks asked for, 1 … N. */
  readonly copiesNeeded: number;
}

/** What a workload may know of its run. */
export interface WorkloadWorld {
  /** Chance of this workload alone: whatever else a run mixes with it changes none of its draws. */
  readonly prng: Prng;
  /** Replicas of the cluster. */
  readonly replicas: number;
  /** ms since 1970. */
  readonly wallMs: () => number;
}

/** Settings of a run that services may follow. */
export interface ServiceSettings {
  /** Records of a frame of an index file. */
  readonly indexFrameRecords: number;
}

/**
 * A service as the simulator runs it: what its replicas hold, and who calls it. Registered in `workloads/index.ts`. Runs draw which
 * services they have, and how much each is called.
 */
export interface WorkloadKind {
  /** Name of the service in the journal. */
  readonly service: string;
  /** Its stream of chance, different from all others: it stays when other workloads come or go. 4: ordering's. */
  readonly stream: number;
  /** Files that ship in every folder, by name. */
  readonly shipped: Readonly<Record<string, string>>;
  /** Its append-only tables: they rot, and are the same bytes on every replica at equal op. */
  readonly tables: readonly string[];
  /** Its documents, the same bytes too. */
  readonly documents: readonly string[];
  /** A service over a folder, as a process makes it at its start. */
  makeService(files: ServiceFiles, settings: ServiceSettings): Service;
  makeWorkload(world: WorkloadWorld): Workload;
}

/**
 * Callers of one service in one run, and the model that their answers are held against. What holds of every service is judged by
 * `Answers` and `CommittedLog`: a repeat gets the first answer, an id stands for one request, nothing refused is executed, copies as
 * asked for. A model is best written a second time and as plainly as can be, not with the service's code.
 */
export interface Workload<Body = unknown, Query = unknown> {
  /** A request: often one that was sent before, under its id; seldom another one under a used id (`RequestsSent`). */
  draw(): Asked<Body>;

  /** A new request that any state takes (`done`), on so many disks: the goal of healing. */
  goal(copiesNeeded: number): Asked<Body>;

  /** A read of committed state. */
  query(): Query;

  /** Queries that together show all that the service holds; asked of every level replica at the end. */
  audit(): readonly Query[];

  /** An attempt is on its way; also a repeat. */
  onAsked?(asked: Asked<Body>): void;

  /** The cluster is founded with this seed of the service. */
  onFounded?(seed: string, entry: Entry): void;

  /** Takes the next committed entry of the service. Throws Violation where it does not follow from those before it. */
  take(entry: Entry): void;

  /**
   * The first final answer to an id, which stands at `op`: is it what the entry there says, and is a refusal true of the state before
   * it? Throws Violation. Not asked of ID_REUSED.
   */
  judgeAnswer(asked: Asked<Body>, reply: ServiceReply, op: number): void;

  /** A read as of `op`, not above the last that was taken: does it show exactly the state at `op`? Throws Violation. */
  judgeRead(query: Query, answer: QueryAnswer, op: number): void;
}
