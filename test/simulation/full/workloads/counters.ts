import { isDeepStrictEqual } from 'node:util';
import type { Entry } from '../../../../src/base/entry.js';
import type { QueryAnswer, ServiceReply } from '../../../../src/base/service.js';
import { Violation } from '../../checkers.js';
import { drawCopies, drawUuid, RequestsSent } from '../requests-sent.js';
import { shown } from '../shown.js';
import type { Asked, Workload, WorkloadKind, WorkloadWorld } from '../workload.js';
import {
  COUNTER_MAX,
  Counters,
  COUNTERS,
  COUNTERS_REQUESTS,
  COUNTERS_TABLE,
  type Addition,
  type AddRequest,
  type CountersQuery,
  type CountersUpdate,
} from './counters-service.js';

/** A service that only the simulator has: the pattern for others, and what shows faults of what all services share. */
export const COUNTERS_WORKLOAD: WorkloadKind = {
  service: COUNTERS,
  stream: 5,
  shipped: {},
  tables: [COUNTERS_TABLE, COUNTERS_REQUESTS],
  documents: [],
  makeService: (files) => new Counters(files),
  makeWorkload: (world) => new CountersWorkload(world),
};

const NAMES = ['tea', 'coffee, black', 'a "mate"', 'second\ninfusion'].flatMap((name) =>
  [1, 2, 3, 4, 5].map((number) => `${name} ${number}`),
);
const GOAL = 'the last one';

/** Callers who count, and the counters as their additions make them. */
export class CountersWorkload implements Workload<AddRequest, CountersQuery> {
  readonly #sent: RequestsSent<AddRequest>;
  /** The model: all additions, oldest first. */
  readonly #additions: Addition[] = [];

  constructor(private readonly world: WorkloadWorld) {
    this.#sent = new RequestsSent(world.prng);
  }

  draw(): Asked<AddRequest> {
    const { prng, replicas } = this.world;
    const past = this.#sent.drawPast();
    if (past === undefined) return this.#sent.add(this.#new(prng.pick(NAMES), drawCopies(prng, replicas)));
    const copiesNeeded = prng.chance(0.7) ? past.copiesNeeded : drawCopies(prng, replicas);
    return prng.chance(0.1)
      ? { ...past, copiesNeeded, variant: 1, body: { ...past.body, by: past.body.by + 1 } }
      : { ...past, copiesNeeded };
  }

  goal(copiesNeeded: number): Asked<AddRequest> {
    return this.#new(GOAL, copiesNeeded);
  }

  query(): CountersQuery {
    const { prng } = this.world;
    switch (prng.between(0, 3)) {
      case 0:
        return { kind: 'all' };
      case 1:
        return { kind: 'additions', fromOp: prng.between(0, 200), limit: prng.between(1, 20) };
      default:
        return { kind: 'get', name: prng.pick(NAMES) };
    }
  }

  audit(): readonly CountersQuery[] {
    return [{ kind: 'all' }, { kind: 'additions', fromOp: 0, limit: 100_000 }, { kind: 'get', name: GOAL }];
  }

  take({ op, requestId, update: text }: Entry): void {
    const update = JSON.parse(text) as CountersUpdate;
    const { kind, name, by, value } = update;
    const expect = (isTrue: boolean, what: string): void => {
      if (!isTrue) throw new Violation(`op ${op} (${requestId}): ${what}`);
    };
    const before = this.#valueAt(name, op - 1);
    const isTooMuch = before + by > COUNTER_MAX;
    if (kind === 'refused') return expect(isTooMuch, `${by} more were refused at ${before}`);
    expect(!isTooMuch || update.isSalvaged === true, `${by} more were taken at ${before}`);
    expect(value === before + by, `${before} and ${by} are said to be ${value}`);
    this.#additions.push({ op, name, by, value });
  }

  judgeAnswer({ requestId, body }: Asked<AddRequest>, reply: ServiceReply, op: number): void {
    const addition = this.#additions.find((one) => one.op === op);
    if (reply.kind === 'done') {
      if (addition?.name !== body.name || addition.by !== body.by || addition.value !== reply.body)
        throw new Violation(`${requestId}: ${shown(reply.body)} instead of ${shown(addition)}`);
    } else if (addition !== undefined || this.#valueAt(body.name, op) + body.by <= COUNTER_MAX)
      throw new Violation(`${requestId} was refused with ${reply.refusal.reason}, which was not so at op ${op}`);
  }

  judgeRead(query: CountersQuery, answer: QueryAnswer, op: number): void {
    const found = answer.kind === 'done' ? answer.body : answer.refusal;
    const expected = this.#expectedOf(query, op);
    if (!isDeepStrictEqual(found, expected))
      throw new Violation(`${query.kind} as of op ${op}: ${shown(found)} instead of ${shown(expected)}`);
  }

  #expectedOf(query: CountersQuery, op: number): unknown {
    const then = this.#additions.filter((one) => one.op <= op);
    switch (query.kind) {
      case 'get':
        return this.#valueAt(query.name, op);
      case 'all':
        return [...new Set(then.map(({ name }) => name))].sort().map((name) => [name, this.#valueAt(name, op)]);
      case 'additions':
        return then.filter((one) => one.op >= query.fromOp).slice(0, query.limit);
    }
  }

  #valueAt(name: string, op: number): number {
    return this.#additions.findLast((one) => one.name === name && one.op <= op)?.value ?? 0;
  }

  #new(name: string, copiesNeeded: number): Asked<AddRequest> {
    const { prng, wallMs } = this.world;
    return { requestId: drawUuid(prng, 7, wallMs()), variant: 0, body: { name, by: prng.between(1, 3) }, copiesNeeded };
  }
}
